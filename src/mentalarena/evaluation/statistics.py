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


def nested_interval(groups: Sequence[Sequence[float]], resamples: int = 9999) -> Interval:
    """Mean over groups of patients (one a training seed) with a 95 % percentile interval of the two-level bootstrap: groups are
    drawn first and patients within them, so that it tells of another training and not only of other patients.

    Raises `ValueError` for no groups or an empty one. Source: Davison & Hinkley (1997), section 3.8.
    """
    if not groups or not all(len(group) for group in groups):
        raise ValueError("no values; expected at least one in each group")
    rng = np.random.default_rng(0)
    data = [np.asarray(group, float) for group in groups]
    means = np.stack(
        [rng.choice(group, (resamples, len(data), len(group))).mean(2) for group in data]
    )  # group, draw, place
    drawn = rng.integers(0, len(data), (resamples, len(data)))
    places = np.arange(len(data))
    found = means[drawn, np.arange(resamples)[:, None], places].mean(1)
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(np.mean([group.mean() for group in data])), float(low), float(high))


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
