"""The numbers beside every number: interval, paired test, constant baseline. Computed by scipy.

A patient is the unit: all that is measured of one patient is averaged first, so intervals are clustered by patient.
`benchmarks/coverage.py` says how often each interval holds the truth and how often each test errs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from mentalarena.evaluation.power import least_effect as least_effect

Label = TypeVar("Label", str, int)
Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


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


def t_interval(means: Sequence[float]) -> Interval:
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


def resampled(
    statistic: Callable[..., Any], *columns: Sequence[Any], resamples: int = 9999, vectorized: bool = False
) -> Interval:
    """A statistic of items with a 95 % bootstrap interval (BCa): the rows of the columns are drawn together, with seed 0.

    `statistic` takes an array a column and returns a number; `vectorized`: it takes arrays whose last axis is the items, and
    reduces that. It must be defined for every resample; `table_interval` is faster for what depends on counts alone. Where
    BCa has no answer the interval is the percentile one, and a point where the statistic never changes.
    Raises `ValueError` for columns of no or unequal length.
    """
    from scipy.stats import bootstrap

    arrays = [np.asarray(column) for column in columns]
    if not arrays or not len(arrays[0]) or len({len(array) for array in arrays}) > 1:
        raise ValueError(f"columns of {[len(array) for array in arrays]} items; expected as many in each, and one at least")
    items = np.arange(len(arrays[0]))
    value = float(statistic(*arrays))
    if len(items) < 2:
        return Interval(value, value, value)

    def of(rows: Any, axis: int = -1) -> Any:
        return statistic(*(array[rows] for array in arrays))

    settings: dict[str, Any] = {"n_resamples": resamples, "batch": 500, "vectorized": vectorized}
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = bootstrap((items,), of, method="percentile", rng=np.random.default_rng(0), **settings)
        spread = drawn.bootstrap_distribution
        if np.ptp(spread) > 1e-12:  # else BCa would divide by nothing
            exact = bootstrap((items,), of, method="BCa", bootstrap_result=drawn, **settings | {"n_resamples": 0})
            drawn = drawn if np.isnan(exact.confidence_interval).any() else exact
    low, high = (float(bound) for bound in drawn.confidence_interval)
    return Interval(value, low, high)


def table_interval(statistic: Callable[[Any], Any], counts: Sequence[int], resamples: int = 9999) -> Interval:
    """A statistic of how many items fell into each cell, with its 95 % bootstrap interval over items (BCa, seed 0).

    Items of one cell are alike, so drawing items is drawing counts from the multinomial distribution. `statistic` takes
    an array of a table a row and returns a value a row; tables for which it is nan are left out. A point where the
    statistic never changes; the percentile interval where BCa has no answer. After Efron (1987), with the jackknife's
    acceleration. Raises `ValueError` where there is no item or the statistic is nan.
    """
    from scipy.stats import norm

    table = np.asarray(counts, int)
    items = int(table.sum())
    value = float(statistic(table[None].astype(float))[0]) if items else math.nan
    if math.isnan(value):
        raise ValueError(f"the statistic of {items} items is not defined")
    drawn = statistic(np.random.default_rng(0).multinomial(items, table / items, resamples).astype(float))
    drawn = drawn[~np.isnan(drawn)]
    weight = table[table > 0]
    left = statistic(table - np.eye(len(table))[table > 0])  # an item less, of each cell
    influence = float(weight @ left) / items - left
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = np.divide(weight @ influence**3, 6 * (weight @ influence**2) ** 1.5)
        near = np.isclose(drawn, value, rtol=0, atol=1e-12)
        bias = norm.ppf(np.mean((drawn < value) & ~near) + np.mean(near) / 2)
        normal = bias + np.array([-Z, Z])
        level = norm.cdf(bias + normal / (1 - skew * normal))
    if np.isnan(level).any():
        level = np.array([0.025, 0.975])
    low, high = np.quantile(drawn, level)
    return Interval(value, float(low), float(high))


def _table(truth: Sequence[Label], said: Sequence[Label | None]) -> Any:
    """How often each class that occurs was called what; the last column is for what is no such class, None among it."""
    if len(truth) != len(said) or not truth:
        raise ValueError(f"{len(said)} answers to {len(truth)} items; expected one each, and one at least")
    classes = {label: number for number, label in enumerate(sorted(set(truth)))}
    table = np.zeros((len(classes), len(classes) + 1), int)
    for true, answer in zip(truth, said, strict=True):
        table[classes[true], -1 if answer is None else classes.get(answer, -1)] += 1
    return table


def balanced_accuracy(truth: Sequence[Label], said: Sequence[Label | None]) -> Interval:
    """Mean recall over the classes that occur in `truth`, with its 95 % interval; None is invalid, and never right.

    The interval joins the Jeffreys intervals of the recalls by their squared distances (MOVER; Zou, Huang & Zhang 2009). Where
    classes are rare or nearly always right it holds the truth more often than the bootstrap, or than joined Wilson intervals,
    and it has a width where all are right. Raises `ValueError` where the two do not pair up.
    """
    from scipy.stats import beta

    table = _table(truth, said)
    right, count = table.diagonal(), table.sum(1)
    recall = right / count
    low = np.where(right > 0, beta.ppf(0.025, right + 0.5, count - right + 0.5), 0.0)
    high = np.where(right < count, beta.ppf(0.975, right + 0.5, count - right + 0.5), 1.0)
    mean = float(recall.mean())
    below, above = (math.sqrt(((recall - bound) ** 2).sum()) / len(table) for bound in (low, high))
    return Interval(mean, mean - below, mean + above)


def macro_f1(truth: Sequence[Label], said: Sequence[Label | None], resamples: int = 9999) -> Interval:
    """Mean F1 over the classes that occur in `truth`, with its 95 % bootstrap interval; None is invalid, and never right.

    Where all or none are right, where any resample would be too, F1 is the recall and has the interval of that.
    Raises `ValueError` where the two do not pair up.
    """
    table = _table(truth, said)
    kinds, right = len(table), int(np.trace(table))
    if right in (0, table.sum()):
        return balanced_accuracy(truth, said)

    def of(tables: Any) -> Any:
        cells = tables.reshape(-1, kinds, kinds + 1)
        true, called = cells.sum(2), cells.sum(1)[:, :kinds]
        scores = 2 * cells.diagonal(axis1=1, axis2=2) / np.maximum(true + called, 1)
        return (scores * (true > 0)).sum(1) / np.maximum((true > 0).sum(1), 1)

    return table_interval(of, table.ravel(), resamples)


def constant_answer(truth: Sequence[Label]) -> tuple[Label, float]:
    """The best constant answer (the most frequent label; of several the smallest) and its accuracy, a share.

    Raises `ValueError` for no values.
    """
    if not truth:
        raise ValueError("no values; expected one a patient")
    label, count = min(Counter(truth).items(), key=lambda item: (-item[1], item[0]))
    return label, count / len(truth)


def exact_p_vs_share(right: Sequence[bool], share: float) -> float:
    """Two-sided p of the exact binomial test of an accuracy against a share that is known beforehand, such as chance.

    A constant answer's share is counted on the same patients: there, `mcnemar_p(right, [t == label for t in truth])` is the
    test, since it knows which patients the constant gets right. Raises `ValueError` for no values or no share.
    """
    from scipy.stats import binomtest

    if not right or not 0 <= share <= 1:
        raise ValueError(f"{len(right)} answers against a share of {share}; expected one a patient and a share in [0, 1]")
    return float(binomtest(sum(right), len(right), share).pvalue)


def _discordant(right: Sequence[bool], base: Sequence[bool]) -> tuple[int, int]:
    """How many only the first, and only the second, got right."""
    if len(right) != len(base) or not right:
        raise ValueError(f"{len(right)} answers and {len(base)} of the base; expected one of each a patient")
    pairs = Counter((bool(a), bool(b)) for a, b in zip(right, base, strict=True))
    return pairs[True, False], pairs[False, True]


def difference_interval(right: Sequence[bool], base: Sequence[bool]) -> Interval:
    """The accuracy less that of the base on the same patients, with Tango's (1998) 95 % score interval for paired shares.

    It holds zero where McNemar's test without correction does not reject. Of Wald's, Bonett & Price's and Tango's intervals
    it is the one whose exact coverage stays nearest to 95 %. Raises `ValueError` where the two do not pair up.
    """
    from scipy.optimize import brentq

    won, lost = _discordant(right, base)
    n = len(right)
    mean = (won - lost) / n

    def score(d: float) -> float:
        b = (2 * n - won + lost) * d - won - lost
        least = (math.sqrt(max(b * b + 8 * n * lost * d * (1 - d), 0)) - b) / (4 * n)  # likeliest share of lost, given d
        return won - lost - n * d - math.copysign(Z, mean - d) * math.sqrt(max(n * (2 * least + d * (1 - d)), 0))

    tiny = 1e-12
    low = brentq(score, -1, mean - tiny) if mean > -1 else -1.0
    high = brentq(score, mean + tiny, 1) if mean < 1 else 1.0
    return Interval(mean, float(low), float(high))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p values: reject those of at most alpha, and the chance of any false rejection is at most alpha. None stays
    None and does not count as a test."""
    from statsmodels.stats.multitest import multipletests

    told = [p for p in ps if p is not None]
    adjusted = iter(multipletests(told, method="holm")[1] if told else [])
    return [None if p is None else float(next(adjusted)) for p in ps]


def mcnemar_p(right: Sequence[bool], base: Sequence[bool]) -> float:
    """Two-sided p of McNemar's exact test: of the patients on whom the two differ, how many go each way.

    Raises `ValueError` where the two do not pair up.
    """
    from scipy.stats import binomtest

    won, lost = _discordant(right, base)
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
