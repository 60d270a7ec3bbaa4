"""What pages tell of a run directory: its state in a few words, and its damage in one line each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mentalarena.app.looking import look, remaining, share, spell
from mentalarena.runs.progress import Kept, Silence, Stage

FIGURE = {"probability": 0.5, "ci95": [0.4, 0.6]}
SUMMARY = {
    "iterations": [{}],
    "held_out": {"base": {"diagnosis": FIGURE}, "best": {"diagnosis": FIGURE | {"probability": 0.75}}},
}


def run(folder: Path, **files: Any) -> Path:
    for name, told in {"config": {"models": {}}, **files}.items():
        (folder / f"{name}.json").write_text(told if isinstance(told, str) else json.dumps(told))
    return folder


def test_a_run_is_begun_then_played_then_finished(tmp_path: Path) -> None:
    assert look("r", run(tmp_path)).state == "begun"
    assert look("r", run(tmp_path, summary={"iterations": [{}], "held_out": None})).state == "played"
    found = look("r", run(tmp_path, summary=SUMMARY))
    assert found.state == "finished"
    assert found.gain("diagnosis") == "50.0 → 75.0 (40.0-60.0)"
    assert found.gain("medicine") == "", "it was not measured"
    assert found.troubles == ()


def test_a_run_that_works_tells_how_far_it_is_and_one_that_stopped_that_it_goes_on(tmp_path: Path) -> None:
    run(tmp_path, summary=SUMMARY)
    with Kept(tmp_path, Silence()) as kept:
        kept.start("play 0", 4)
        kept.advance(1)
        kept.start("play 1", 4)
        found = look("r", tmp_path)
        assert found.running
        assert found.state == "running: play 1, 0%"
    assert look("r", tmp_path).state == "finished"

    def interrupted() -> None:
        with Kept(tmp_path, Silence()) as kept:
            kept.start("play 0", 4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert look("r", tmp_path).state == "stopped; the same command goes on"


def test_damage_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    found = look("the-run", run(tmp_path, config="{", summary="[]", progress="{}"))
    assert len(found.troubles) == 3
    assert all("expected" in trouble for trouble in found.troubles)
    assert not any(str(tmp_path) in trouble for trouble in found.troubles), "where it lies is nobody's business"
    assert (found.state, found.models, found.gain("diagnosis")) == ("begun", "", "")
    assert len(look("r", tmp_path / "nowhere").troubles) == 1


KEYS = ("models", "clinic", "source",
        "patient", "provider", "model", "iterations", "held_out", "base", "best", "diagnosis", "probability", "ci95",
        "state", "why", "stages", "updated", "host", "pid", "title", "total", "done", "ended", "started", "measured")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def held_out(base: Any, best: Any) -> dict[str, Any]:
    return {"iterations": [{}], "held_out": {"base": {"diagnosis": base}, "best": {"diagnosis": best}}}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, JSON, JSON)
@example({"models": [1], "clinic": None}, {"iterations": [1], "held_out": [1]}, {})
@example({"models": {"patient": "x"}}, held_out({"probability": "x"}, {"probability": 1, "ci95": [1]}), [])
@example({"models": {"patient": {"provider": [1]}}}, held_out({"probability": 0.5}, {"probability": 0.5, "ci95": [1]}), {})
@example({"models": None}, held_out({"probability": None}, {"probability": 1, "ci95": 3}), {"state": []})
def test_no_file_however_odd_keeps_a_page_from_being_shown(
    tmp_path: Path, config: Any, summary: Any, progress: Any
) -> None:
    found = look("r", run(tmp_path, config=config, summary=summary, progress=progress))
    assert isinstance(found.state, str)
    assert isinstance(found.models, str)
    assert isinstance(found.clinic, str)
    assert isinstance(found.gain("diagnosis"), str)


def test_time_is_told_in_words_and_guessed_from_the_pace_so_far() -> None:
    assert [spell(s) for s in (0, 59.4, 60, 3599, 3600, 86400)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 0 min",
        "24 h 0 min",
    ]
    stage = Stage("play", 10, started=100.0, done=2.5)
    assert remaining(stage, now=110.0) == 30.0
    assert remaining(Stage("play", 10, 100.0), now=110.0) is None
    assert (share(Stage("x", 0, 0.0)), share(Stage("x", 2, 0.0, 5))) == (0.0, 1.0)
