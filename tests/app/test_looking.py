"""What pages tell of a run directory: its state in a few words, and its damage in one line each."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mentalarena.app.looking import Look, look, remaining, row_of, share, spell
from mentalarena.audit.record import read_audit
from mentalarena.errors import MentalArenaError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.report.blocks import Note
from mentalarena.report.html import story_of
from mentalarena.runs.directory import digest_of_file
from mentalarena.runs.progress import Kept, Silence, Stage
from tests.promptly import promptly

FIGURE = {"probability": 0.5, "ci95": [0.4, 0.6]}
SUMMARY = {
    "iterations": [{}],
    "held_out": {"base": {"diagnosis": FIGURE}, "best": {"diagnosis": FIGURE | {"probability": 0.75}}},
}


def run(folder: Path, **files: Any) -> Path:
    for name, told in {"config": {"models": {}}, **files}.items():
        text = told if isinstance(told, str) else json.dumps(told)
        (folder / f"{name}.json").write_bytes(text.encode("utf-8", "surrogatepass"))
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
        "state", "why", "stages", "updated", "host", "pid", "title", "total", "done", "ended", "started", "measured",
        "loss", "iteration", "evaluation", "best_iteration", "control", "kind", "play", "rows", "signals", "decisions",
        "status", "gates", "check", "files", "held_back", "version", "arms", "tables", "n", "collapse", "prices")  # fmt: skip
HUGE = st.sampled_from(
    [10**400, -(10**400), 1e308, float("inf"), float("nan"), "running", "gone", "\ud800", "../x", "a\0b"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | HUGE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
DEEP = "[" * 100_000
FILES = ("config.json", "summary.json", "progress.json", "analysis.json", "audit.json", "bias.json", "ablation.json",
         "benchmarks/results.json", "audit.jsonl", "evaluation/held-out-looks.jsonl")  # fmt: skip
TEXT = JSON.map(json.dumps) | st.sampled_from(["", "{", DEEP, "9" * 5000, '{"a": ' * 3000])


def held_out(base: Any, best: Any) -> dict[str, Any]:
    return {"iterations": [{}], "held_out": {"base": {"diagnosis": base}, "best": {"diagnosis": best}}}


def told(number: Any) -> dict[str, Any]:
    """What a command tells of itself, with one and the same number everywhere."""
    stage = {"title": "t", "total": number, "done": number, "started": number, "ended": None, "measured": {"loss": []}}
    return {
        "state": "running",
        "why": "",
        "updated": number,
        "host": socket.gethostname(),
        "pid": number,
        "stages": [stage],
    }


def shown(found: Look) -> None:
    """Everything that a page asks of it."""
    texts = [found.state, found.models, found.clinic, *(found.gain(task) for task in TASKS), *found.troubles]
    assert all(isinstance(text, str) for text in texts)
    for stage in found.progress.stages if found.progress else ():
        assert 0 <= share(stage) <= 1
        assert isinstance(spell(remaining(stage) or 0), str)
        assert isinstance(spell(time.time() - stage.started), str)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(JSON, JSON, JSON)
@example({"models": [1], "clinic": None}, {"iterations": [1], "held_out": [1]}, {})
@example({"models": {"patient": "x"}}, held_out({"probability": "x"}, {"probability": 1, "ci95": [1]}), [])
@example({"models": {"patient": {"provider": [1]}}}, held_out({"probability": 0.5}, {"probability": 0.5, "ci95": [1]}), {})
@example({"models": None}, held_out({"probability": None}, {"probability": 1, "ci95": 3}), {"state": []})
@example({}, held_out({"probability": 10**400}, {"probability": 10**400, "ci95": [10**400] * 2}), told(10**400))
@example({}, {}, told(float("inf")))
@example({}, {}, told(float("nan")))
@example({}, {}, told(1e308))
@example(DEEP, DEEP, DEEP)
def test_no_file_however_odd_keeps_a_page_from_being_shown(
    tmp_path: Path, config: Any, summary: Any, progress: Any
) -> None:
    shown(look("r", run(tmp_path, config=config, summary=summary, progress=progress)))
    assert row_of("r", tmp_path).name == "r"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(FILES), TEXT, min_size=1, max_size=3))
@example({"benchmarks/results.json": '[{"benchmark": 1}]'})
@example({"audit.json": json.dumps({"version": 1, "status": "pass", "gates": [], "held_back": {}, "files": {"a\0": "x"}})})
@example({"evaluation/held-out-looks.jsonl": "[]"})
def test_a_finished_run_with_odd_files_has_a_story_or_one_error_of_ours(
    finished: Path, tmp_path: Path, odd: dict[str, str]
) -> None:
    out = tmp_path / "run"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(finished, out, symlinks=True, ignore=shutil.ignore_patterns("journal*", "episodes.jsonl"))
    (out / "benchmarks").mkdir(exist_ok=True)
    for name, text in odd.items():
        (out / name).write_text(text, "utf-8", "surrogatepass")
    shown(look("r", out))
    error = ""
    try:
        assert story_of(out).sections
    except MentalArenaError as found:
        error = str(found)
    assert len(error.splitlines()) <= 1
    if not {"config.json", "summary.json", "evaluation/held-out-looks.jsonl"} & odd.keys():
        assert not error, "other files cost their own part alone"


@pytest.mark.parametrize("name", ["config.json", "summary.json", "progress.json"])
@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
def test_a_file_that_is_none_is_told_and_nobody_waits_for_it(tmp_path: Path, kind: str, name: str) -> None:
    path = run(tmp_path, summary=SUMMARY) / name
    path.unlink(missing_ok=True)
    if kind == "huge":
        with path.open("wb") as file:
            file.truncate(1 << 33)
    else:
        {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero")}[kind](path)
    found = promptly(lambda: look("r", tmp_path))
    assert [name in trouble and "expected" in trouble for trouble in found.troubles] == [True]
    assert promptly(lambda: row_of("r", tmp_path)).state


@pytest.mark.parametrize("kind", ["pipe", "link", "torn"])
@pytest.mark.parametrize(
    "name", ["analysis.json", "audit.json", "audit.jsonl", "bias.json", "ablation.json", "benchmarks/results.json"]
)
def test_a_file_of_another_command_that_is_none_or_lies_elsewhere_is_told_and_the_rest_is_shown(
    finished: Path, tmp_path: Path, name: str, kind: str
) -> None:
    out, secret = tmp_path / "run", tmp_path / "secret.json"
    shutil.copytree(finished, out, symlinks=True, ignore=shutil.ignore_patterns("episodes.jsonl"))
    secret.write_text(json.dumps([{"benchmark": "CANARY"}]))
    path = out / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if name == "audit.jsonl":
        (out / "audit.json").write_text(json.dumps(AUDITED))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(secret)
    else:
        path.write_text("{")
    story = promptly(lambda: story_of(out))
    notes = [block.text for section in story.sections for block in section.blocks if isinstance(block, Note)]
    left_out = [note for note in notes if note.startswith("Left out: ")]
    assert len(left_out) == 1
    assert left_out[0].startswith(f"Left out: {name}")
    assert str(tmp_path) not in left_out[0]
    assert "CANARY" not in repr(story)
    assert any(section.id == "result" for section in story.sections)


AUDITED = {"version": 1, "status": "pass", "gates": [], "held_back": {}, "files": {}, "wanted": {}}


def test_an_audit_that_names_files_elsewhere_has_none_of_them_read(tmp_path: Path) -> None:
    secret, out = tmp_path / "secret", tmp_path / "run"
    secret.write_text("CANARY")
    out.mkdir()
    (out / "linked").symlink_to(secret)
    os.mkfifo(out / "pipe")
    told = digest_of_file(secret)
    for name in (str(secret), "../secret", "linked", "pipe", "a\0b"):
        (out / "audit.json").write_text(json.dumps(AUDITED | {"files": {name: told}}))
        record = read_audit(out)
        assert record is not None
        assert promptly(partial(record.stale, out)), "that its digest is right is told to nobody"


def test_further_looks_at_held_out_patients_are_told_beside_the_figures(tmp_path: Path) -> None:
    run(tmp_path, summary=SUMMARY | {"best_iteration": 1})
    looks = tmp_path / "evaluation" / "held-out-looks.jsonl"
    looks.parent.mkdir()
    assert row_of("r", tmp_path).met == "not on record", "which is not never"
    own = [{"name": "base", "model": "b"}, {"name": "best-iteration-01", "model": "m"}]
    looks.write_text("".join(json.dumps(one) + "\n" for one in own))
    assert row_of("r", tmp_path).met == "2"
    looks.write_text("".join(json.dumps(one) + "\n" for one in [*own, {"name": "best-iteration-02", "model": "n"}]))
    assert row_of("r", tmp_path).met == "3, 1 of them further"
    run(tmp_path, summary=SUMMARY)  # it names no best iteration
    assert row_of("r", tmp_path).met == "3, how many of them further nobody can tell"
    run(tmp_path, summary=SUMMARY | {"held_out": None})
    assert row_of("r", tmp_path).met == "3", "without figures there is nothing that is no fresh test"
    looks.write_text('{"model": "m"}\n')
    assert "expected names of who met held-out patients" in look("r", tmp_path).troubles[0]


def test_a_row_is_kept_while_its_files_are_as_they_were(tmp_path: Path) -> None:
    run(tmp_path, summary=SUMMARY)
    first = row_of("r", tmp_path)
    assert (first.state, first.iterations, first.gains[0]) == ("finished", "0", "50.0 → 75.0 (40.0-60.0)")
    assert row_of("r", tmp_path) is first
    assert row_of("another name", tmp_path).name == "another name"
    run(tmp_path, summary=SUMMARY | {"held_out": None})
    assert row_of("r", tmp_path).state == "played"
    with Kept(tmp_path, Silence()) as kept:
        kept.start("play 0", 4)
        assert row_of("r", tmp_path) is not row_of("r", tmp_path), "time counts too"
    assert len(row_of("r", run(tmp_path, config={"models": {"a": {"model": "x" * 10_000}}})).models) < 1000


def test_time_is_told_in_words_and_guessed_from_the_pace_so_far() -> None:
    assert [spell(s) for s in (0, 59.4, 60, 3599, 3600, 86400)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 0 min",
        "24 h 0 min",
    ]
    assert "no time" in spell(float("inf"))
    assert remaining(Stage("play", 1e300, 100.0, done=1e-300), now=1e9) is None
    stage = Stage("play", 10, started=100.0, done=2.5)
    assert remaining(stage, now=110.0) == 30.0
    assert remaining(Stage("play", 10, 100.0), now=110.0) is None
    assert (share(Stage("x", 0, 0.0)), share(Stage("x", 2, 0.0, 5))) == (0.0, 1.0)
