"""Intervals and tests: held against what is known in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.evaluation.statistics import mcnemar_p, mean_interval, paired_p, seed_interval, share_interval

SHARES = st.lists(st.floats(0, 1, allow_nan=False), min_size=2, max_size=30)


@settings(deadline=None, max_examples=30)
@given(SHARES)
def test_the_interval_holds_the_mean_and_stays_within_the_data(values: list[float]) -> None:
    found = mean_interval(values, resamples=199)
    assert min(values) - 1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= max(values) + 1e-9


def test_the_interval_is_near_the_normal_one_for_many_patients() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    found = mean_interval(list(values), resamples=1999)
    half = 1.96 * values.std(ddof=1) / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.25 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.25 * half)


def test_equal_values_have_a_point_for_an_interval() -> None:
    assert mean_interval([0.25] * 9) == mean_interval([0.25])


def test_no_values_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected one a patient"):
        mean_interval([])


@settings(deadline=None, max_examples=20)
@given(SHARES)
def test_a_model_does_not_differ_from_itself(values: list[float]) -> None:
    assert paired_p(values, values, resamples=99) == 1.0


def test_a_few_patients_are_tested_exactly() -> None:
    """Six differences of one sign: 2 of the 64 sign patterns are as extreme."""
    assert paired_p([0.5] * 6, [0.1, 0.2, 0.3, 0.15, 0.25, 0.35]) == pytest.approx(2 / 64)


def test_pairs_that_differ_in_number_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected one of each"):
        paired_p([0.1, 0.2], [0.1])


def test_p_values_of_no_effect_are_spread_evenly() -> None:
    rng = np.random.default_rng(2)
    found = [paired_p(list(rng.random(20)), list(rng.random(20)), resamples=199) for _ in range(100)]
    assert 0.3 < float(np.mean(found)) < 0.7
    assert sum(p <= 0.1 for p in found) <= 22


def test_mcnemar_counts_only_the_patients_on_whom_two_models_differ() -> None:
    """Eight won and none lost: 2 of 256 ways are as extreme; ties of either kind change nothing."""
    won = [True] * 8 + [True, False] * 20
    lost = [False] * 8 + [True, False] * 20
    assert mcnemar_p(won, lost) == pytest.approx(2 / 256) == mcnemar_p(lost, won)
    assert mcnemar_p(won, won) == 1.0
    with pytest.raises(ValueError, match="expected one of each"):
        mcnemar_p([True], [])


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_share_lies_in_its_interval_even_at_the_ends(right: list[bool]) -> None:
    found = share_interval(right)
    assert found.mean == sum(right) / len(right)
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1
    assert found.high - found.low > 0.05, "even all right of 60 is no certainty"


def test_wilsons_interval_is_the_textbooks() -> None:
    """Newcombe (1998), table I: 81 of 263."""
    found = share_interval([True] * 81 + [False] * 182)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_the_interval_over_seeds_is_students_and_holds_the_truth_as_often_as_it_says() -> None:
    found = seed_interval([0.105, 0.18, 0.275])
    assert (found.mean, found.low, found.high) == pytest.approx((0.1867, -0.0250, 0.3983), abs=1e-4)
    rng = np.random.default_rng(4)
    inside = [(i := seed_interval(list(rng.normal(0.2, 0.1, 3)))).low < 0.2 < i.high for _ in range(400)]
    assert 0.92 < float(np.mean(inside)) < 0.98
    with pytest.raises(ValueError, match="expected at least two"):
        seed_interval([0.1])
