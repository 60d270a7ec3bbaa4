"""A ranking of models that met the same patients: pairwise differences, and strengths by Bradley and Terry (1952).

All contestants meet the same patients with the same seeds and the same other player, so they are compared patient by patient:
- each pair: the mean paired difference with its 95 % interval, and its p (permutation test) corrected over all pairs
  (Holm 1979);
- all of them: the strength that best explains who did better on which patient, and the ranks that the pairs leave open.

The two may disagree: a difference counts by how much, a win counts once. Both stand in the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from mentalarena.evaluation.ranking import Match, Rated, bradley_terry
from mentalarena.evaluation.statistics import Interval, holm, mean_interval, paired_p
from mentalarena.evaluation.therapist import Answer
from mentalarena.evaluation.verifier import Verdict

TIE = 0.01
"""Scores of one patient (0 to 1) that differ by no more than this are a tie: neither model did better."""
DIGITS = 4
"""Of a score that are compared."""
SIGNIFICANT = 0.05
"""Of a p that is corrected over all pairs."""

Scores = Mapping[str, float]
"""One contestant's score of each patient, by the patient's id."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contestants on the same patients: the difference is the first's score less the second's."""

    first: str
    second: str
    difference: Interval
    p: float
    p_holm: float
    """The same, corrected over all pairs of the ranking."""
    wins: int
    """Patients on whom the first did better, by more than `TIE`."""
    ties: int
    losses: int

    @property
    def significant(self) -> bool:
        return self.p_holm < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Ranking:
    """Contestants, the strongest first; all their pairs; the mean score of each; how many patients they met."""

    rated: tuple[Rated, ...]
    pairs: tuple[Pair, ...]
    means: Mapping[str, Interval]
    n: int


def right_answers(answers: Sequence[Answer]) -> dict[str, float]:
    """Of each patient: the probability of a right answer, mean over the tasks."""
    return _means((answer.patient, answer.probability) for answer in answers)


def right_verdicts(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Of each patient: the share of its verdicts that are right, mean over the checks."""
    return _means((verdict.patient, verdict.right) for verdict in verdicts)


def matches(scores: Mapping[str, Scores], tie: float = TIE) -> list[Match]:
    """Every pair on every patient; the patient is the unit by which intervals are clustered. Raises `ValueError` where not all
    met the same patients."""
    patients = _shared(scores)
    return [
        Match(first, second, _outcome(scores[first][patient] - scores[second][patient], tie), patient)
        for first, second in combinations(scores, 2)
        for patient in patients
    ]


def rank(scores: Mapping[str, Scores], resamples: int = 9999, strength_resamples: int = 999, tie: float = TIE) -> Ranking:
    """A ranking from each contestant's scores. Contestants of one strength keep the order in which they were given.

    Raises `ValueError` for fewer than two, and where not all met the same patients.
    """
    if len(scores) < 2:
        raise ValueError(f"{len(scores)} contestants; expected at least two")
    patients = _shared(scores)
    played = matches(scores, tie)
    # equal weights in two engines differ in the last digits: that is no difference
    values = {name: [round(own[patient], DIGITS) for patient in patients] for name, own in scores.items()}
    names = list(combinations(scores, 2))
    ps = [paired_p(values[first], values[second], resamples) for first, second in names]
    pairs = []
    for (first, second), p, corrected in zip(names, ps, holm(ps), strict=True):
        difference = mean_interval([a - b for a, b in zip(values[first], values[second], strict=True)], resamples)
        outcomes = [match.outcome for match in played if (match.first, match.second) == (first, second)]
        counts = (outcomes.count(outcome) for outcome in (1.0, 0.5, 0.0))
        pairs.append(Pair(first, second, difference, p, p if corrected is None else corrected, *counts))
    order = list(scores)
    rated = sorted(bradley_terry(played, strength_resamples), key=lambda r: (r.rank, order.index(r.name)))
    rated = [_within(own, pairs) for own in rated]
    means = {name: mean_interval([own[patient] for patient in patients], resamples) for name, own in scores.items()}
    return Ranking(tuple(rated), tuple(pairs), means, len(patients))


def _within(own: Rated, pairs: Sequence[Pair]) -> Rated:
    """With the ranks that the pairs allow: who is significantly better stands before, who is worse behind, after the correction.
    Resampled strengths would claim more: they know of no correction, and of a few patients who all agree they are certain."""
    met = [pair for pair in pairs if own.name in (pair.first, pair.second)]
    ahead = [pair.significant * pair.difference.mean * (1 if pair.first == own.name else -1) for pair in met]
    better, worse = sum(by < 0 for by in ahead), sum(by > 0 for by in ahead)
    return replace(own, rank_low=min(own.rank, 1 + better), rank_high=max(own.rank, len(met) + 1 - worse))


def _outcome(difference: float, tie: float) -> float:
    if abs(difference) <= tie:
        return 0.5
    return 1.0 if difference > 0 else 0.0


def _shared(scores: Mapping[str, Scores]) -> list[str]:
    """The patients that all met, in the first one's order."""
    first = next(iter(scores), "")
    for name, own in scores.items():
        if own.keys() != scores[first].keys():
            raise ValueError(f"{name} and {first} met different patients; expected the same ones")
    if not scores.get(first):
        raise ValueError("no patients; expected at least one")
    return list(scores[first])


def _means(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for patient, value in values:
        found.setdefault(patient, []).append(value)
    return {patient: sum(own) / len(own) for patient, own in found.items()}
