"""Bradley-Terry strengths: held against closed forms, a library's logistic regression, and strengths that are known."""

import itertools
import math
import time
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mentalarena.evaluation.ranking import RIDGE, Match, Rated, bradley_terry


def played(strengths: dict[str, float], patients: int, rng: Any, again: float = 0.0) -> list[Match]:
    """Each patient compares all pairs twice; the second time says what the first did with chance `again`."""
    found = []
    for patient, (x, y) in itertools.product(range(patients), itertools.combinations(strengths, 2)):
        chance = 1 / (1 + math.exp(strengths[y] - strengths[x]))
        first, second, same = rng.random(3)
        said = float(first < chance)
        found += [
            Match(x, y, said, str(patient)),
            Match(x, y, said if same < again else float(second < chance), str(patient)),
        ]
    return found


def by_name(found: list[Rated]) -> dict[str, Rated]:
    return {rated.name: rated for rated in found}


def test_two_models_differ_by_the_log_odds_of_winning() -> None:
    matches = [Match("a", "b", outcome, str(n)) for n, outcome in enumerate([1.0] * 600 + [0.0] * 300 + [0.5] * 100)]
    first, second = bradley_terry(matches)
    assert (first.name, first.rank, second.rank) == ("a", 1, 2)
    assert first.strength.mean - second.strength.mean == pytest.approx(math.log(650 / 350), abs=1e-3)
    assert first.strength.mean + second.strength.mean == pytest.approx(0, abs=1e-9)


def test_strengths_are_those_of_another_logistic_regression() -> None:
    names = "abcde"
    matches = played(dict(zip(names, (1.0, 0.5, 0.0, -0.5, -1.0), strict=True)), 20, np.random.default_rng(0))
    design = np.array([[(m.first == name) - (m.second == name) for name in names] for m in matches], float)
    other = LogisticRegression(C=1 / RIDGE, fit_intercept=False, tol=1e-10).fit(design, [m.outcome > 0.5 for m in matches])
    found = by_name(bradley_terry(matches, resamples=9))
    assert [found[name].strength.mean for name in names] == pytest.approx(other.coef_[0].tolist(), abs=1e-4)


def test_who_sits_first_does_not_matter() -> None:
    matches = played({"a": 0.5, "b": 0.0, "c": -0.5}, 20, np.random.default_rng(1))
    turned = [Match(m.second, m.first, 1 - m.outcome, m.unit) for m in reversed(matches)]
    for one, two in zip(bradley_terry(matches), bradley_terry(turned), strict=True):
        assert (one.name, one.rank, one.rank_low, one.rank_high) == (two.name, two.rank, two.rank_low, two.rank_high)
        assert one.strength.low == pytest.approx(two.strength.low, abs=1e-6)


def test_a_record_of_wins_alone_is_finite_and_first() -> None:
    matches = [
        *played({"a": 0.0, "b": 0.0}, 30, np.random.default_rng(2)),
        *(Match("best", "a", 1, str(n)) for n in range(30)),
    ]
    best = bradley_terry(matches)[0]
    assert (best.name, best.rank, best.rank_low, best.rank_high) == ("best", 1, 1, 1)
    assert 2 < best.strength.mean < 20
    assert best.strength.low <= best.strength.mean <= best.strength.high


def test_equal_models_may_hold_any_rank_and_unequal_ones_one_only() -> None:
    equal = [Match(x, y, 0.5 + d, str(n)) for n in range(40) for d in (-0.5, 0.5) for x, y in ("ab", "bc", "ac")]
    assert {(r.rank_low, r.rank_high) for r in bradley_terry(equal)} == {(1, 3)}
    close = bradley_terry([Match("a", "b", float(n < 23), str(n)) for n in range(40)])  # 23 of 40: p 0.43
    assert [(r.rank, r.rank_low, r.rank_high) for r in close] == [(1, 1, 2), (2, 1, 2)]
    apart = bradley_terry(played({"a": 2.0, "b": 0.0, "c": -2.0}, 60, np.random.default_rng(3)))
    assert [(r.name, r.rank, r.rank_low, r.rank_high) for r in apart] == [("a", 1, 1, 1), ("b", 2, 2, 2), ("c", 3, 3, 3)]


def test_the_patient_is_the_unit() -> None:
    """Every match told four times by the same patient is no more evidence; told by four patients it is."""
    once = played({"a": 0.3, "b": 0.0, "c": -0.3}, 50, np.random.default_rng(4))
    same = bradley_terry([m for m in once for _ in range(4)])
    apart = bradley_terry([Match(m.first, m.second, m.outcome, f"{m.unit} {k}") for m in once for k in range(4)])
    for one, two, three in zip(bradley_terry(once), same, apart, strict=True):
        width = one.strength.high - one.strength.low
        assert two.strength.high - two.strength.low == pytest.approx(width, rel=0.05)
        assert three.strength.high - three.strength.low == pytest.approx(width / 2, rel=0.15)


def test_groups_that_never_met_and_matches_that_cannot_be_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"2 groups that never met \(a, b; c, d\)"):
        bradley_terry([Match("a", "b", 1, "1"), Match("c", "d", 0, "1")])
    for match in (Match("a", "b", 2, "1"), Match("a", "a", 1, "1"), Match("a", "b", math.nan, "1")):
        with pytest.raises(ValueError, match="expected two names and an outcome"):
            bradley_terry([match])
    with pytest.raises(ValueError, match="no matches"):
        bradley_terry([])


def test_eight_models_on_a_hundred_patients_take_seconds_and_the_same_numbers_come_again() -> None:
    matches = played({name: number / 4 for number, name in enumerate("abcdefgh")}, 100, np.random.default_rng(5))
    began = time.process_time()
    found = bradley_terry(matches)
    assert time.process_time() - began < 3
    assert found == bradley_terry(matches)


def test_strengths_hold_the_truth_as_often_as_they_say_though_patients_repeat_themselves() -> None:
    strengths = {"a": 0.5, "b": 0.0, "c": -0.5}
    rng = np.random.default_rng(6)
    inside = [
        rated.strength.low <= strengths[rated.name] <= rated.strength.high
        for _ in range(200)
        for rated in bradley_terry(played(strengths, 60, rng, again=0.7), resamples=299)
    ]
    assert 0.92 < float(np.mean(inside)) < 0.98
