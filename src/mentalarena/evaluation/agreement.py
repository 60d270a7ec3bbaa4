"""How far do raters agree beyond chance? Cohen's kappa for two, Krippendorff's alpha for more and for missing ratings.

1 is perfect, 0 is what chance gives. Intervals are 95 % bootstrap intervals over items (seed 0). They are too narrow where a
label is rare and items are few: with 60 items, one in ten of the rarer label and a kappa of 0.3, 90 % hold it
(`benchmarks/coverage.py`), with 40 items fewer than 80 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mentalarena.evaluation.statistics import Interval, Label, share_interval, table_interval

Level = Literal["nominal", "ordinal", "interval"]


def cohen_kappa(first: Sequence[Label | None], second: Sequence[Label | None], resamples: int = 9999) -> Interval:
    """Cohen's kappa of two raters, unweighted; items that one of them did not rate (None) are left out.

    Zero where one rater gives all items the same label. Resamples in which both do are left out. Where the two agree on every
    item the bootstrap would be a point: there the interval is that of Wilson for the agreement, with chance agreement as found.
    Raises `ValueError` where the two do not pair up, rated no item in common, or gave all of them one and the same label.
    """
    from sklearn.metrics import confusion_matrix

    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings; expected one of each rater an item")
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not pairs:
        raise ValueError("no item that both raters rated; expected one at least")
    one: list[Label] = [a for a, _ in pairs]
    two: list[Label] = [b for _, b in pairs]
    kinds = len({*one, *two})
    if kinds == 1:
        raise ValueError(f"all {len(pairs)} items have one label; agreement beyond chance is not defined")

    def of(tables: Any) -> Any:
        cells = tables.reshape(-1, kinds, kinds)
        n = cells.sum((1, 2))
        chance = (cells.sum(1) * cells.sum(2)).sum(1) / n**2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(chance < 1, (cells.trace(axis1=1, axis2=2) / n - chance) / (1 - chance), np.nan)

    table = confusion_matrix(one, two)
    if table.trace() == len(pairs):
        least, chance = share_interval([True] * len(pairs)).low, float(((table.sum(0) / len(pairs)) ** 2).sum())
        return Interval(1.0, (least - chance) / (1 - chance), 1.0)
    return table_interval(of, table.ravel(), resamples)


def krippendorff_alpha(
    ratings: Sequence[Sequence[Label | None]], level: Level = "nominal", resamples: int = 999
) -> Interval:
    """Krippendorff's alpha of any number of raters; a row a rater, a column an item, None where a rater was not asked.

    Ordinal labels stand in their own order (numbers, or strings in that of the alphabet); interval labels are numbers.
    Items with fewer than two ratings do not count. Percentile interval, a point where all agree, which says nothing
    of how many more items they would agree on; resamples with one label only are left out.
    Raises `ValueError` for fewer than two raters, rows of unequal length, no item with two ratings, or one label in all;
    `ConfigError` where krippendorff is not installed.
    """
    from mentalarena.models.backends import need_extra

    need_extra("eval", ("krippendorff",), "Krippendorff's alpha")
    import krippendorff

    if len(ratings) < 2 or len({len(row) for row in ratings}) > 1:
        raise ValueError(
            f"raters with {[len(row) for row in ratings]} items; expected two raters or more with as many each"
        )
    items = [[label for label in item if label is not None] for item in zip(*ratings, strict=True)]
    items = [item for item in items if len(item) > 1]
    domain = sorted({label for item in items for label in item})
    if not items:
        raise ValueError("no item that two raters rated; expected one at least")
    if len(domain) == 1:
        raise ValueError(f"all {len(items)} items have one label; agreement beyond chance is not defined")
    counts = np.array([[item.count(label) for label in domain] for item in items])
    values = np.array(domain) if level == "interval" else np.arange(len(domain))

    def of(rows: Any) -> float:
        return float(krippendorff.alpha(value_counts=rows, value_domain=values, level_of_measurement=level))

    rng = np.random.default_rng(0)
    drawn = [counts[rng.integers(len(counts), size=len(counts))] for _ in range(resamples)]
    low, high = np.quantile([of(rows) for rows in drawn if (rows.sum(0) > 0).sum() > 1], [0.025, 0.975])
    return Interval(of(counts), float(low), float(high))
