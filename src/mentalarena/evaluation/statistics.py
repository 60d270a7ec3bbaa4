"""The numbers beside every number: interval, paired test, constant baseline. Computed by scipy.

A patient is the unit: all that is measured of one patient is averaged first, so intervals are clustered by patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float], resamples: int = 9999) -> Interval:
    """Mean over patients with a 95 % bootstrap interval (BCa; a point where all values are equal to nine digits).

    Raises `ValueError` for no values.
    """
    from scipy.stats import bootstrap

    if not values:
        raise ValueError("no values; expected one a patient")
    data = np.asarray(values, float)
    mean = float(data.mean())
    if len(data) < 2 or np.ptp(data) < 1e-9:  # nothing to resample, and BCa would divide by nothing
        return Interval(mean, mean, mean)
    drawn = bootstrap((data,), np.mean, n_resamples=resamples, rng=np.random.default_rng(0), vectorized=True)
    low, high = (float(bound) for bound in drawn.confidence_interval)
    if np.isnan(low) or np.isnan(high):  # BCa has no answer for nearly constant data
        drawn = bootstrap((data,), np.mean, n_resamples=resamples, rng=np.random.default_rng(0), method="percentile")
        low, high = (float(bound) for bound in drawn.confidence_interval)
    return Interval(mean, low, high)


def seed_interval(means: Sequence[float]) -> Interval:
    """Mean over trainings (one value a seed) with the 95 % t interval: it tells of another seed, patients and training alike.

    Raises `ValueError` for fewer than two.
    """
    from scipy.stats import sem, t

    if len(means) < 2:
        raise ValueError(f"{len(means)} seeds; expected at least two")
    mean, half = float(np.mean(means)), float(sem(means) * t.ppf(0.975, len(means) - 1))
    return Interval(mean, mean - half, mean + half)


def share_interval(right: Sequence[bool]) -> Interval:
    """A share with its 95 % Wilson interval. Raises `ValueError` for no values."""
    from scipy.stats import binomtest

    if not right:
        raise ValueError("no values; expected one a patient")
    found = binomtest(sum(right), len(right))
    low, high = found.proportion_ci(0.95, "wilson")
    return Interval(float(found.statistic), float(low), float(high))


def mcnemar_p(right: Sequence[bool], base: Sequence[bool]) -> float:
    """Two-sided p of McNemar's exact test: of the patients on whom the two differ, how many go each way.

    Raises `ValueError` where the two do not pair up.
    """
    from scipy.stats import binomtest

    if len(right) != len(base) or not right:
        raise ValueError(f"{len(right)} answers and {len(base)} of the base; expected one of each a patient")
    won = sum(a and not b for a, b in zip(right, base, strict=True))
    lost = sum(b and not a for a, b in zip(right, base, strict=True))
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def paired_p(values: Sequence[float], base: Sequence[float], resamples: int = 9999) -> float:
    """Two-sided p of the mean paired difference: a permutation test that flips signs by patient.

    Raises `ValueError` where the two do not pair up.
    """
    from scipy.stats import permutation_test

    if len(values) != len(base) or not values:
        raise ValueError(f"{len(values)} values and {len(base)} of the base; expected one of each a patient")
    first, second = np.asarray(values, float), np.asarray(base, float)
    if np.array_equal(first, second):
        return 1.0

    def difference(x: Any, y: Any, axis: int) -> Any:
        return np.mean(x, axis=axis) - np.mean(y, axis=axis)

    found = permutation_test(
        (first, second),
        difference,
        permutation_type="samples",
        n_resamples=resamples,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)
