"""The first sentence says no more than the tests carry."""

from typing import Any

import pytest

from mentalarena.evaluation.statistics import Interval
from mentalarena.evaluation.therapist import TASKS
from mentalarena.export.results import Difference, Results
from mentalarena.report.headline import further_looks, headline, shown


def summary(best: int = 2, p: float = 0.001, clinic: str = "library", control: bool = True) -> dict[str, Any]:
    figures = {task: {"n": 40, "p_vs_base_holm": p} for task in TASKS}
    return {
        "iterations": [{"iteration": n, "evaluation": figures, "play": {"episodes": 9}} for n in range(3)],
        "held_out": {"base": figures, "best": figures},
        "best_iteration": best,
        "control": {"kind": "unselected"} if control else None,
        "clinic": clinic,
    }


def less(task: str, mean: float, p: float | None, against: str = "base", half: float = 0.05) -> Difference:
    return Difference(task, against, Interval(mean, mean - half, mean + half), p)


def results(*differences: Difference) -> Results:
    return Results("held-out", {}, differences, ())


def told(found: Results | None, **more: Any) -> str:
    return headline(summary(**more), found).sentence


NOTHING = [less("treatment", 0.02, 0.6), less("medicine", -0.01, 0.9)]
CONTROL = "control: unselected"


def test_a_gain_stands_with_its_task_interval_p_and_whom_it_was_measured_on() -> None:
    found = headline(summary(), results(less("diagnosis", 0.1, 0.004), *NOTHING))
    assert found.sentence == (
        "Iteration 2 gained in diagnosis +10.0 points (+5.0 to +15.0, p .0040) against the untrained model, "
        "on 40 simulated held-out patients."
    )
    assert found.more[0].startswith("Not shown in treatment +2.0 points")


def test_a_gain_that_the_control_has_too_is_not_told_as_more() -> None:
    own = less("diagnosis", 0.1, 0.004)
    found = headline(summary(), results(own, less("diagnosis", 0.08, 0.02, CONTROL)))
    assert found.sentence.endswith(", and more than the control in diagnosis.")
    assert any("diagnosis +8.0 points" in line for line in found.more), "with its interval"
    both = [one for task in ("diagnosis", "medicine") for one in (less(task, 0.1, 0.004), less(task, 0.08, 0.02, CONTROL))]
    assert told(results(*both)).endswith(", and more than the control in each.")
    unsure = told(results(own, less("diagnosis", 0.08, 0.06, CONTROL)))
    assert unsure.endswith("; that this is more than the control gained was not shown.")
    elsewhere = told(results(own, *NOTHING, less("medicine", 0.08, 0.02, CONTROL)))
    assert elsewhere.endswith("; that this is more than the control gained was not shown."), "more than in no gain is none"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (less("diagnosis", 0.1, 0.05), 0),
        (less("diagnosis", 0.1, 0.049), 1),
        (less("diagnosis", 0.04, 0.01), 0),
        (less("diagnosis", -0.1, 0.01), -1),
        (less("diagnosis", 0.1, None), 0),
    ],
)
def test_both_test_and_interval_must_carry_it(one: Difference, expected: int) -> None:
    assert shown(one) == expected


def test_nothing_shown_is_told_with_all_intervals_and_no_task_that_gained() -> None:
    sentence = told(results(less("diagnosis", 0.1, 0.2), *NOTHING))
    assert sentence.startswith(
        "No gain was shown against the untrained model: diagnosis +10.0 points (+5.0 to +15.0), treatment"
    )
    assert "medicine -1.0 points (-6.0 to +4.0)" in sentence
    assert "gained" not in sentence


def test_the_result_table_must_agree() -> None:
    assert told(results(less("diagnosis", 0.1, 0.004), *NOTHING), p=0.2).startswith("No gain was shown")


def test_a_loss_is_never_left_out() -> None:
    both = told(results(less("diagnosis", 0.1, 0.004), less("medicine", -0.2, 0.004)))
    assert "gained in diagnosis" in both
    assert "it lost in medicine -20.0 points (-25.0 to -15.0, p .0040)" in both
    alone = told(results(less("medicine", -0.2, 0.004), less("diagnosis", 0.01, 0.9)))
    assert alone.startswith("Iteration 2 lost in medicine")
    assert "gained in no task" in alone


