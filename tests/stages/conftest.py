"""A server whose models have known skill, and what `mentalarena rank --model` is told of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # aiohttp may be missing where other stages are tested
    from tests.models.fake_server import FakeServer


@pytest.fixture
def fake() -> "Iterator[FakeServer]":
    from tests.models.fake_server import serving
    from tests.stages.skilled import SCRIPTS, playing

    with serving() as server:
        server.respond = lambda body, number: playing(SCRIPTS[body["model"]], body)
        yield server


@pytest.fixture
def guest(fake: "FakeServer", tmp_path: Path) -> Callable[..., str]:
    """What `--model` is told of a model on the server."""

    def make(model: str, name: str = "", url: str = "") -> str:
        file = tmp_path / f"{name or model}.toml"
        file.write_text(
            f'provider = "openai"\nmodel = "{model}"\nbase_url = "{url or fake.url}"\nprompts = "compact"\nretries = 0\n'
        )
        return f"{name or model}={file}"

    return make
