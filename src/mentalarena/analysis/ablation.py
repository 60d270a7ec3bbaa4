"""What an ablation compares: arms of one run on the same patients, and how good the rows are that they learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mentalarena.arena import diagnosis, trials
from mentalarena.clinic.references import Reference
from mentalarena.evaluation.statistics import Interval, holm, mean_interval, paired_p
from mentalarena.training.rows import THERAPIST, Row

Scores = Mapping[str, Mapping[str, float]]
"""By task and patient: the probability of a right answer."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm less another one, paired by patient."""

    arm: str
    against: str
    task: str
    difference: Interval
    p: float
    """Two-sided, of the permutation test that flips signs by patient."""
    p_holm: float
    """Adjusted over all comparisons that were made together."""
    n: int


def compare(scores: Mapping[str, Scores], pairs: Sequence[tuple[str, str]], resamples: int = 9999) -> list[Comparison]:
    """Each pair of arms in each task of the first, in the order given, on the patients that both met.

    Raises `ValueError` where the two met nobody in common."""
    found: list[Comparison] = []
    for arm, against in pairs:
        for task, own in scores[arm].items():
            other = scores[against][task]
            both = [patient for patient in own if patient in other]
            first, second = [own[p] for p in both], [other[p] for p in both]
            difference = mean_interval([a - b for a, b in zip(first, second, strict=True)], resamples)
            p = paired_p(first, second, resamples)
            found.append(Comparison(arm, against, task, difference, p, p, len(both)))
    adjusted = holm([one.p for one in found])
    return [replace(one, p_holm=one.p if p is None else p) for one, p in zip(found, adjusted, strict=True)]


def right_labels(rows: Sequence[Row], truths: Mapping[str, Reference]) -> dict[str, list[bool]]:
    """Whether what each of the therapist's rows teaches is right, by kind. `truths` are by patient id; a row of somebody else is
    left out."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        if row.kind in THERAPIST and (truth := truths.get(row.lineage.patient)):
            right = {
                "diagnosis": [diagnosis.answer(truth.disorder)],
                "treatment": [trials.answer("treatment", name) for name in truth.treatments],
                "medicine": [trials.answer("medicine", name) for name in truth.medicines],
            }
            found.setdefault(row.kind, []).append(row.completion.split("\n", 1)[0] in right[row.kind])
    return found
