"""Agreement beyond chance: held against published figures, and against data whose agreement is known."""

import math
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from mentalarena.evaluation.agreement import cohen_kappa, krippendorff_alpha

CODERS: list[list[int | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C."""


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_kappa_is_sklearns_and_lies_in_its_interval(pairs: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assume(len({*first, *second}) > 1)
    found = cohen_kappa(first, second, resamples=199)
    assert found.mean == pytest.approx(cohen_kappa_score(first, second))
    assert -1 - 1e-9 <= found.low <= found.high <= 1


def test_kappa_of_a_table_by_hand() -> None:
    """20 both yes, 15 both no, 5 and 10 apart: agreement 0.7, by chance 0.5."""
    first, second = ["y"] * 25 + ["n"] * 25, ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    found = cohen_kappa(first, second)
    assert found.mean == pytest.approx(0.4)
    assert (found.low, found.high) == pytest.approx((0.4 - 1.96 * 0.127, 0.4 + 1.96 * 0.127), abs=0.03)


def test_full_agreement_is_one_and_more_items_make_it_surer() -> None:
    few, many = cohen_kappa(["a", "b"] * 5, ["a", "b"] * 5), cohen_kappa(["a", "b"] * 50, ["a", "b"] * 50)
    assert few.mean == few.high == many.mean == 1
    assert few.low < many.low < 1


def test_a_rater_who_always_says_the_same_agrees_by_chance() -> None:
    assert cohen_kappa(["a"] * 10, ["a", "b"] * 5).mean == 0


def test_items_that_one_did_not_rate_are_left_out_of_kappa() -> None:
    first, second = ["a", "b", "a", "b", "a"], ["a", "b", "b", "b", "a"]
    assert cohen_kappa([*first, None, "a"], [*second, "b", None]) == cohen_kappa(first, second)


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_krippendorffs(level: Literal["nominal", "ordinal", "interval"], alpha: float) -> None:
    found = krippendorff_alpha(CODERS, level, resamples=99)
    assert found.mean == pytest.approx(alpha, abs=6e-4)
    assert found.low < found.mean < found.high


def test_alpha_of_labels_needs_no_numbers_and_order_of_items_does_not_matter() -> None:
    named = [[None if label is None else "?abcde"[label] for label in row] for row in CODERS]
    turned = [row[::-1] for row in CODERS]
    assert krippendorff_alpha(named, resamples=99) == krippendorff_alpha(CODERS, resamples=99)
    assert krippendorff_alpha(turned, resamples=99).mean == pytest.approx(krippendorff_alpha(CODERS, resamples=99).mean)


@pytest.mark.parametrize(
    ("ratings", "said"),
    [
        ([["a", "b"]], "two raters or more"),
        ([["a", "b"], ["a"]], "as many each"),
        ([["a", None], [None, "b"]], "no item that two raters rated"),
        ([["a", "a"], ["a", "a"]], "have one label"),
    ],
)
def test_where_agreement_is_not_defined_one_line_says_why(ratings: list[list[str | None]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        krippendorff_alpha(ratings)


def test_kappa_is_not_defined_for_one_label_for_no_item_and_for_raters_who_do_not_pair_up() -> None:
    for first, second, said in (
        (["a"], ["a"], "one label"),
        ([None], ["a"], "no item"),
        (["a"], ["a", "b"], "one of each"),
    ):
        with pytest.raises(ValueError, match=said):
            cohen_kappa(first, second)


def test_both_hold_the_truth_as_often_as_they_say() -> None:
    """Raters who know the label with chance r, and else guess, agree beyond chance by r squared."""
    rng = np.random.default_rng(0)

    def rated(raters: int) -> Any:
        true, guess = rng.choice(3, 120, p=[0.5, 0.3, 0.2]), rng.choice(3, (raters, 120), p=[0.5, 0.3, 0.2])
        return np.where(rng.random((raters, 120)) < math.sqrt(0.6), true, guess).tolist()

    pairs = [rated(2) for _ in range(400)]
    kappas = [cohen_kappa(first, second, resamples=499) for first, second in pairs]
    assert 0.925 < np.mean([k.low <= 0.6 <= k.high for k in kappas]) < 0.975
    alphas = [krippendorff_alpha(rated(3), resamples=99) for _ in range(100)]
    assert 0.87 < np.mean([a.low <= 0.6 <= a.high for a in alphas]) < 0.99
