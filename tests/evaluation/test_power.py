"""What McNemar's test can find: held against all that can happen, and against the test itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial, ttest_1samp

from mentalarena.evaluation.power import least_effect, least_paired_effect, mcnemar_power
from mentalarena.evaluation.statistics import mcnemar_p


def test_the_power_is_the_weight_of_all_tables_that_the_test_rejects() -> None:
    n, won, lost = 20, 0.5, 0.1
    weight = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            p = mcnemar_p([True] * b + [False] * (n - b), [False] * b + [True] * c + [False] * (n - b - c))
            weight += float(multinomial.pmf([b, c, n - b - c], n, [won, lost, 1 - won - lost])) * (p <= 0.05)
    assert mcnemar_power(n, won, lost) == pytest.approx(weight, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 300), st.floats(0, 0.5), st.sampled_from([0.05, 0.01]))
def test_without_an_effect_the_test_errs_at_most_as_often_as_it_says(n: int, side: float, alpha: float) -> None:
    assert 0 <= mcnemar_power(n, side, side, alpha) <= alpha + 1e-9


@settings(deadline=None, max_examples=20)
@given(st.integers(20, 2000), st.floats(0.05, 0.95))
def test_the_least_gain_has_just_the_power_and_nothing_less_has(n: int, base: float) -> None:
    gain = least_effect(n, base)
    if gain == math.inf:
        assert mcnemar_power(n, 1 - base, 0.0) < 0.8
        return
    won, lost = (base + gain) * (1 - base), base * (1 - base - gain)
    assert mcnemar_power(n, won, lost) == pytest.approx(0.8, abs=0.01)
    assert mcnemar_power(n, won - 0.1 * gain, lost + 0.1 * gain) < 0.8


def test_more_patients_and_fewer_who_differ_show_smaller_gains() -> None:
    by_size = [least_effect(n, 0.6) for n in (40, 173, 414, 2113)]
    assert by_size == sorted(by_size, reverse=True)
    by_differing = [least_effect(414, 0.6, differ) for differ in (0.1, 0.2, 0.4)]
    assert by_differing == sorted(by_differing)
    assert least_effect(414, 0.6, 0.2) < least_effect(414, 0.6), "independent errors are the cautious case"


def test_the_test_finds_the_least_gain_in_four_of_five_simulated_sets() -> None:
    n, differ = 173, 0.2
    gain = least_effect(n, 0.6, differ)
    tables = np.random.default_rng(0).multinomial(n, [(differ + gain) / 2, (differ - gain) / 2, 1 - differ], 600)
    found = [
        mcnemar_p([True] * b + [False] * (b0 := n - b), [False] * b + [True] * c + [False] * (b0 - c)) <= 0.05
        for b, c, _ in tables.tolist()
    ]
    assert 0.76 < float(np.mean(found)) < 0.85


def test_where_no_gain_can_be_found_the_least_is_infinite_and_shares_that_cannot_be_are_an_error() -> None:
    assert least_effect(40, 0.98) == math.inf
    assert least_effect(5, 0.5, 0.5) == math.inf, "five patients are never enough"
    for n, base, differ in ((0, 0.5, None), (40, 1.5, None), (40, 0.95, 0.5)):
        with pytest.raises(ValueError, match="shares that can be"):
            least_effect(n, base, differ)


def test_the_least_paired_difference_is_found_by_the_t_test_in_four_of_five_simulated_sets() -> None:
    for n, alpha in ((17, 0.05), (46, 0.05 / 28)):
        drawn = np.random.default_rng(0).normal(least_paired_effect(n, alpha), 1, (4000, n))
        assert 0.77 < float(np.mean(ttest_1samp(drawn, 0, axis=1).pvalue <= alpha)) < 0.83


def test_more_pairs_show_smaller_differences_and_two_show_none() -> None:
    by_size = [least_paired_effect(n) for n in (3, 6, 17, 46, 1000)]
    assert by_size == sorted(by_size, reverse=True)
    assert by_size[-1] == pytest.approx(2.8 / math.sqrt(1000), rel=0.01)
    assert least_paired_effect(2) == math.inf
    assert least_paired_effect(17, 0.001) > least_paired_effect(17)
