"""Permutation tests within persons and effect sizes.

1  each test has the p that all swaps together give, and is the known test where there is one
2  a test never leans to a side, and without any difference its p is 1
3  effect sizes keep to their scale, turn their sign with the data, and are undefined where nothing varies
4  what does not pair up is an error
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import SquareTable

from mentalarena.analysis.effects import cohen_h, d_z, moved_share, pick_p, rank_biserial, shift_p, swap_p, within_p
from mentalarena.evaluation.statistics import mcnemar_p

SWAPS = 4999
numbers = st.lists(st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=8)
names = st.sampled_from(["panic disorder", "insomnia", None])


def near(p: float, exact: float) -> bool:
    """Within five Monte Carlo errors, and the one that is added."""
    return abs(p - exact) <= 5 * math.sqrt(exact * (1 - exact) / SWAPS) + 2 / SWAPS


@settings(max_examples=40)
@given(numbers)
def test_1_swaps_are_all_signs(differences: list[float]) -> None:
    told = np.array(differences)
    signs = np.array(list(itertools.product((-1, 1), repeat=len(told))))
    exact = float(np.mean(np.abs(signs @ told) >= abs(told.sum()) - 1e-9))
    assert near(swap_p(differences, SWAPS), exact)
    assert near(pick_p(differences, [[0.0]] * len(differences), SWAPS), exact)


@settings(max_examples=40)
@given(st.lists(st.lists(st.floats(-1, 1).map(lambda x: round(x, 2)), min_size=3, max_size=3), min_size=1, max_size=5))
def test_1_picks_are_all_values_that_a_person_could_have_had(people: list[list[float]]) -> None:
    def statistic(places: tuple[int, ...]) -> float:
        return sum(own[n] - (sum(own) - own[n]) / 2 for own, n in zip(people, places, strict=True))

    drawn = [statistic(places) for places in itertools.product(range(3), repeat=len(people))]
    exact = float(np.mean([abs(one) >= abs(drawn[0]) - 1e-9 for one in drawn]))
    assert near(pick_p([own[0] for own in people], [own[1:] for own in people], SWAPS), exact)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_1_of_shares_met_once_in_each_way_it_is_mcnemars_exact_test(people: list[tuple[bool, bool]]) -> None:
    own, other = [[a] for a, _ in people], [[b] for _, b in people]
    assert near(within_p(own, other, SWAPS), mcnemar_p([a for a, _ in people], [b for _, b in people]))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.lists(st.booleans(), min_size=1, max_size=3), st.booleans()), min_size=1, max_size=5))
def test_1_of_shares_met_oftener_in_one_way_it_counts_all_ways_to_deal_the_answers(
    people: list[tuple[list[bool], bool]],
) -> None:
    def statistic(others: tuple[int, ...]) -> float:
        found = 0.0
        for (many, one), other in zip(people, others, strict=True):
            answers = [*many, one]
            found += (sum(answers) - answers[other]) / len(many) - answers[other]
        return found

    dealt = itertools.product(*(range(len(many) + 1) for many, _ in people))
    observed = abs(statistic(tuple(len(many) for many, _ in people)))
    exact = float(np.mean([abs(statistic(others)) >= observed - 1e-9 for others in dealt]))
    assert near(within_p([many for many, _ in people], [[one] for _, one in people], SWAPS), exact)


@settings(max_examples=40)
@given(st.lists(st.tuples(names, names), min_size=1, max_size=25))
def test_1_a_shift_between_two_names_is_mcnemars_exact_test(said: list[tuple[str | None, str | None]]) -> None:
    two = [(a or "insomnia", b or "insomnia") for a, b in said]
    exact = mcnemar_p([b == "insomnia" for _, b in two], [a == "insomnia" for a, _ in two])
    assert near(shift_p([a for a, _ in two], [b for _, b in two], SWAPS), exact)


def test_1_of_many_people_a_shift_has_the_p_of_the_stuart_maxwell_test() -> None:
    rng = np.random.default_rng(3)
    before = rng.choice(4, 600, p=[0.45, 0.45, 0.05, 0.05])
    after = np.where(rng.random(600) < 0.3, rng.choice(4, 600, p=[0.42, 0.42, 0.1, 0.06]), before)
    table = np.zeros((4, 4))
    np.add.at(table, (before, after), 1)
    expected = SquareTable(table, shift_zeros=False).homogeneity(method="stuart_maxwell").pvalue
    assert 0.005 < expected < 0.2
    assert shift_p([str(b) for b in before], [str(a) for a in after], SWAPS) == pytest.approx(expected, abs=0.015)


@settings(max_examples=40)
@given(numbers, st.lists(st.tuples(names, names), min_size=1, max_size=12))
def test_2_no_test_leans_to_a_side_and_without_a_difference_p_is_1(
    differences: list[float], said: list[tuple[str | None, str | None]]
) -> None:
    assert swap_p(differences, 199) == swap_p([-d for d in differences], 199)
    before, after = [a for a, _ in said], [b for _, b in said]
    assert shift_p(before, after, 199) == shift_p(after, before, 199)
    assert swap_p([0.0] * 5, 199) == pick_p([0.3] * 5, [[0.3, 0.3]] * 5, 199) == shift_p(before, before, 199) == 1.0
    assert within_p([[True, False]] * 4, [[True, False]] * 4, 199) == 1.0
    assert 0 < swap_p(differences, 199) <= 1


@given(numbers)
def test_3_effect_sizes_keep_to_their_scale_and_turn_their_sign(differences: list[float]) -> None:
    turned = [-d for d in differences]
    for effect in (d_z, rank_biserial):
        found, other = effect(differences), effect(turned)
        assert (found is None) == (other is None)
        if found is not None and other is not None:
            assert found == pytest.approx(-other)
    found = rank_biserial(differences)
    assert found is None or -1 <= found <= 1


@given(st.floats(0, 1), st.floats(0, 1))
def test_3_cohens_h_turns_its_sign_and_is_at_most_pi(share: float, base: float) -> None:
    assert cohen_h(share, base) == pytest.approx(-cohen_h(base, share))
    assert abs(cohen_h(share, base)) <= math.pi + 1e-9


def test_3_effect_sizes_of_known_data() -> None:
    assert d_z([1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert rank_biserial([1.0, 2.0, 3.0]) == 1.0
    assert rank_biserial([1.0, -2.0, 3.0]) == pytest.approx((1 - 2 + 3) / 6)
    assert rank_biserial([0.0, 0.0]) is d_z([0.5, 0.5]) is d_z([0.5]) is None
    assert cohen_h(0.5, 0.0) == pytest.approx(math.pi / 2)


@settings(max_examples=40)
@given(st.lists(st.tuples(names, names), min_size=1, max_size=12))
def test_3_a_moved_share_is_half_the_distance_of_the_names(said: list[tuple[str | None, str | None]]) -> None:
    before, after = [a for a, _ in said], [b for _, b in said]
    found = moved_share(before, after, 99)
    distance = sum(abs(before.count(name) - after.count(name)) for name in {*before, *after}) / 2 / len(said)
    assert found.mean == pytest.approx(distance)
    assert 0 <= found.low <= found.mean <= found.high <= 1


def test_4_what_does_not_pair_up_is_an_error() -> None:
    with pytest.raises(ValueError, match="no differences"):
        swap_p([])
    unpaired: list[tuple[int, list[list[bool]]]] = [(0, []), (1, []), (1, [[]])]
    for people, control in unpaired:
        with pytest.raises(ValueError, match="met in both ways"):
            pick_p([1.0] * people, control)
        with pytest.raises(ValueError, match=r"both ways|nobody"):
            within_p([[True]] * people, control)
    with pytest.raises(ValueError, match="one of each a person"):
        shift_p(["a"], ["a", "b"])
