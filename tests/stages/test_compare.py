"""Promises: runs are compared on the patients whom both met; without such there is no difference; what is no run is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mentalarena.errors import DataError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import write_jsonl
from mentalarena.stages.compare import contestant, differences


def finished(folder: Path, people: dict[str, float], best: int = 1) -> Path:
    """A finished run in which every task's probability of each patient is as told."""
    (folder / "evaluation").mkdir(parents=True)
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
    "summary", ["{}", '{"best_iteration": 1, "held_out": null}', '{"best_iteration": "x", "held_out": {"base": 1}}', "no"]
)
def test_what_is_no_finished_run_is_one_line(tmp_path: Path, summary: str) -> None:
    (tmp_path / "summary.json").write_text(summary)
    with pytest.raises(DataError, match="expected"):
        contestant("a", tmp_path)
