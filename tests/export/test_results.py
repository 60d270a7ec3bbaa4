"""Results: paired by patient, against base and control, each with its interval; nothing is told that was not measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from mentalarena.errors import DataError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.export.results import results

PATIENTS = [f"p{number}" for number in range(20)]


def answers(out: Path, name: str, probability: float, patients: list[str] = PATIENTS) -> None:
    (out / "evaluation").mkdir(exist_ok=True)
    told = [
        {
            "patient": patient,
            "task": task,
            "probability": min(1.0, probability + 0.01 * number),
            "right": number < 20 * (1 - probability),
        }
        for number, patient in enumerate(patients)
        for task in TASKS
    ]
    (out / "evaluation" / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told))


def evaluation(probability: float) -> dict[str, Any]:
    return {task: {"probability": probability} for task in TASKS}


@pytest.fixture
def summary(tmp_path: Path) -> dict[str, Any]:
    for name, probability in (("base", 0.2), ("best-iteration-02", 0.5), ("control-unselected", 0.3)):
        answers(tmp_path, f"{name}-held_out", probability)
    looks = ("base", "best-iteration-02", "control-unselected")  # more than when the loop ended
    (tmp_path / "evaluation" / "held-out-looks.jsonl").write_text("".join(f'{{"name": "{one}"}}\n' for one in looks))
    for number, probability in enumerate((0.2, 0.4, 0.6)):
        answers(tmp_path, f"iteration-{number:02d}-development", probability)
    return {
        "best_iteration": 2,
        "iterations": [{"iteration": n, "evaluation": evaluation(0.2 + 0.2 * n)} for n in range(3)],
        "control": {"kind": "unselected", "model": "m"},
        "held_out": {"base": evaluation(0.2), "best": evaluation(0.5), "control": evaluation(0.3)},
        "held_out_looks": ["base"],
    }


def test_the_best_iteration_stands_beside_base_and_control_on_held_out_patients(
    summary: dict[str, Any], tmp_path: Path
) -> None:
    found = results(tmp_path, summary, 2, 999)
    assert found is not None
    assert (found.split, list(found.models)) == ("held-out", ["base", "iteration 2", "control: unselected"])
    assert found.looks == ("base", "best-iteration-02", "control-unselected")
    told = {(one.task, one.against): one for one in found.differences}
    assert len(told) == 6
    assert told["diagnosis", "base"].points.mean == pytest.approx(0.3)
    assert told["medicine", "control: unselected"].points.mean == pytest.approx(0.2)
    assert all(one.p_holm is not None and one.p_holm <= 0.05 for one in told.values())
    assert results(tmp_path, summary, None, 999) == found


def test_another_iteration_is_told_by_development_patients_and_has_no_control(
    summary: dict[str, Any], tmp_path: Path
) -> None:
    found = results(tmp_path, summary, 1, 999)
    assert found is not None
    assert (found.split, list(found.models)) == ("development", ["base", "iteration 1"])
    assert {one.against for one in found.differences} == {"base"}
    assert found.differences[0].points.mean == pytest.approx(0.2)


def test_an_interval_holds_its_difference(summary: dict[str, Any], tmp_path: Path) -> None:
    answers(tmp_path, "best-iteration-02-held_out", 0.5, PATIENTS[::-1])
    found = results(tmp_path, summary, 2, 999)
    assert found is not None
    for one in found.differences:
        assert one.points.low < one.points.mean < one.points.high


def test_what_was_not_measured_is_not_told(summary: dict[str, Any], tmp_path: Path) -> None:
    assert results(tmp_path, {}, None, 999) is None
    assert results(tmp_path, {"iterations": [{"iteration": 0, "play": {}}]}, None, 999) is None
    (tmp_path / "evaluation" / "control-unselected-held_out.jsonl").unlink()
    found = results(tmp_path, summary, 2, 999)
    assert found is not None
    assert found.differences == ()
    answers(tmp_path, "control-unselected-held_out", 0.3, PATIENTS[:-1])
    again = results(tmp_path, summary, 2, 999)
    assert again is not None
    assert {one.against for one in again.differences} == {"base"}, "other patients are no pairs"


def test_where_the_base_was_best_there_is_nothing_to_compare(summary: dict[str, Any], tmp_path: Path) -> None:
    summary |= {"best_iteration": 0, "held_out": {"base": evaluation(0.2), "best": evaluation(0.2)}, "control": None}
    found = results(tmp_path, summary, None, 999)
    assert found is not None
    assert (list(found.models), found.differences) == (["base"], ())


def test_how_often_the_likeliest_answer_is_right_is_told_beside_probabilities(
    summary: dict[str, Any], tmp_path: Path
) -> None:
    found = results(tmp_path, summary, 2, 999)
    assert found is not None
    for one in found.differences:
        assert one.right is not None
        assert one.right.mean == pytest.approx(-0.3 if one.against == "base" else -0.2), "it fell while probability rose"
        assert one.right.low < one.right.mean < one.right.high
        assert one.right_p_holm is not None
    for name, share in (("base", 0.8), ("best", 0.5), ("control", 0.7)):
        for told in summary["held_out"][name].values():
            told["accuracy"] = share
    summary["held_out"]["best"]["medicine"]["accuracy"] = 0.9
    again = results(tmp_path, summary, 2, 999)
    assert again is not None
    assert again.fallen("iteration 2") == ["diagnosis", "treatment"]


def test_the_least_p_that_resamples_can_give_is_known(summary: dict[str, Any], tmp_path: Path) -> None:
    found = results(tmp_path, summary, 2, 999)
    assert found is not None
    assert found.at_floor(999) == pytest.approx(6 * 2 / 1000)
    assert found.at_floor(9999) is None, "none of these p is so small"


@pytest.mark.parametrize(
    "wrong",
    [
        {"held_out": 5},
        {"held_out": {"base": []}},
        {"held_out": {"base": {task: {"probability": "x"} for task in TASKS}, "best": {}}},
        {"best_iteration": "two"},
        {"control": "x"},
        {"best_iteration": 1, "iterations": 5},
        {"best_iteration": 1, "iterations": [7]},
    ],
)
def test_a_summary_that_is_none_is_told_in_one_line(wrong: dict[str, Any], summary: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"summary\.json: not as a loop leaves it") as caught:
        results(tmp_path, summary | wrong, None if wrong == {"best_iteration": "two"} else 2, 99)
    assert "\n" not in str(caught.value)
