"""Does a signal tell the next gain? Over iterations, seeds and arms, each run a cluster.

A signal of iteration i is held against the gain that learning from its rows brought: the development score of model i + 1
less that of model i. Development patients steer the loop, so nothing here is a claim about new patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mentalarena.analysis.signals import SIGNALS, Signals
from mentalarena.evaluation.statistics import table_interval

LEAST_POINTS = 3
"""Pairs of signal and gain below which no correlation is told."""
LEAST_RUNS = 5
"""Runs below which there is no interval: a bootstrap over two or three clusters knows nothing of the next one."""


@dataclass(frozen=True, slots=True)
class Point:
    """A signal of one iteration, and the gain that followed."""

    run: str
    iteration: int
    value: float
    gain: float


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rho of a signal with the gain; None where it is not defined."""

    signal: str
    rho: float | None
    low: float | None
    high: float | None
    """95 % bootstrap interval over runs; None for fewer than `LEAST_RUNS`. Not adjusted for how many signals are looked at."""
    within: float | None
    """The same after each iteration's mean is taken off both: early iterations gain most, so whatever changes over time
    correlates with the gain."""
    n: int
    runs: int


def points(histories: Mapping[str, Sequence[Signals]], signal: str) -> list[Point]:
    """All pairs of a signal and the gain of the next iteration. `histories` by the name of the run (or its arm)."""
    found = []
    for run, history in histories.items():
        by_number = {one.iteration: one for one in history}
        for number, one in by_number.items():
            value, after = one.get(signal), by_number.get(number + 1)
            gain = after.get("score_change") if after else None
            if value and gain:
                found.append(Point(run, number, value.mean, gain.mean))
    return found


def correlations(histories: Mapping[str, Sequence[Signals]], resamples: int = 9999) -> list[Correlation]:
    """Of every signal with the gain, those without enough points left out."""
    found = [correlation(signal, points(histories, signal), resamples) for signal in SIGNALS if signal != "score_change"]
    return [one for one in found if one.n >= LEAST_POINTS]


def correlation(signal: str, told: Sequence[Point], resamples: int = 9999) -> Correlation:
    """Spearman's rho, with its interval clustered by run: whole runs are drawn."""
    runs = list(dict.fromkeys(point.run for point in told))
    values, gains = [p.value for p in told], [p.gain for p in told]
    rho = spearman(values, gains) if len(told) >= LEAST_POINTS else None
    within = spearman(_centred(told, values), _centred(told, gains)) if len(told) >= LEAST_POINTS else None
    low = high = None
    if rho is not None and len(runs) >= LEAST_RUNS:
        places = np.array([runs.index(point.run) for point in told])
        found = table_interval(lambda drawn: _rhos(values, gains, drawn[:, places]), [1] * len(runs), resamples)
        low, high = max(found.low, -1.0), min(found.high, 1.0)
    return Correlation(signal, rho, low, high, within, len(told), len(runs))


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation (ties share their rank); None where one side is constant."""
    found = float(_rhos(first, second, np.ones((1, len(first))))[0])
    return None if np.isnan(found) else found


def _rhos(first: Sequence[float], second: Sequence[float], weights: Any) -> Any:
    """Spearman's rho of each row of `weights`, which says how often each point was drawn; nan where a side is constant."""
    ranks = []
    for side in (np.asarray(first), np.asarray(second)):
        # a point's mean rank among the drawn ones, up to a constant: those below it, and half of its equals
        below = (side[:, None] < side) + 0.5 * (side[:, None] == side)
        rank = weights @ below
        ranks.append(rank - (weights * rank).sum(-1, keepdims=True) / weights.sum(-1, keepdims=True))
    x, y = ranks
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((weights * x**2).sum(-1) * (weights * y**2).sum(-1))
        return np.where(spread > 1e-9, (weights * x * y).sum(-1) / spread, np.nan)


def _centred(told: Sequence[Point], values: Sequence[float]) -> list[float]:
    """Values less the mean of their iteration, rounded so that ties stay ties."""
    by_iteration: dict[int, list[float]] = {}
    for point, value in zip(told, values, strict=True):
        by_iteration.setdefault(point.iteration, []).append(value)
    means = {number: float(np.mean(own)) for number, own in by_iteration.items()}
    return [round(value - means[point.iteration], 12) for point, value in zip(told, values, strict=True)]
