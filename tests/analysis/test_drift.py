"""Drift by closed form.

1  the distance is 0 for equal and 1 for disjoint distributions, and symmetric; chance is passed by what moved alone
2  entropy is log2 of equal shares, 0 for one name
3  names are the agreed diagnosis and the best trial; steps that fail are counted an episode once
"""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.analysis.drift import distribution, drift, entropy, named_in, problem_rates
from mentalarena.arena.types import Trial
from tests.analysis.making import episode

LISTS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12)


def test_1_the_distance_has_its_ends() -> None:
    assert drift(list("aabb"), list("abab"), 99).distance.mean == pytest.approx(0, abs=1e-7)
    assert drift(list("aab"), list("ccd"), 99).distance.mean == pytest.approx(1)
    # half of one name against all of it: JS divergence 1.5 - 0.75 log2(3) bits
    expected = math.sqrt(1.5 - 0.75 * math.log2(3))
    assert drift(list("ab"), list("aa"), 99).distance.mean == pytest.approx(expected)
    with pytest.raises(ValueError, match="one of each"):
        drift([], ["a"])


@settings(max_examples=25, deadline=None)
@given(first=LISTS, second=LISTS)
def test_1_the_distance_is_symmetric_and_within_its_interval(first: list[str], second: list[str]) -> None:
    one, other = drift(first, second, 99), drift(second, first, 99)
    assert one.distance.mean == pytest.approx(other.distance.mean, abs=1e-9)
    assert 0 <= one.distance.low <= one.distance.mean <= one.distance.high <= 1
    assert 0 <= one.chance <= 1


def test_1_what_moved_passes_chance_and_what_did_not_does_not() -> None:
    rng = random.Random(0)
    same = drift(rng.choices("abcdef", k=60), rng.choices("abcdef", k=60), 999)
    moved = drift(rng.choices("abcdef", k=60), rng.choices("abcdef", [9, 1, 1, 1, 1, 1], k=60), 999)
    assert same.distance.mean < same.chance
    assert moved.distance.mean > moved.chance


def test_2_entropy_is_in_bits() -> None:
    assert entropy(list("abcd") * 10, 199).mean == pytest.approx(2)
    assert entropy(["a"] * 9, 199).mean == 0
    assert entropy(["a"], 199).high > entropy(["a"] * 9, 199).high > entropy(["a"] * 90, 199).high > 0
    found = entropy(list("aaab") * 10, 999)
    assert found.mean == pytest.approx(0.25 * 2 + 0.75 * math.log2(4 / 3))
    assert 0 < found.low < found.mean < found.high < 1.2


def test_3_names_and_shares() -> None:
    met = [episode("1", ["hello"], "x", treatment="t"), episode("2", ["hello"], None), episode("3", ["hello"], "y")]
    assert named_in(met, "diagnosis") == ["x", "y"]
    assert named_in(met, "treatment") == ["t"]
    assert named_in(met, "medicine") == []
    tried = tuple(Trial("treatment", name, "", score=score) for name, score in (("first", 2), ("best", 8), ("last", 3)))
    assert named_in([replace(met[0], trials=tried)], "treatment") == ["best"]
    unjudged = tuple(replace(trial, score=None) for trial in tried)
    assert named_in([replace(met[0], trials=unjudged)], "treatment") == ["first"]
    assert list(distribution(list("abbc")).items()) == [("b", 0.5), ("a", 0.25), ("c", 0.25)]


def test_3_a_step_that_fails_twice_in_an_episode_is_one() -> None:
    met = [
        episode("1", ["h"], "x", ["choice-1", "choice-2"]),
        episode("2", ["h"], "x", ["probe-x"]),
        episode("3", ["h"], "x"),
    ]
    rates = problem_rates([*met, episode("4", ["h"], "x", ["choice-2"])])
    assert {step: rate.mean for step, rate in rates.items()} == {"choice": 0.5, "probe-x": 0.25}
    assert rates["choice"].low < 0.5 < rates["choice"].high
    assert problem_rates([]) == {}
