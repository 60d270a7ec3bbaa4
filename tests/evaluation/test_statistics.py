"""Intervals and tests: held against what is known in closed form."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, bootstrap
from sklearn.metrics import balanced_accuracy_score, f1_score
from statsmodels.stats.multitest import multipletests

from mentalarena.evaluation.statistics import (
    Interval,
    balanced_accuracy,
    constant_answer,
    difference_interval,
    exact_p_vs_share,
    holm,
    macro_f1,
    mcnemar_p,
    mean_interval,
    paired_p,
    resampled,
    share_interval,
    t_interval,
    table_interval,
)

SHARES = st.lists(st.floats(0, 1, allow_nan=False), min_size=2, max_size=30)
PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
ANSWERS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["a", "b", "c", "d", "e", None])), min_size=1, max_size=60
)


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
    found = t_interval([0.105, 0.18, 0.275])
    assert (found.mean, found.low, found.high) == pytest.approx((0.1867, -0.0250, 0.3983), abs=1e-4)
    rng = np.random.default_rng(4)
    inside = [(i := t_interval(list(rng.normal(0.2, 0.1, 3)))).low < 0.2 < i.high for _ in range(400)]
    assert 0.92 < float(np.mean(inside)) < 0.98
    with pytest.raises(ValueError, match="expected at least two"):
        t_interval([0.1])


def near(one: Interval, two: Interval, within: float = 1e-9) -> bool:
    return (one.mean, one.low, one.high) == pytest.approx((two.mean, two.low, two.high), abs=within)


def test_a_resampled_mean_has_the_interval_of_a_mean_item_by_item_or_as_vectors() -> None:
    values = np.random.default_rng(5).random(40).tolist()
    single = resampled(np.mean, values, resamples=999)
    assert near(single, resampled(lambda rows: rows.mean(-1), values, resamples=999, vectorized=True))
    assert near(single, mean_interval(values, 999))


def test_columns_are_resampled_together() -> None:
    """A correlation of one stays one in every resample only if rows are kept whole."""
    values = np.random.default_rng(6).random(30)

    def correlation(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.corrcoef(x, y)[0, 1])

    assert near(resampled(correlation, values.tolist(), (2 * values).tolist(), resamples=199), Interval(1, 1, 1))
    with pytest.raises(ValueError, match="as many in each"):
        resampled(correlation, [1.0, 2.0], [1.0])


def test_drawing_counts_is_drawing_items() -> None:
    """The interval from counts against SciPy's BCa from the items themselves, for a skewed share."""
    items = np.repeat([0.0, 1.0, 3.0], [60, 25, 8])
    counted = table_interval(lambda t: t @ np.array([0.0, 1.0, 3.0]) / t.sum(1), [60, 25, 8])
    low, high = bootstrap((items,), np.mean, rng=np.random.default_rng(1)).confidence_interval
    assert near(counted, Interval(items.mean(), low, high), within=0.012), "a twentieth of the width"


@settings(deadline=None, max_examples=60)
@given(ANSWERS)
def test_class_averages_are_sklearns_and_lie_in_their_intervals(pairs: list[tuple[str, str | None]]) -> None:
    truth, said = [t for t, _ in pairs], [s for _, s in pairs]
    classes, plain = sorted(set(truth)), [s or "none" for s in said]
    f1, balanced = macro_f1(truth, said, resamples=199), balanced_accuracy(truth, said)
    assert f1.mean == pytest.approx(f1_score(truth, plain, labels=classes, average="macro", zero_division=0))
    recalls = [np.mean([s == t for t, s in pairs if t == kind]) for kind in classes]
    assert balanced.mean == pytest.approx(float(np.mean(recalls)))
    assert 0 <= balanced.low <= balanced.mean <= balanced.high <= 1
    assert balanced.high - balanced.low > 0.02, "even all right of 60 is no certainty"
    assert 0 <= f1.low <= f1.high <= 1
    if set(plain) <= set(classes) and len(classes) > 1:
        assert balanced.mean == pytest.approx(balanced_accuracy_score(truth, plain))


def test_an_invalid_answer_is_wrong_and_a_label_that_never_occurs_is_no_class() -> None:
    assert balanced_accuracy(["a", "a", "b"], ["a", None, "b"]).mean == pytest.approx(0.75)
    assert macro_f1(["a", "a", "b"], ["a", "z", "b"]).mean == pytest.approx((2 / 3 + 1) / 2)
    with pytest.raises(ValueError, match="expected one each"):
        macro_f1(["a"], [])


def test_one_answer_to_all_has_a_balanced_accuracy_of_chance() -> None:
    assert balanced_accuracy(["a"] * 90 + ["b"] * 10, ["a"] * 100).mean == 0.5


def test_two_thousand_items_take_no_second() -> None:
    """No item is drawn: 9,999 resamples of 2,113 items cost as much as those of 40."""
    import time

    rng = np.random.default_rng(7)
    truth = rng.integers(0, 4, 2113).tolist()
    began = time.process_time()
    found = macro_f1(truth, [t if r < 0.6 else 0 for t, r in zip(truth, rng.random(2113), strict=True)])
    assert time.process_time() - began < 1
    assert 0.01 < found.high - found.low < 0.06


def test_the_best_constant_answer_is_the_most_frequent_and_of_several_the_smallest() -> None:
    assert constant_answer(["b", "a", "b", "c"]) == ("b", 0.5)
    assert constant_answer([3, 1, 3, 1]) == (1, 0.5)
    with pytest.raises(ValueError, match="expected one a patient"):
        constant_answer([])


