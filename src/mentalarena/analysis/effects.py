"""Paired comparisons of few people: permutation tests that are exact whatever the data look like, and effect sizes.

Each test swaps what could as well have been the other way round if nothing differed, person by person; so small samples, ties
and odd distributions cost power, never validity. `benchmarks/bias.py` says how often they err.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mentalarena.evaluation.statistics import Interval

TINY = 1e-9
"""Two statistics that are nearer than this are equal."""


def d_z(differences: Sequence[float]) -> float | None:
    """Cohen's d_z: the mean paired difference in its standard deviations. None where that is 0, or for fewer than two."""
    if len(differences) < 2:
        return None
    spread = float(np.std(differences, ddof=1))
    return float(np.mean(differences)) / spread if spread > TINY else None


def cohen_h(share: float, base: float) -> float:
    """Cohen's h: the difference of two shares on the arcsine scale, from -pi to pi. Raises `ValueError` for no shares."""
    return 2 * math.asin(math.sqrt(share)) - 2 * math.asin(math.sqrt(base))


def rank_biserial(differences: Sequence[float]) -> float | None:
    """The matched-pairs rank-biserial correlation (Kerby 2014) of an ordinal rating, from -1 to 1: how much of the ranks of the
    absolute differences is positive less how much is negative. None where nothing differs."""
    from scipy.stats import rankdata

    told = np.asarray(differences, float)
    told = told[np.abs(told) > TINY]
    if not len(told):
        return None
    ranks = rankdata(np.abs(told))
    return float((ranks * np.sign(told)).sum() / ranks.sum())


def swap_p(differences: Sequence[float], resamples: int = 9999) -> float:
    """Two-sided p of a mean paired difference, by swapping each person's two values: what `paired_p` of the evaluation is, fast
    enough for as many swaps as the least p of a large family needs. Raises `ValueError` for no differences."""
    if not len(differences):
        raise ValueError("no differences; expected one a person")
    told = np.asarray(differences, float)
    extreme = np.abs(_swaps(len(told), resamples) @ told) >= abs(told.sum()) - TINY
    return float((1 + extreme.sum()) / (1 + resamples))


def pick_p(treated: Sequence[float], control: Sequence[Sequence[float]], resamples: int = 9999) -> float:
    """Two-sided p of a mean difference between each person's one value in one way and the mean of its values in the other: a
    permutation test that picks any of the person's values for the one. With one value in the other way it is `swap_p`.

    Raises `ValueError` where the two do not pair up, or somebody was not met in both ways.
    """
    if not len(treated) or len(treated) != len(control) or not all(map(len, control)):
        raise ValueError(f"{len(treated)} and {len(control)} persons; expected the same, each met in both ways")
    rng = np.random.default_rng(0)
    found, drawn = 0.0, np.zeros(resamples)
    for one, others in zip(treated, control, strict=True):
        own = np.array([one, *others])
        differences = own - (own.sum() - own) / len(others)  # of each, if that were the one
        found += float(differences[0])
        drawn += differences[rng.integers(0, len(own), resamples)]
    extreme = np.abs(drawn) >= abs(found) - TINY
    return float((1 + extreme.sum()) / (1 + resamples))


def within_p(treated: Sequence[Sequence[bool]], control: Sequence[Sequence[bool]], resamples: int = 9999) -> float:
    """Two-sided p of a difference in shares, where each person was met a few times in one way and a few times in the other: a
    permutation test within persons. The statistic is the mean over persons of their own difference in shares.

    Raises `ValueError` where persons do not pair up, or one was not met in both ways.
    """
    if len(treated) != len(control) or not all(map(len, treated)) or not all(map(len, control)):
        raise ValueError(f"{len(treated)} and {len(control)} persons; expected the same, each met in both ways")
    if not treated:
        raise ValueError("nobody; expected one person at least")
    own, other = (np.array([len(met) for met in side]) for side in (treated, control))
    hits = np.array([sum(met) for met in treated])
    total = hits + np.array([sum(met) for met in control])

    def statistic(count: Any) -> Any:
        return (count / own - (total - count) / other).mean(-1)

    drawn = np.random.default_rng(0).hypergeometric(total, own + other - total, own, (resamples, len(own)))
    extreme = np.abs(statistic(drawn)) >= abs(statistic(hits)) - TINY
    return float((1 + extreme.sum()) / (1 + resamples))


def shift_p(before: Sequence[str | None], after: Sequence[str | None], resamples: int = 9999) -> float:
    """Two-sided p that some names are given more often after than before, and others less: the Stuart-Maxwell statistic of
    marginal homogeneity, with the distribution that swapping each person's two names gives it (the chi-square one is wrong
    for many names and few people). None is a name too. Raises `ValueError` where the two do not pair up.
    """
    moves = _moves(before, after)
    moved = moves[np.abs(moves).sum(1) > 0]
    if not len(moved):
        return 1.0
    weights = np.linalg.pinv(moved.T @ moved)  # swaps leave the covariance as it is

    def statistic(total: Any) -> Any:
        return np.einsum("...k,kl,...l->...", total, weights, total)

    extreme = statistic(_swaps(len(moved), resamples) @ moved) >= statistic(moved.sum(0)) - TINY
    return float((1 + extreme.sum()) / (1 + resamples))


def moved_share(before: Sequence[str | None], after: Sequence[str | None], resamples: int = 9999) -> Interval:
    """The share of answers that went from some names to others (total variation of the two distributions of names), with the
    95 % percentile interval over people. Chance alone makes it larger than 0: it needs a floor beside it."""
    moves = _moves(before, after)
    value = float(np.abs(moves.sum(0)).sum() / 2 / len(moves))
    rows = np.random.default_rng(0).integers(0, len(moves), (resamples, len(moves)))
    counts = np.zeros((resamples, len(moves)))
    np.add.at(counts, (np.arange(resamples)[:, None], rows), 1.0)
    drawn = np.abs(counts @ moves).sum(1) / 2 / len(moves)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _swaps(people: int, resamples: int) -> Any:
    """A row a resample, a column a person: -1 where that person's two are swapped, else 1."""
    return np.random.default_rng(0).integers(0, 2, (resamples, people), dtype=np.int8) * 2.0 - 1.0


def _moves(before: Sequence[str | None], after: Sequence[str | None]) -> Any:
    """A row a person, a column a name: 1 where it is gained, -1 where it is lost, 0 elsewhere."""
    if len(before) != len(after) or not before:
        raise ValueError(f"{len(after)} names and {len(before)} before; expected one of each a person")
    names = {name: number for number, name in enumerate(dict.fromkeys([*before, *after]))}
    moves = np.zeros((len(before), len(names)))
    for person, (old, new) in enumerate(zip(before, after, strict=True)):
        moves[person, names[new]] += 1
        moves[person, names[old]] -= 1
    return moves
