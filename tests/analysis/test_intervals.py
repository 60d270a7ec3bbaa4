"""Intervals over episodes.

1  of a mean, parts left out give what the textbook gives
2  a figure that counts repetitions is not fooled: the interval holds it and the truth
3  rows of one episode count as one: copying every row changes no width
"""

import random

import numpy as np
import pytest

from mentalarena.analysis.diversity import distinct
from mentalarena.analysis.intervals import as_json, from_json, of_parts, of_ratio
from mentalarena.evaluation.statistics import Interval


def test_1_a_mean_has_the_textbooks_standard_error() -> None:
    values = np.random.default_rng(3).normal(size=40)
    found = of_parts(lambda places: float(values[places].mean()), [str(n) for n in range(40)])
    assert found.mean == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std(ddof=1) / np.sqrt(40), rel=0.06)


def test_1_uneven_parts_shift_nothing() -> None:
    values = np.random.default_rng(4).normal(size=55)  # 40 parts of one or two
    found = of_parts(lambda places: float(values[places].mean()), [str(n) for n in range(55)])
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std(ddof=1) / np.sqrt(55), rel=0.25)
    size = of_parts(lambda places: 1 / len(places), [str(n) for n in range(55)])
    assert size.high - size.low < 1e-9


def test_2_distinct_n_lies_within_its_interval_and_so_does_the_truth() -> None:
    rng = random.Random(5)

    def drawn() -> list[str]:
        return [" ".join(rng.choices("abcdefghijklmnop", k=8)) for _ in range(50)]

    truth = float(np.mean([distinct(drawn(), 2) for _ in range(60)]))
    held = 0
    for _ in range(30):
        texts = drawn()
        found = of_parts(lambda places, t=texts: distinct([t[p] for p in places], 2), [str(n) for n in range(50)], 199)  # type: ignore[misc]
        assert found.low <= found.mean <= found.high
        held += found.low <= truth <= found.high
    assert held >= 26


def test_3_rows_of_an_episode_count_as_one() -> None:
    values = [float(v) for v in np.random.default_rng(6).normal(size=30)]
    names = [str(n) for n in range(30)]
    once = of_ratio(values, [1.0] * 30, names, 999)
    thrice = of_ratio(values * 3, [1.0] * 90, names * 3, 999)
    assert (thrice.mean, thrice.low, thrice.high) == pytest.approx((once.mean, once.low, once.high))
    apart = of_ratio(values * 3, [1.0] * 90, [str(n) for n in range(90)], 999)
    assert apart.high - apart.low < 0.7 * (once.high - once.low)


def test_a_ratio_is_of_sums_and_keeps_its_bounds_in_order() -> None:
    found = of_ratio([1.0, 5.0, 2.0], [1.0, 10.0, 1.0], ["a", "b", "c"], 199, lambda ratio: np.exp(-ratio))
    assert found.mean == pytest.approx(np.exp(-8 / 12))
    assert found.low <= found.mean <= found.high
    with pytest.raises(ValueError, match="no items"):
        of_parts(lambda places: 0.0, [])


def test_json_gives_back_what_it_was_given() -> None:
    told = {"a": Interval(0.5, 0.25, 1.0)}
    assert from_json(as_json(told)) == told
