"""What a summary tells of the run, as tables: what was not measured is not told, and each figure stands beside its interval."""

from typing import Any

from mentalarena.evaluation.therapist import TASKS
from mentalarena.report.blocks import Block, Note, Table
from mentalarena.report.findings import collapsed, curves, result, signals, verifier

CHECK = {"accuracy": 0.9, "ci95": [0.8, 1.0], "n": 9, "change_vs_base": None, "change_ci95": None}


def evaluated(probability: float) -> dict[str, Any]:
    one = {"probability": probability, "ci95": [probability - 0.1, probability + 0.1], "constant_baseline": 0.1, "n": 12}
    one |= {"accuracy": 0.5, "accuracy_ci95": [0.3, 0.7], "log_loss": 1.0, "invalid": 0.0}
    one |= {"p_vs_base_holm": None, "accuracy_p_vs_base_holm": None}
    return {**dict.fromkeys(TASKS, one), "verifier_choice": CHECK}


def summary() -> dict[str, Any]:
    later = evaluated(0.6) | {"verifier_choice": CHECK | {"change_vs_base": -0.02, "change_ci95": [-0.1, 0.06]}}
    play = {"episodes": 7, "diagnosed": 6, "problems": 1, "prompt_tokens": 43692, "new_tokens": 3037, "seconds": 2}
    return {
        "best_iteration": 1,
        "iterations": [
            {"iteration": 0, "evaluation": evaluated(0.3), "play": play, "rows": {"diagnosis": 3, "talk": 9}, "perplexity": 1.5},
            {"iteration": 1, "evaluation": later},
        ],
        "held_out": {"base": evaluated(0.3), "best": evaluated(0.6)},
    }  # fmt: skip


def table(block: Block) -> Table:
    assert isinstance(block, Table)
    return block


def test_base_and_best_stand_beside_each_other_in_each_task() -> None:
    probable, likeliest = map(table, result(summary(), None, 999))
    assert [row[:2] for row in probable.rows] == [[task, name] for task in TASKS for name in ("base", "best (iteration 1)")]
    assert [row[2] for row in probable.rows[:2]] == ["30.0 (20.0-40.0)", "60.0 (50.0-70.0)"]
    assert {row[2] for row in likeliest.rows} == {"50.0 (30.0-70.0)"}


def test_before_held_out_patients_are_met_there_is_no_result() -> None:
    assert list(result({"held_out": None}, None, 999)) == [Note("No held-out patient has been met.")]


def test_development_is_told_by_iteration_and_the_best_one_is_marked() -> None:
    _, by_iteration = curves(summary())
    assert [row[:2] for row in table(by_iteration).rows] == [["0", "30.0 (20.0-40.0)"], ["1 (best)", "60.0 (50.0-70.0)"]]


def test_the_verifier_is_told_by_the_checks_that_were_made_with_what_training_changed() -> None:
    *_, checks = verifier(summary())
    assert [row[:4] for row in table(checks).rows] == [
        ["choice", "0", "90.0 (80.0-100.0)", ""],
        ["choice", "1", "90.0 (80.0-100.0)", "-2.0 (-10.0 to +6.0)"],
    ]


def test_play_is_told_of_iterations_that_played_and_rows_by_kind() -> None:
    play, rows = map(table, signals(summary()))
    assert play.rows == [["0", "7", "6", "1", "43,692", "3,037", "2"]]
    assert (rows.headings, rows.rows) == (("iteration", "diagnosis", "talk", "perplexity"), [["0", "3", "9", "1.50"]])


def test_of_a_run_that_measured_nothing_there_are_no_curves_checks_signals_or_warnings() -> None:
    nothing: dict[str, Any] = {"iterations": [{"iteration": 0}]}
    assert [list(part(nothing)) for part in (curves, verifier, signals, collapsed)] == [[], [], [], []]
