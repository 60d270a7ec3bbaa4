"""The first sentence says no more than the tests carry."""

from typing import Any

import pytest

from mentalarena.evaluation.statistics import Interval
from mentalarena.evaluation.therapist import TASKS
from mentalarena.export.results import Difference, Results
from mentalarena.report.headline import headline, shown


def summary(best: int = 2, p: float = 0.001, clinic: str = "library", control: bool = True) -> dict[str, Any]:
    figures = {task: {"n": 40, "p_vs_base_holm": p} for task in TASKS}
    return {
        "iterations": [{"iteration": 0, "evaluation": figures, "play": {"episodes": 9}}],
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
    assert told(None).startswith("No gain can be told: the answers of 40 simulated held-out patients")
    assert told(results()).startswith("No gain can be told")


def test_the_toy_clinic_is_named() -> None:
    assert "patients of the toy clinic" in told(results(less("diagnosis", 0.1, 0.004)), clinic="generated")
