"""What is estimated from a few patients is near what many then use."""

from pathlib import Path

import pytest

from mentalarena.settings import load_config
from mentalarena.stages.estimate import estimate
from mentalarena.stages.evaluate import evaluate, reliability
from mentalarena.stages.play import play
from mentalarena.stages.rehearse import rehearse
from mentalarena.stages.run import opened

SETTINGS = (
    "models.all.provider=scripted",
    "models.all.model=m",
    "play.patients=40",
    "training.rehearsal=40",
    "evaluation.development=30",
    "evaluation.held_out=20",
    "evaluation.verifier=30",
    "loop.iterations=1",
    'prices={"m": {"prompt": 2, "new": 4}}',
)


@pytest.mark.parametrize("clinic", ["generated", "library"])
def test_tokens_and_calls_are_within_twenty_percent(clinic: str, tmp_path: Path) -> None:
    config = load_config(None, [*SETTINGS, f"clinic.source={clinic}"])
    told = estimate(config, pilot=6)
    with opened(config, tmp_path) as run:
        play(run, 0, run.base)
        rehearse(run, run.base)
        for iteration in range(2):  # the scripted model cannot be trained: the same model is measured once an iteration
            evaluate(run, run.base, "development", f"iteration-{iteration}")
            reliability(run, run.base, f"iteration-{iteration}")
        for name in ("base", "best", "control"):
            evaluate(run, run.base, "held_out", name)
        play(run, 0, run.base, "unselected")
        used = run.journal.spent_by_stage()
    for name in ("calls", "prompt_tokens", "new_tokens"):
        actual = sum(getattr(usage, name) for usage in used.values())
        assert told["total"][name] == pytest.approx(actual, rel=0.2), name
    money = (2 * told["total"]["prompt_tokens"] + 4 * told["total"]["new_tokens"]) / 1e6
    assert told["total"]["cost"] == pytest.approx(money, rel=0.01)


def test_nothing_is_left_where_the_run_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    estimate(load_config(None, SETTINGS), pilot=1)
    assert list(tmp_path.iterdir()) == []
