"""What a model that learnt from the rows is worth: each figure with its interval, beside base and control.

Read from what evaluation has left; nobody is asked and no patient is met.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.errors import DataError
from mentalarena.evaluation.statistics import Interval, difference_interval, holm, mcnemar_p, mean_interval, paired_p
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import own_file, read_jsonl
from mentalarena.stages.evaluate import HELD_OUT_LOOKS

SHOWN = (
    "probability", "ci95", "p_vs_base_holm", "accuracy", "accuracy_ci95", "accuracy_p_vs_base_holm", "invalid",
    "constant_baseline", "n",
)  # fmt: skip
"""Figures of an evaluation that a card shows."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A model less another on the same patients."""

    task: str
    against: str
    points: Interval
    """Of the probability of a right answer, as a share."""
    p_holm: float | None
    right: Interval | None = None
    """Of how often the likeliest answer is right, as a share; None where nobody recorded it."""
    right_p_holm: float | None = None
    """McNemar's exact test."""


@dataclass(frozen=True, slots=True)
class Results:
    """Models side by side on one split."""

    split: str
    models: Mapping[str, Mapping[str, Any]]
    """Name to {task: what `stages.evaluate` gives}, the base first."""
    differences: tuple[Difference, ...]
    looks: tuple[str, ...]
    """Who has met held-out patients, once each."""

    def fallen(self, own: str) -> list[str]:
        """Tasks in which the likeliest answer of `own` is right less often than the base's."""
        return [task for task in TASKS if own in self.models and self._right(own, task) < self._right("base", task)]

    def _right(self, name: str, task: str) -> float:
        return float(self.models[name][task].get("accuracy", 0))

    def at_floor(self, resamples: int) -> float | None:
        """The least p (Holm) that so many resamples can give, where one in a table is just that; None elsewhere."""
        of_models = [found.get("p_vs_base_holm") for told in self.models.values() for found in told.values()]
        for told in (of_models, [one.p_holm for one in self.differences]):
            ps = [p for p in told if p is not None]
            least = len(ps) * 2 / (resamples + 1)  # two-sided
            if least <= 1 and any(math.isclose(p, least, rel_tol=1e-6) for p in ps):
                return least
        return None


def results(out: Path, summary: Mapping[str, Any] | None, iteration: int | None, resamples: int) -> Results | None:
    """The held-out comparison where `iteration` is the run's best one (or unset), else the development one; None where there
    is neither."""
    if not summary:
        return None
    try:
        found = _results(out, summary, iteration, resamples)
        return found and _checked(found)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DataError(
            f"{out / 'summary.json'}: not as a loop leaves it, or the answers in {out / 'evaluation'} "
            f"({type(error).__name__}: {' '.join(str(error).split())[:100]}); expected `mentalarena run` to write them again"
        ) from None


def _checked(found: Results) -> Results:
    """Raises for figures that are none."""
    for told in found.models.values():
        for task in TASKS:
            for name, value in told[task].items():
                listed = value if name.endswith("ci95") and isinstance(value, list) else [value]
                if name in SHOWN and not (value is None or all(isinstance(one, int | float) for one in listed)):
                    raise TypeError(f"{task}.{name} is no number")
    return found


def looks_of(out: Path) -> tuple[str, ...]:
    """Who has met held-out patients until now, which may be more than when the loop ended. Raises `DataError` for a damaged
    record."""
    path = own_file(out, str(HELD_OUT_LOOKS))
    try:
        return tuple(str(record["name"]) for record in read_jsonl(path)) if path else ()
    except (LookupError, TypeError) as error:
        raise DataError(f"{path}: {error!r}; expected names of who met held-out patients, one a line") from None


def _results(out: Path, summary: Mapping[str, Any], iteration: int | None, resamples: int) -> Results | None:
    best, held_out = summary.get("best_iteration"), summary.get("held_out")
    looks = looks_of(out)
    chosen = best if iteration is None else iteration
    if held_out and chosen == best:
        models = {"base": held_out["base"]}
        files = {"base": "base-held_out.jsonl"}
        if best:
            models[f"iteration {best}"] = held_out["best"]
            files[f"iteration {best}"] = f"best-iteration-{best:02d}-held_out.jsonl"
        if "control" in held_out and summary.get("control"):
            kind = summary["control"]["kind"]
            models[f"control: {kind}"] = held_out["control"]
            files[f"control: {kind}"] = f"control-{kind}-held_out.jsonl"
        return Results("held-out", models, _differences(out, files, f"iteration {best}", resamples), looks)
    met = {one["iteration"]: one["evaluation"] for one in summary.get("iterations", ()) if one.get("evaluation")}
    if 0 not in met:
        return None
    models, files = {"base": met[0]}, {"base": "iteration-00-development.jsonl"}
    if chosen and chosen in met:
        models[f"iteration {chosen}"] = met[chosen]
        files[f"iteration {chosen}"] = f"iteration-{chosen:02d}-development.jsonl"
    return Results("development", models, _differences(out, files, f"iteration {chosen}", resamples), looks)


def _differences(out: Path, files: Mapping[str, str], own: str, resamples: int) -> tuple[Difference, ...]:
    """`own` less each other one, paired by patient; Holm's p over all of them, for probabilities and likeliest answers apart."""
    paths = {name: path for name, file in files.items() if (path := own_file(out, f"evaluation/{file}"))}
    if own not in files or len(paths) < len(files):
        return ()
    answers = {name: _told(path, "probability") for name, path in paths.items()}
    rights = {name: _told(path, "right") for name, path in paths.items()}
    pairs = [(task, other) for other in files if other != own for task in TASKS]
    told: list[tuple[Interval, float] | None] = []
    likeliest: list[tuple[Interval, float] | None] = []
    for task, other in pairs:
        first, second = answers[own].get(task, {}), answers[other].get(task, {})
        told.append(_paired(first, second, resamples) if first and first.keys() == second.keys() else None)
        first, second = rights[own].get(task, {}), rights[other].get(task, {})
        likeliest.append(_paired_right(first, second) if first and first.keys() == second.keys() else None)
    adjusted, right_adjusted = (holm([one[1] if one else None for one in ps]) for ps in (told, likeliest))
    return tuple(
        Difference(task, other, one[0], p, right and right[0], right_p)
        for (task, other), one, p, right, right_p in zip(pairs, told, adjusted, likeliest, right_adjusted, strict=True)
        if one is not None
    )


def _paired(first: Mapping[str, float], second: Mapping[str, float], resamples: int) -> tuple[Interval, float]:
    own, other = list(first.values()), [second[patient] for patient in first]
    changes: Sequence[float] = [a - b for a, b in zip(own, other, strict=True)]
    return mean_interval(changes, resamples), paired_p(own, other, resamples)


def _paired_right(first: Mapping[str, float], second: Mapping[str, float]) -> tuple[Interval, float]:
    own, other = [bool(one) for one in first.values()], [bool(second[patient]) for patient in first]
    return difference_interval(own, other), mcnemar_p(own, other)


def _told(path: Path, field: str) -> dict[str, dict[str, float]]:
    """A field of each answer, by task and patient, where it was recorded."""
    found: dict[str, dict[str, float]] = {}
    for record in read_jsonl(path):
        if field in record:
            found.setdefault(record["task"], {})[record["patient"]] = float(record[field])
    return found
