"""Intervals of figures about sets of rows. The unit is the episode: rows of one talk hang together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentalarena.evaluation.statistics import Interval, mean_interval, resampled

PARTS = 40
"""Parts at most that are left out in turn: a figure of n texts then costs 40 computations, not n."""


def of_parts(
    statistic: Callable[[NDArray[np.int64]], float],
    groups: Sequence[str],
    resamples: int = 9999,
    least: float = -np.inf,
    most: float = np.inf,
) -> Interval:
    """A figure of a set of items, with a 95 % interval over their groups (episodes), cut to [least, most].

    `statistic` takes the places of the items that count. The ordinary bootstrap draws items twice, and a figure that counts
    repetitions would take its own copies for them. So each part of the groups is left out once (delete-a-group jackknife; Kott
    2001), and the bootstrap draws from the pseudo-values, set about the figure itself. A point where there are
    fewer than three groups; parts without which the figure is not defined (nan) are passed over.
    Raises `ValueError` for no items, and what the statistic raises.
    """
    if not len(groups):
        raise ValueError("no items; expected one at least")
    labels, codes = np.unique(np.asarray(groups, object).astype(str), return_inverse=True)
    value = float(statistic(np.arange(len(groups))))
    if len(labels) < 3:
        return Interval(value, value, value)
    parts = np.array_split(np.random.default_rng(0).permutation(len(labels)), min(PARTS, len(labels)))
    left = np.array([statistic(np.flatnonzero(~np.isin(codes, part))) for part in parts])
    # parts may differ by one group; a figure that leans on the number of items shifts all pseudo-values alike (Busing 1999)
    pseudo = (len(labels) / np.array([len(part) for part in parts]) - 1) * (value - left)
    pseudo = pseudo[np.isfinite(pseudo)]
    found = mean_interval(list(value + pseudo - pseudo.mean()), resamples)
    # pseudo-values are rounded: the figure itself is never outside
    return Interval(value, min(value, max(found.low, least)), max(value, min(found.high, most)))


def of_ratio(
    sums: Sequence[float],
    weights: Sequence[float],
    groups: Sequence[str],
    resamples: int = 9999,
    of: Callable[[Any], Any] = lambda ratio: ratio,
) -> Interval:
    """`of` (monotone) of the sum of `sums` over the sum of `weights`, with a 95 % bootstrap interval over groups.

    A mean over rows, clustered by episode, has weights of 1; a perplexity has tokens. Raises `ValueError` for no items.
    """
    totals: dict[str, list[float]] = {}
    for value, weight, group in zip(sums, weights, groups, strict=True):
        total = totals.setdefault(group, [0.0, 0.0])
        total[0] += value
        total[1] += weight
    pairs = list(totals.values())
    found = resampled(
        lambda value, weight: of(value.sum(-1) / weight.sum(-1)),
        [value for value, _ in pairs],
        [weight for _, weight in pairs],
        resamples=resamples,
        vectorized=True,
    )
    return Interval(found.mean, *sorted((found.low, found.high)))


def as_json(measured: Mapping[str, Interval]) -> dict[str, list[float]]:
    """{name: [value, low, high]}."""
    return {name: [found.mean, found.low, found.high] for name, found in measured.items()}


def from_json(told: Mapping[str, Sequence[float]]) -> dict[str, Interval]:
    """What `as_json` wrote."""
    return {name: Interval(*map(float, values)) for name, values in told.items()}
