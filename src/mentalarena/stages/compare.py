"""Finished runs beside each other: what each came to on its held-out patients, and where two met the same people, how much they
differ on those, with an interval.

No p values stand here: whoever picks two runs out of many after having seen them has tested more than two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.errors import DataError
from mentalarena.evaluation.statistics import Interval, mean_interval
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import read_json, read_jsonl

RESAMPLES = 1999
"""Enough for an interval to look at; a run's own tests have more."""
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A finished run."""

    name: str
    summary: Json
    answers: Mapping[str, Mapping[str, float]]
    """Of its best model: by task and patient the probability of a right answer."""


@dataclass(frozen=True)
class Difference:
    """How much more the second's best model gives right answers than the first's, on the patients whom both met."""

    first: str
    second: str
    task: str
    patients: int
    interval: Interval | None
    """None where they met nobody in common."""


def contestant(name: str, out: Path) -> Contestant:
    """A run directory as one side of a comparison. Raises `DataError` where it is not finished or not readable."""
    summary = read_json(out / "summary.json", "a run that `mentalarena run` has finished")
    try:
        best = int(summary["best_iteration"])
        if not summary["held_out"]:
            raise DataError(f"{name}: not finished; expected a run whose held-out patients have been met")
        file = out / "evaluation" / (f"best-iteration-{best:02d}-held_out.jsonl" if best else "base-held_out.jsonl")
        answers: dict[str, dict[str, float]] = {task: {} for task in TASKS}
        for record in read_jsonl(file):
            answers[record["task"]][str(record["patient"])] = float(record["probability"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{name}: {error!r}; expected a run as this version writes it") from None
    return Contestant(name, summary, answers)


def differences(first: Contestant, second: Contestant) -> list[Difference]:
    """One a task."""
    found = []
    for task in TASKS:
        before, after = first.answers[task], second.answers[task]
        both = sorted(before.keys() & after.keys())
        interval = mean_interval([after[p] - before[p] for p in both], RESAMPLES) if len(both) > 1 else None
        found.append(Difference(first.name, second.name, task, len(both), interval))
    return found