def test_an_accuracy_is_tested_against_a_known_share_exactly() -> None:
    assert exact_p_vs_share([True] * 10, 0.5) == pytest.approx(2 / 1024)
    assert exact_p_vs_share([True, False] * 5, 0.5) == 1.0
    with pytest.raises(ValueError, match="share in"):
        exact_p_vs_share([True], 1.5)


def test_tangos_interval_is_the_textbooks() -> None:
    """Fagerland, Lydersen & Laake (2014): of 21, one only before and seven only after; Tango's interval -0.517 to -0.026."""
    found = difference_interval([True] + [False] * 7 + [True] + [False] * 12, [False] + [True] * 7 + [True] + [False] * 12)
    assert (found.low, found.high) == pytest.approx((-0.517, -0.026), abs=6e-4)


@settings(deadline=None)
@given(PAIRS)
def test_a_difference_lies_in_its_interval_which_is_mirrored_and_agrees_with_the_score_test(
    pairs: list[tuple[bool, bool]],
) -> None:
    right, base = [a for a, _ in pairs], [b for _, b in pairs]
    found, mirrored = difference_interval(right, base), difference_interval(base, right)
    assert found.mean == pytest.approx(np.mean(right) - np.mean(base))
    assert -1 <= found.low <= found.mean <= found.high <= 1
    assert found.high - found.low > 0.05, "even 60 that tie are no certainty"
    assert near(mirrored, Interval(-found.mean, -found.high, -found.low), within=1e-6)
    won, lost = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    score = (won - lost) ** 2 / (won + lost) if won + lost else 0.0
    if abs(score - 1.96**2) > 0.01:
        assert (found.low <= 0 <= found.high) == (score < 1.96**2)


def test_holm_multiplies_by_how_many_are_left_and_never_falls() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert holm([0.01, 0.011, 0.9]) == pytest.approx([0.03, 0.03, 0.9])
    assert holm([None]) == [None]
    assert holm([]) == []


@settings(deadline=None, max_examples=15)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8))
def test_holm_never_lowers_a_p_and_what_is_none_stays_and_does_not_count(ps: list[float | None]) -> None:
    found = holm(ps)
    assert [p is None for p in found] == [p is None for p in ps]
    told, adjusted = [p for p in ps if p is not None], [p for p in found if p is not None]
    assert adjusted == pytest.approx([p for p in holm(told) if p is not None])
    assert all(p <= a <= 1 for p, a in zip(told, adjusted, strict=True))
    if told:
        assert adjusted == pytest.approx(multipletests(told, method="holm")[1].tolist())
        assert min(adjusted) == pytest.approx(min(1.0, len(told) * min(told)))


def test_of_many_tests_without_effect_holm_lets_hardly_any_through() -> None:
    rng = np.random.default_rng(8)
    families = rng.random((200, 24))
    found = [min(p for p in holm(ps.tolist()) if p is not None) <= 0.05 for ps in families]
    assert binomtest(sum(found), 200, 0.05, "greater").pvalue > 0.001
    assert np.mean(families.min(1) <= 0.05) > 0.5, "without it most families have a false find"


def covers(draw: Callable[[np.random.Generator], Interval], truth: float, sets: int = 400) -> float:
    """The share of drawn data sets whose interval holds the truth."""
    rng = np.random.default_rng(9)
    return float(np.mean([(found := draw(rng)).low <= truth <= found.high for _ in range(sets)]))


def test_class_averages_hold_the_truth_as_often_as_they_say() -> None:
    """Three classes, recall 0.8, errors even between the others. Of 400 sets 92.8 to 97.2 % is two standard errors."""

    def drawn(rng: np.random.Generator) -> tuple[list[int], list[int]]:
        truth = rng.choice(3, 173, p=[0.6, 0.3, 0.1])
        return truth.tolist(), ((truth + rng.choice(3, 173, p=[0.8, 0.1, 0.1])) % 3).tolist()

    share = np.array([0.6, 0.3, 0.1])
    f1 = float(np.mean(2 * 0.8 * share / (share + 0.8 * share + 0.1 * (1 - share))))
    assert 0.925 < covers(lambda rng: balanced_accuracy(*drawn(rng)), 0.8) < 0.975
    assert 0.925 < covers(lambda rng: macro_f1(*drawn(rng), resamples=499), f1) < 0.975


def test_differences_and_means_hold_the_truth_as_often_as_they_say() -> None:
    def compared(rng: np.random.Generator) -> Interval:
        won, lost, _ = rng.multinomial(173, [0.15, 0.05, 0.8])
        return difference_interval(
            [True] * won + [False] * (173 - won), [False] * won + [True] * lost + [False] * (173 - won - lost)
        )

    assert 0.925 < covers(compared, 0.1, 1000) < 0.975
    assert 0.925 < covers(lambda rng: mean_interval(rng.beta(2, 2, 64).tolist(), 499), 0.5) < 0.975


@pytest.mark.parametrize(("n", "p"), [(40, 0.5), (173, 0.3), (173, 0.95), (314, 0.8)])
def test_wilsons_interval_holds_the_truth_as_often_as_it_says_exactly(n: int, p: float) -> None:
    inside = [(i := share_interval([True] * k + [False] * (n - k))).low <= p <= i.high for k in range(n + 1)]
    assert 0.93 < float(binom.pmf(np.arange(n + 1), n, p) @ np.array(inside)) < 0.97
