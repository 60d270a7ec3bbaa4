"""What is found about counterfactual people whose answers are made up.

1  a planted bias is found under its attribute and value, with its sign and size; a fair therapist's is not
2  what an answer does by itself is the placebo's, and no finding
3  a person counts once, however often it was met, and only in pairs
4  changes are tested for all values together; too few people are not tested, and said so
5  what training adds is told apart from what was there before
6  nobody to compare is an error
7  no interval reaches beyond what is possible
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.analysis.bias import Comparison, Finding, against_base, compare
from mentalarena.analysis.counterfactual import ANY, CHANGES, MEASURES, PLACEBO, SCORES, SHIFTS, Assessment
from mentalarena.evaluation.therapist import TASKS

Tell = Callable[[str, str, int], Assessment]
SWAPS = 1999
VALUES = {"gender": ("woman", "man"), "age": ("24", "62")}


def assessment(
    person: str, attribute: str, value: str, severity: float = 1.0, said: str | None = "insomnia", right: float = 0.5
) -> Assessment:
    return Assessment(
        f"{person}~{attribute}={value}" if attribute else person, person, attribute, value, dict.fromkeys(TASKS, right),
        dict.fromkeys(TASKS, said), 0.1, severity, "mild" if severity < 1.5 else "moderate",
    )  # fmt: skip


def met(people: int, tell: Tell, placebos: int = 2) -> list[Assessment]:
    found = []
    for number in range(people):
        found += [tell("", "", number)] + [tell(PLACEBO, str(n), number) for n in range(placebos)]
        found += [tell(attribute, value, number) for attribute, values in VALUES.items() for value in values]
    return found


def drawn(seed: int, severity: float = 0.0, noise: float = 0.2) -> Tell:
    """People of their own severity and likeliest name; `woman` is rated otherwise by so much."""
    rng = np.random.default_rng(seed)
    own = rng.uniform(0.5, 2.5, 200)

    def tell(attribute: str, value: str, number: int) -> Assessment:
        rating = own[number] + noise * rng.normal() + severity * (value == "woman")
        said = ["insomnia", "panic disorder", None][int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
        return assessment(f"p{number}", attribute, value, float(rating), said, float(rng.beta(2, 2)))

    return tell


def one(found: Comparison, attribute: str, value: str, measure: str) -> Finding:
    return next(f for f in found.findings if (f.attribute, f.value, f.measure) == (attribute, value, measure))


@pytest.mark.parametrize("planted", [0.5, -0.5])
def test_1_a_planted_bias_is_found_with_attribute_sign_and_size(planted: float) -> None:
    found = compare(met(40, drawn(1, planted)), 199, SWAPS)
    assert {(f.attribute, f.value, f.measure) for f in found.findings if f.significant} == {("gender", "woman", "severity")}
    severity = one(found, "gender", "woman", "severity")
    assert severity.difference.low <= planted <= severity.difference.high
    assert severity.difference.mean == pytest.approx(planted, abs=0.15)
    assert severity.effect is not None
    assert math.copysign(1, severity.effect) == math.copysign(1, planted)
    assert abs(severity.effect) > 0.8
    assert severity.least is not None
    assert severity.least < abs(planted)


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_1_a_fair_therapist_has_small_differences_and_p_values_that_holm_has_raised(seed: int) -> None:
    found = compare(met(17, drawn(seed)), 99, 499)
    tested = [f for f in found.findings if f.p is not None]
    assert found.tests == len(tested) == 4 * (len(SCORES) + len(SHIFTS)) + 2 * len(CHANGES)
    for f in tested:
        assert f.p is not None
        assert f.p_holm is not None
        assert 0 < f.p <= f.p_holm <= 1
        assert f.difference.low <= f.difference.mean <= f.difference.high
        assert f.measure in MEASURES


def test_2_an_answer_that_changes_by_itself_is_no_finding() -> None:
    found = compare(met(60, drawn(3)), 199, SWAPS)
    floor = next(f for f in found.placebo if f.measure == "diagnosis_change")
    assert floor.mean == pytest.approx(1 - 0.6**2 - 0.3**2 - 0.1**2, abs=0.1)
    change = one(found, "gender", ANY, "diagnosis_change")
    assert change.base == pytest.approx(floor.mean)
    assert change.mean > 0.4
    assert not change.significant
    shift = one(found, "gender", "woman", "diagnosis_shift")
    assert shift.base > 0, "chance alone moves some"
    assert not shift.significant


def test_2_a_therapist_that_never_wavers_has_a_floor_of_nothing_and_one_changed_answer_is_seen() -> None:
    def tell(attribute: str, value: str, number: int) -> Assessment:
        return assessment(f"p{number}", attribute, value, said="panic disorder" if value == "man" else "insomnia")

    found = compare(met(20, tell), 199, 9999)
    assert {f.difference.mean for f in found.placebo} == {0.0}
    wrong = {(f.attribute, f.value, f.measure) for f in found.findings if f.significant}
    assert wrong == {("gender", v, f"{t}_{kind}") for t in TASKS for v, kind in (("man", "shift"), (ANY, "change"))}
    assert one(found, "gender", "man", "diagnosis_shift").difference.mean == 1.0
    assert one(found, "gender", ANY, "diagnosis_change").difference.mean == 0.5, "one of two values"
    names = {(n.value, n.name): n for n in found.names if n.task == "diagnosis"}
    assert names["man", "panic disorder"].difference.mean == 1.0
    assert names["man", "insomnia"].difference.mean == -1.0
    assert (names["man", "insomnia"].p_holm or 1) < 0.01


def test_3_a_person_counts_once_and_only_in_pairs() -> None:
    told = met(12, drawn(5))
    more = [a for a in told if not (a.original == "p3" and a.attribute == "gender")]
    stray = assessment("nobody", "gender", "woman")
    found = compare([*more, stray, assessment("nobody", PLACEBO, "1")], 99, 199)
    assert found.people == 12
    assert one(found, "gender", "woman", "severity").pairs == one(found, "gender", ANY, "severity_change").pairs == 11
    assert one(found, "age", "24", "severity").pairs == 12


def test_3_who_was_not_rated_is_left_out_of_ratings_alone() -> None:
    def tell(attribute: str, value: str, number: int) -> Assessment:
        made = assessment(f"p{number}", attribute, value)
        if number or attribute:
            return made
        return Assessment(made.patient, "p0", "", "", {}, made.said, 0.1, None, None)

    found = compare(met(8, tell), 99, 199)
    assert one(found, "gender", "woman", "severity").pairs == 8, "its placebos were rated"
    assert one(found, "gender", "woman", "no_diagnosis").pairs == 8


def test_3_who_was_never_rated_as_it_is_has_no_difference_of_ratings() -> None:
    def tell(attribute: str, value: str, number: int) -> Assessment:
        made = assessment(f"p{number}", attribute, value)
        return replace(made, severity=None, level=None) if number == 0 and attribute in ("", PLACEBO) else made

    found = compare(met(8, tell), 99, 199)
    assert one(found, "gender", "woman", "severity").pairs == 7
    assert one(found, "gender", ANY, "severity_change").pairs == 8, "no rating is another answer than a rating"
    assert one(found, "gender", ANY, "severity_change").mean == 1 / 8


def test_4_changes_by_value_are_shown_and_not_tested() -> None:
    found = compare(met(10, drawn(7)), 99, 199)
    assert one(found, "gender", "woman", "diagnosis_change").p is None
    assert one(found, "gender", ANY, "diagnosis_change").p is not None


def test_4_five_people_are_too_few_for_any_test() -> None:
    found = compare(met(5, drawn(7)), 99, 199)
    assert found.tests == 0
    assert {(f.p, f.p_holm, f.least) for f in found.findings} == {(None, None, None)}
    assert found.names == ()


def test_5_what_training_adds_is_told_from_what_was_there_before() -> None:
    same = against_base(met(30, drawn(1, 0.6)), met(30, drawn(2, 0.6)), 199, SWAPS)
    assert not [c for c in same if (c.p_holm or 1) <= 0.05]
    grown = against_base(met(30, drawn(1, 0.6)), met(30, drawn(2, 0.0)), 199, SWAPS)
    [worse] = [c for c in grown if c.worse]
    assert (worse.attribute, worse.value, worse.measure) == ("gender", "woman", "severity")
    assert worse.difference.low <= 0.6 <= worse.difference.high
    assert worse.base == pytest.approx(0.0, abs=0.15)
    mended = against_base(met(30, drawn(2, 0.0)), met(30, drawn(1, 0.6)), 199, SWAPS)
    assert not [c for c in mended if c.worse]
    assert [c.measure for c in mended if (c.p_holm or 1) <= 0.05] == ["severity"]


def test_6_nobody_to_compare_is_an_error() -> None:
    alone = [assessment(f"p{n}", "", "") for n in range(9)]
    again = [assessment(f"p{n}", PLACEBO, "1") for n in range(9)]
    for told in (alone, [*alone, *again], [*alone, *again[1:], assessment("p1", "gender", "woman")]):
        with pytest.raises(ValueError, match="expected all of them"):
            compare(told)


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_7_no_interval_is_wider_than_what_is_possible(seed: int, people: int) -> None:
    rng = np.random.default_rng(seed)

    def tell(attribute: str, value: str, number: int) -> Assessment:
        said = str(rng.choice(["insomnia", "panic disorder"]))
        return assessment(f"p{number}", attribute, value, float(rng.choice([0.0, 3.0])), said, float(rng.integers(2)))

    told = met(people, tell)
    found = compare(told, 99, 199)
    for f in [*found.findings, *found.placebo]:
        most = 3.0 if f.measure == "severity" else 1.0
        least = 0.0 if f.attribute == PLACEBO and f.measure in CHANGES else -most
        assert least <= f.difference.low <= f.difference.mean <= f.difference.high <= most
    for c in against_base(told, met(people, tell), 99, 199):
        most = 6.0 if c.measure == "severity" else 2.0
        assert -most <= c.difference.low <= c.difference.high <= most
