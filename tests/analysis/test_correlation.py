"""Signals against the gain that followed.

1  a signal is held against the next gain, never its own
2  Spearman is scipy's, ties too; drawing whole runs twice is counting them twice
3  no interval from few runs, no figure from few points
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mentalarena.analysis.correlation import Point, _rhos, correlation, correlations, points, spearman
from mentalarena.analysis.signals import Signals
from mentalarena.evaluation.statistics import Interval


def history(values: list[float], gains: list[float]) -> list[Signals]:
    """`gains[i]` is what iteration i's rows brought."""
    found = []
    for number in range(len(values) + 1):
        measured = {"spread": Interval(values[number], 0.0, 1.0)} if number < len(values) else {}
        if number:
            measured["score_change"] = Interval(gains[number - 1], 0.0, 1.0)
        found.append(Signals(number, measured=measured))
    return found


def test_1_a_signal_meets_the_gain_that_followed() -> None:
    assert points({"a": history([0.1, 0.2], [1.0, 2.0])}, "spread") == [Point("a", 0, 0.1, 1.0), Point("a", 1, 0.2, 2.0)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
def test_2_it_is_scipys(pairs: list[tuple[int, int]]) -> None:
    first, second = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    own = spearman(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert own is None
    else:
        assert own == pytest.approx(spearmanr(first, second).statistic, abs=1e-9)


def test_2_a_weight_is_a_repetition() -> None:
    first, second, weights = [1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 4.0], [2, 0, 1, 3]
    again = [np.repeat(side, weights) for side in (first, second)]
    assert _rhos(first, second, np.array([weights], float))[0] == pytest.approx(spearmanr(*again).statistic)


def test_3_enough_runs_have_an_interval() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 2))
    runs = {f"run {n}": history(list(v), list(v + 0.3 * rng.normal(size=2))) for n, v in enumerate(values)}
    [found] = correlations(runs, 999)
    assert (found.signal, found.n, found.runs) == ("spread", 24, 12)
    assert found.rho is not None
    assert found.low is not None
    assert found.high is not None
    assert 0.5 < found.low <= found.rho <= found.high <= 1
    few = correlation("spread", points(dict(list(runs.items())[:3]), "spread"), 99)
    assert few.rho is not None
    assert few.low is few.high is None


def test_3_few_points_have_no_figure() -> None:
    assert correlations({"a": history([0.1, 0.2], [1.0, 2.0])}) == []
    assert correlation("spread", []).rho is None


def test_3_what_only_changes_over_time_is_told_apart() -> None:
    runs = {f"{n}": history([1.0, 0.5], [0.4, 0.1]) for n in range(5)}
    [found] = correlations(runs, 99)
    assert found.rho == pytest.approx(1)
    assert found.within is None
