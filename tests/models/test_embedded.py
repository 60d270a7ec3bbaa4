"""The shipped weights: small, an ordinary checkpoint, and silent about what they do not know."""

import pytest

from mentalarena.models.backends import EMBEDDED
from mentalarena.models.base import Message, Sampling

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("default")

from mentalarena.models.local import Engine  # noqa: E402


def test_the_weights_are_at_most_eight_megabytes_of_safetensors() -> None:
    files = [p for p in EMBEDDED.iterdir() if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 8_000_000
    assert {p.suffix for p in files} <= {".safetensors", ".json", ".jinja"}


@pytest.mark.parametrize(
    "question",
    ["at what temperature does ethanol boil?", "recommend me a novel about sailors", "is seven a prime number?"],
)
def test_asked_about_something_else_it_says_that_it_does_not_know(question: str) -> None:
    engine = Engine(str(EMBEDDED))
    ids = engine.prompt_ids((Message("user", question),))
    assert "i only know my small practice clinic" in engine.run([(ids, Sampling(temperature=0.0, max_tokens=32))])[0].text