def test_without_what_could_show_it_nothing_is_told_of_a_gain() -> None:
    assert headline({"iterations": [{"iteration": 0, "play": {"episodes": 1}}]}, None).sentence.startswith(
        "One episode was played"
    )
    assert headline({"iterations": [{"iteration": 0}]}, None).sentence.startswith("Episodes were played; nothing")
    assert "yet" in headline(summary() | {"held_out": None}, None).sentence
    assert told(results(), best=0).startswith("Nothing was gained: no trained model")
    untrained = summary(best=0)
    untrained["iterations"] = untrained["iterations"][:1]
    assert headline(untrained, results()).sentence.startswith("Nothing was trained")
    assert told(None).startswith("No gain can be told: the answers of 40 simulated held-out patients")
    assert told(results()).startswith("No gain can be told")


def test_the_toy_clinic_is_named() -> None:
    assert "patients of the toy clinic" in told(results(less("diagnosis", 0.1, 0.004)), clinic="generated")


USUAL = ("base", "best-iteration-02", "control-unselected")


@pytest.mark.parametrize(
    "looks",
    [
        ("base", "best-iteration-01", "control-unselected", "best-iteration-02"),  # looked at, gone on, looked at again
        (*USUAL, "rank-guest"),
        (*USUAL, "base"),
    ],
)
def test_patients_who_were_met_more_often_are_no_fresh_test_and_nothing_is_claimed(looks: tuple[str, ...]) -> None:
    gain = less("diagnosis", 0.1, 0.004), less("medicine", -0.1, 0.004), less("diagnosis", 0.08, 0.02, CONTROL)
    found = headline(summary(), Results("held-out", {}, gain, looks))
    assert found.sentence.startswith(
        "This is no fresh test, so neither a gain nor a loss can be told: 40 simulated held-out"
    )
    assert f"met 4 times ({', '.join(looks)})" in found.sentence
    for line in (found.sentence, *found.more):
        assert not any(word in line for word in ("gained", "lost", "shown", "p .0"))
    assert any("diagnosis +10.0 points (+5.0 to +15.0) and medicine -10.0" in line for line in found.more), (
        "the figures stay"
    )
    told_once = headline(summary() | {"held_out_looks": looks}, results(*gain))
    assert told_once.sentence == found.sentence, "what the summary knows of them counts where no file does"


def test_one_look_each_by_base_best_and_control_is_a_fresh_test() -> None:
    gain = less("diagnosis", 0.1, 0.004)
    assert headline(summary(), Results("held-out", {}, (gain,), USUAL)).sentence.startswith("Iteration 2 gained")
    assert further_looks(summary(control=False), USUAL) == ["control-unselected"]
    assert further_looks(summary(best=0), USUAL) == ["best-iteration-02"]


def test_a_loss_must_be_in_the_result_table_too_and_is_told_either_way() -> None:
    found = headline(summary(p=0.2), results(less("medicine", -0.2, 0.004), *NOTHING[:1]))
    assert found.sentence.startswith("No gain was shown")
    assert "lost" not in found.sentence
    assert any("disagree about medicine -20.0 points (-25.0 to -15.0, p .0040)" in line for line in found.more)


@pytest.mark.parametrize(("here", "table"), [(0.004, 0.2), (0.2, 0.004)])
def test_where_two_adjustments_disagree_nothing_says_that_no_p_is_below_05(here: float, table: float) -> None:
    found = headline(summary(p=table), results(less("diagnosis", 0.1, here), *NOTHING))
    assert found.sentence.startswith("No gain was shown")
    assert not any("no difference" in line for line in found.more)
    (line,) = [line for line in found.more if "disagree" in line]
    assert f"p {f'{here:.4f}'[1:]}" in line
    assert f"where p is {f'{table:.4f}'[1:]}" in line
    agreed = headline(summary(p=0.2), results(less("diagnosis", 0.1, 0.2), *NOTHING))
    assert any("no difference from the untrained model has a p below .05" in line for line in agreed.more)
    beside = headline(summary(), results(less("diagnosis", 0.1, 0.004), less("medicine", 0.1, 0.2)))
    assert "gained in diagnosis" in beside.sentence
    assert not any(line.startswith("Not shown in") for line in beside.more), "it is told once, as what is disagreed on"
    assert any("disagree about medicine" in line for line in beside.more)
