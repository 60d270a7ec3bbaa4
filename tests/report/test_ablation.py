"""The table of ablations: no figure without its interval, no difference without its p."""

from typing import Any

from mentalarena.report.ablation import ablation_rows, ablation_table, beside_rows

TASKS = ("diagnosis", "treatment", "medicine")


def evaluated(probability: float, moved: bool = True) -> dict[str, Any]:
    task = {"probability": probability, "ci95": [probability - 0.1, probability + 0.1], "constant_baseline": 0.083, "n": 40}
    check = {"accuracy": 0.9, "ci95": [0.8, 0.95], "n": 40}
    check |= {"change_vs_base": -0.02, "change_ci95": [-0.1, 0.06]} if moved else {"change_ci95": None}
    return {**dict.fromkeys(TASKS, task), "verifier_choice": check}


def arm(name: str, evaluation: dict[str, Any] | None) -> dict[str, Any]:
    rows = (
        {"diagnosis": 4, "treatment": 3, "medicine": 2, "replayed": 54}
        if evaluation
        else dict.fromkeys([*TASKS, "replayed"], 0)
    )
    return {
        "name": name, "what": f"what {name} is", "group": "component", "evaluation": evaluation, "rows": rows, "episodes": 6,
        "diagnosed": 4, "questions": [7.5, 7.0, 8.0], "labels_right": {"diagnosis": [0.75, 0.3, 0.95]}, "model": None,
        "calls": {"asked": 1200, "shared": 300},
    }  # fmt: skip


def told() -> dict[str, Any]:
    one = {"difference": -0.123, "ci95": [-0.2, -0.05], "p": 0.001, "p_holm": 0.012, "n": 40}
    pairs = (("diagnosis-alone", "main"), ("diagnosis-alone", "equal-rows"))
    return {
        "clinic": "generated",
        "base": {"model": "embedded", "evaluation": evaluated(0.35, moved=False)},
        "arms": [arm("main", evaluated(0.6)), arm("diagnosis-alone", evaluated(0.5)), arm("without-encoder", None)],
        "comparisons": [one | {"arm": a, "against": b, "task": task} for a, b in pairs for task in TASKS],
    }


def test_each_value_has_its_interval_and_each_difference_its_p() -> None:
    lines = {name: (rows, cells) for name, rows, cells in ablation_rows(told())}
    assert lines["main"] == ("9", [("60.0 (50.0-70.0)", "")] * 3)
    assert lines["diagnosis-alone"][1][0] == ("50.0 (40.0-60.0)", "-12.3 (-20.0 to -5.0) p .0120")
    assert lines["constant answer"][1][0][0] == "8.3"
    assert beside_rows(told()) == [("diagnosis-alone - equal-rows", ["-12.3 (-20.0 to -5.0) p .0120"] * 3)]


def test_an_arm_that_gave_no_row_stands_there_and_says_so() -> None:
    table = ablation_table(told())
    assert "no rows, not trained" in table
    assert "what without-encoder is" in table
    assert "-2.0 (-10.0 to +6.0)" in table
    assert "1,200" in table
    assert "another seed" in table
    assert "Toy clinic" in table


def test_without_training_nothing_is_said_of_models() -> None:
    found = told() | {"base": None, "comparisons": []}
    for one in found["arms"]:
        one["evaluation"] = None
    table = ablation_table(found)
    assert "Nothing was trained." in table
    assert "development patients" not in table
    assert "75.0 (30.0-95.0)" in table
