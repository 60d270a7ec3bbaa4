"""What other commands have left is told as it stands; what they have not left is not, and a torn file is named in one line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mentalarena.errors import DataError
from mentalarena.report.blocks import Block, Note, Table
from mentalarena.report.other_commands import ablations, analysed, audits, benchmarks, bias
from tests.report.test_ablation import told

Part = Callable[[Path], Sequence[Block]]
FILES: dict[str, Part] = {
    "analysis.json": analysed,
    "audit.json": audits,
    "bias.json": bias,
    "ablation.json": ablations,
    "benchmarks/results.json": benchmarks,
}


def left(out: Path, name: str, text: str) -> Path:
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text(text)
    return out


def tables(blocks: Sequence[Block]) -> list[Table]:
    return [one for one in blocks if isinstance(one, Table)]


def test_what_was_not_done_is_not_told_but_for_the_audit_which_is_missed(tmp_path: Path) -> None:
    for name, part in FILES.items():
        blocks = part(tmp_path)
        if name == "audit.json":
            assert [isinstance(one, Note) and "has not been audited" in one.text for one in blocks] == [True]
        else:
            assert list(blocks) == []


@pytest.mark.parametrize("name", FILES)
def test_a_torn_file_is_one_line_that_names_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=name.replace(".", r"\.")) as caught:
        FILES[name](left(tmp_path, name, '{"torn'))
    assert "\n" not in str(caught.value)


def test_each_arm_of_an_ablation_is_told_with_what_it_is_and_what_it_is_compared_with(tmp_path: Path) -> None:
    arms, beside, verdicts, data = tables(ablations(left(tmp_path, "ablation.json", json.dumps(told()))))
    assert [row[0] for row in arms.rows][-3:] == ["main", "diagnosis-alone", "without-encoder"]
    assert [row[0] for row in beside.rows] == ["diagnosis-alone - equal-rows"]
    assert [row[-1] for row in data.rows] == ["what main is", "what diagnosis-alone is", "what without-encoder is"]
    assert "main" in {row[0] for row in verdicts.rows}


def test_an_ablation_that_trained_nothing_tells_of_its_rows_alone(tmp_path: Path) -> None:
    (data,) = tables(ablations(left(tmp_path, "ablation.json", json.dumps(told() | {"base": None}))))
    assert "Nothing was trained." in data.note


def test_a_benchmark_has_a_change_only_where_there_is_a_base_to_compare_with(tmp_path: Path) -> None:
    interval = [0.3, 0.7]
    base: dict[str, Any] = {
        "benchmark": "medqa", "scoring": "generation", "prompting": "direct", "iteration": 0, "n": 20, "accuracy": 0.5,
        "ci95": interval, "constant_baseline": 0.3, "constant_answer": "A", "mark": "above", "balanced_accuracy": 0.5,
        "balanced_accuracy_ci95": interval, "macro_f1": 0.4, "macro_f1_ci95": interval, "invalid": 0.05,
        "change_vs_base": None, "change_ci95": None, "p_vs_base_holm": None, "least_effect": None,
    }  # fmt: skip
    trained = base | {"iteration": 1, "change_vs_base": 0.1, "change_ci95": [-0.1, 0.3], "p_vs_base_holm": 0.04}
    (table,) = tables(benchmarks(left(tmp_path, "benchmarks/results.json", json.dumps([base, trained]))))
    change = table.headings.index("change, points (95 %)")
    assert [row[change] for row in table.rows] == ["", "+10.0 (-10.0 to +30.0)"]
