"""Who is better, from comparisons in pairs: the Bradley-Terry model, with the patient as the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mentalarena.evaluation.statistics import Interval

RIDGE = 0.01
"""Precision of the normal prior on each strength (its standard deviation is 10 log-odds): keeps all-win records finite."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two who were compared on a patient (`unit`): 1 the first won, 0 the second, 0.5 a tie."""

    first: str
    second: str
    outcome: float
    unit: str


@dataclass(frozen=True, slots=True)
class Rated:
    """A strength in log-odds, less the mean of all, with its 95 % interval; the rank (1 is best) and the ranks it may have."""

    name: str
    strength: Interval
    rank: int
    rank_low: int
    rank_high: int


def bradley_terry(matches: Sequence[Match], resamples: int = 999) -> list[Rated]:
    """Strengths by logistic regression, best first: the log-odds that one beats another are the difference of the two.

    A tie is half a win each. Intervals are percentiles over resamples of units (seed 0), so that matches of one patient stay
    together; who is missing from a resample is average in it. With everybody whose difference has a 95 % interval above zero
    counted as better, and below as worse, `rank_low` is the rank behind all who are better, and `rank_high` the one before
    all who are worse. Who won (or lost) all matches is as far from the others as the ridge lets it be, and the interval then
    does not tell how much farther it could be.
    Raises `ValueError` for no match, an outcome outside [0, 1], a match with oneself, or groups that never met.
    """
    from scipy.sparse.csgraph import connected_components

    for match in matches:
        if not 0 <= match.outcome <= 1 or match.first == match.second:
            raise ValueError(f"{match}; expected two names and an outcome in [0, 1]")
    names = sorted({name for match in matches for name in (match.first, match.second)})
    units = sorted({match.unit for match in matches})
    if not names:
        raise ValueError("no matches; expected one at least")
    place = {name: number for number, name in enumerate(names)}
    row = {unit: number for number, unit in enumerate(units)}
    wins = np.zeros((len(units), len(names), len(names)))
    for match in matches:
        a, b = place[match.first], place[match.second]
        wins[row[match.unit], a, b] += match.outcome
        wins[row[match.unit], b, a] += 1 - match.outcome
    groups, group = connected_components(wins.sum(0), directed=False)
    if groups > 1:
        parts = "; ".join(", ".join(n for n, g in zip(names, group, strict=True) if g == k) for k in range(groups))
        raise ValueError(f"{groups} groups that never met ({parts}); expected matches between them")
    strength = _strengths(wins.sum(0)[None])[0]
    drawn = np.random.default_rng(0).multinomial(len(units), np.full(len(units), 1 / len(units)), resamples)
    spread = _strengths(np.tensordot(drawn.astype(float), wins, 1), strength)
    low, high = np.quantile(spread, [0.025, 0.975], axis=0)
    above = np.quantile(spread[:, :, None] - spread[:, None, :], 0.025, axis=0) > 0  # by row, who is surely below
    order = sorted(range(len(names)), key=lambda k: (-strength[k], names[k]))
    return [
        Rated(
            names[k],
            Interval(float(strength[k]), float(min(low[k], strength[k])), float(max(high[k], strength[k]))),
            rank,
            1 + int(above[:, k].sum()),
            len(names) - int(above[k].sum()),
        )
        for rank, k in enumerate(order, 1)
    ]


def _strengths(wins: Any, start: Any = 0.0) -> Any:
    """The likeliest strengths for each table of wins (row beats column), by Newton's method for all tables at once.

    The ridge alone fixes their sum: the likelihood depends on differences, so the sum is zero.
    """
    tables, count = wins.shape[:2]
    met = wins + wins.transpose(0, 2, 1)
    strength = np.broadcast_to(start, (tables, count)).copy()
    for _ in range(200):
        chance = 1 / (1 + np.exp(strength[:, None, :] - strength[:, :, None]))
        slope = (wins - met * chance).sum(2) - RIDGE * strength
        weight = met * chance * (1 - chance)
        curve = -weight
        curve[:, range(count), range(count)] += weight.sum(2) + RIDGE
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        strength += np.clip(step, -1, 1)  # Newton's step is too long where a chance is near 0 or 1
        if np.abs(step).max() < 1e-9:
            return strength
    raise ValueError("the strengths did not settle; expected fewer or less lopsided matches")
