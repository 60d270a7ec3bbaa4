"""Promises: runs are compared on the patients whom both met in the same way; without such there is no difference, and what was
unlike is told; what is no run is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mentalarena.app.compare_page import reasons
from mentalarena.config import Config
from mentalarena.errors import DataError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import write_jsonl
from mentalarena.settings import load_config
from mentalarena.stages.compare import contestant, differences
from mentalarena.stages.run import WEIGHTS

SCRIPTED = load_config(None, ["models.all.provider=scripted"])


def finished(
    folder: Path,
    people: dict[str, float],
    best: int = 1,
    config: Config = SCRIPTED,
    weights: dict[str, str] | None = None,
) -> Path:
    """A finished run in which every task's probability of each patient is as told."""
    (folder / "evaluation").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config.model_dump(mode="json") | {WEIGHTS: weights or {}}))
    (folder / "summary.json").write_text(json.dumps({"best_iteration": best, "held_out": {"base": {}}, "iterations": []}))
    name = f"best-iteration-{best:02d}" if best else "base"
    rows = [{"task": task, "patient": who, "probability": p} for task in TASKS for who, p in people.items()]
    write_jsonl(folder / "evaluation" / f"{name}-held_out.jsonl", rows)
    return folder


def test_the_difference_is_over_the_patients_whom_both_met(tmp_path: Path) -> None:
    first = contestant("a", finished(tmp_path / "a", {"p1": 0.2, "p2": 0.4, "p3": 0.4, "only": 1.0}))
    second = contestant("b", finished(tmp_path / "b", {"p1": 0.3, "p2": 0.6, "p3": 0.4, "other": 0.0}, best=0))
    for found in differences(first, second):
        assert found.patients == 3
        assert found.interval is not None
        assert found.interval.mean == pytest.approx(0.1)
        assert found.interval.low <= 0.1 <= found.interval.high


def test_runs_that_met_other_people_have_no_difference(tmp_path: Path) -> None:
    pair = [contestant(name, finished(tmp_path / name, {f"{name}{n}": 0.5 for n in range(4)})) for name in "ab"]
    assert [(found.patients, found.interval) for found in differences(*pair)] == [(0, None)] * len(TASKS)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("models.patient.provider=embedded", "models.patient.provider"),
        ("models.patient.temperature=0.1", "models.patient.temperature (0.8 and 0.1)"),
        ("models.judge.model=other", 'models.judge.model ("" and "other")'),
        ("models.therapist.prompts=full", 'models.therapist.prompts ("compact" and "full")'),
        ("models.patient.prompts=full", "models.patient.prompts"),
        ("arena.talk_turns=9", "arena.talk_turns (4 and 9)"),
        ("clinic.source=library", "clinic.source"),
        ("clinic.principles=mine.jsonl", "clinic.principles"),
        ("play.embedder=other", "play.embedder"),
        ("play.threshold_quantile=0.5", "play.threshold_quantile"),
        ("evaluation.guided=true", "evaluation.guided (false and true)"),
    ],
)
def test_the_same_ids_played_or_interviewed_otherwise_have_no_difference(tmp_path: Path, setting: str, told: str) -> None:
    people = {f"p{n}": 0.5 for n in range(4)}
    other = load_config(None, ["models.all.provider=scripted", setting])
    pair = (
        contestant("a", finished(tmp_path / "a", people)),
        contestant("b", finished(tmp_path / "b", people, config=other)),
    )
    found = differences(*pair)
    assert [(one.patients, one.interval) for one in found] == [(0, None)] * len(TASKS)
    assert any(one.startswith(told) for one in found[0].unlike), found[0].unlike
    (reason,) = reasons(found)
    assert told in reason
    assert "b and a cannot be compared" in reason


def test_other_weights_of_the_patient_under_one_name_are_other_patients(tmp_path: Path) -> None:
    people = {f"p{n}": 0.5 for n in range(4)}
    local = load_config(None, ["models.all.provider=transformers", "models.all.model=here", "models.therapist.model=own"])
    pair = [
        contestant(name, finished(tmp_path / name, people, config=local, weights={"here": name, "own": "same"}))
        for name in "ab"
    ]
    (told,) = {one.unlike for one in differences(*pair)}
    assert told == ('weights of models.judge ("a" and "b")', 'weights of models.patient ("a" and "b")')


def test_other_therapists_speed_and_amounts_are_what_is_compared(tmp_path: Path) -> None:
    people = {f"p{n}": 0.5 for n in range(4)}
    more = ("models.therapist.temperature=0.1", "models.patient.concurrency=3", "play.patients=9", "training.epochs=9")
    other = load_config(None, ["models.all.provider=scripted", *more])
    first = contestant("a", finished(tmp_path / "a", people))
    second = contestant("b", finished(tmp_path / "b", people, config=other, weights={"own": "x"}))
    found = differences(first, second)
    assert {(one.patients, one.unlike) for one in found} == {(4, ())}
    assert not reasons(found)


def test_a_run_without_its_settings_is_not_compared(tmp_path: Path) -> None:
    out = finished(tmp_path / "a", {"p": 0.5})
    odd = {"provider": "scripted", "model": [1]}
    for text in (
        "{}",
        "[]",
        '{"models": {"patient": 3}}',
        json.dumps({"models": dict.fromkeys(("patient", "therapist", "judge"), odd)}),
    ):
        (out / "config.json").write_text(text)
        with pytest.raises(DataError, match=r"expected [^\n]*$"):
            contestant("a", out)
    (out / "config.json").unlink()
    with pytest.raises(DataError, match="the settings of the run"):
        contestant("a", out)


@pytest.mark.parametrize(
    "summary", ["{}", '{"best_iteration": 1, "held_out": null}', '{"best_iteration": "x", "held_out": {"base": 1}}', "no"]
)
def test_what_is_no_finished_run_is_one_line(tmp_path: Path, summary: str) -> None:
    (tmp_path / "summary.json").write_text(summary)
    with pytest.raises(DataError, match="expected"):
        contestant("a", tmp_path)
