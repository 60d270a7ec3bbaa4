"""What a model that learnt from the rows is worth: each figure with its interval, beside base and control.

Read from what evaluation has left; nobody is asked and no patient is met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.evaluation.statistics import Interval, holm, mean_interval, paired_p
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import read_jsonl


@dataclass(frozen=True, slots=True)
class Difference:
    """A model less another on the same patients."""

    task: str
    against: str
    points: Interval
    """Of the probability of a right answer, as a share."""
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class Results:
    """Models side by side on one split."""

    split: str
    models: Mapping[str, Mapping[str, Any]]
    """Name to {task: what `stages.evaluate` gives}, the base first."""
    differences: tuple[Difference, ...]
    looks: int
    """How often held-out patients have been met."""


def results(out: Path, summary: Mapping[str, Any] | None, iteration: int | None, resamples: int) -> Results | None:
    """The held-out comparison where `iteration` is the run's best one (or unset), else the development one; None where there
    is neither."""
    if not summary:
        return None
    best, held_out, looks = summary.get("best_iteration"), summary.get("held_out"), len(summary.get("held_out_looks") or ())
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
    """`own` less each other one, paired by patient; Holm's p over all of them."""
    paths = {name: out / "evaluation" / file for name, file in files.items()}
    if own not in files or not all(path.exists() for path in paths.values()):
        return ()
    answers = {name: _probabilities(path) for name, path in paths.items()}
    pairs = [(task, other) for other in files if other != own for task in TASKS]
    told: list[tuple[Interval, float] | None] = []
    for task, other in pairs:
        first, second = answers[own].get(task, {}), answers[other].get(task, {})
        told.append(_paired(first, second, resamples) if first and first.keys() == second.keys() else None)
    adjusted = holm([one[1] if one else None for one in told])
    return tuple(
        Difference(task, other, one[0], p)
        for (task, other), one, p in zip(pairs, told, adjusted, strict=True)
        if one is not None
    )


def _paired(first: Mapping[str, float], second: Mapping[str, float], resamples: int) -> tuple[Interval, float]:
    own, other = list(first.values()), [second[patient] for patient in first]
    changes: Sequence[float] = [a - b for a, b in zip(own, other, strict=True)]
    return mean_interval(changes, resamples), paired_p(own, other, resamples)


def _probabilities(path: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for record in read_jsonl(path):
        found.setdefault(record["task"], {})[record["patient"]] = float(record["probability"])
    return found
