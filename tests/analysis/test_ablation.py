"""Comparisons of arms: paired by patient, and adjusted together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.analysis.ablation import compare, right_labels
from mentalarena.clinic.references import Reference
from mentalarena.evaluation.statistics import holm
from mentalarena.models.base import Message
from mentalarena.training.rows import Row, RowKind, RowLineage


def test_a_difference_is_of_the_patients_that_both_met() -> None:
    scores = {
        "main": {"diagnosis": {"a": 0.5, "b": 0.6, "c": 0.7, "d": 0.1}},
        "arm": {"diagnosis": {"b": 0.2, "a": 0.2, "c": 0.2, "e": 0.9}},
    }
    [one] = compare(scores, [("arm", "main")], 199)
    assert one.difference.mean == pytest.approx(-0.4)
    assert one.difference.low <= one.difference.mean <= one.difference.high < 0
    assert one.n == 3
    with pytest.raises(ValueError, match="expected one"):
        compare({"main": {"diagnosis": {"a": 1.0}}, "arm": {"diagnosis": {"b": 1.0}}}, [("arm", "main")])


@given(st.lists(st.lists(st.floats(0, 1), min_size=5, max_size=5), min_size=2, max_size=5))
def test_ps_are_adjusted_over_all_that_is_compared(values: list[list[float]]) -> None:
    scores = {str(n): {"treatment": {str(p): v for p, v in enumerate(own)}} for n, own in enumerate(values)}
    pairs = [(name, "0") for name in scores if name != "0"]
    found = compare(scores, pairs, 99)
    assert [(one.arm, one.against) for one in found] == pairs
    assert [one.p_holm for one in found] == holm([one.p for one in found])
    assert all(one.p <= one.p_holm <= 1 for one in found)


def test_labels_are_held_against_what_is_true_of_the_patient() -> None:
    def row(kind: RowKind, completion: str, patient: str = "a") -> Row:
        return Row(kind, (Message("user", "?"),), completion, RowLineage("e", 0, "m", patient, "", ""))

    truth = Reference("panic disorder", ("exposure", "relaxation"), ("sertraline",))
    rows = [
        row("diagnosis", "diagnosis: panic disorder"),
        row("diagnosis", "diagnosis: panic disorder with agoraphobia"),
        row("treatment", "treatment: relaxation\nreason: exposure is too much."),
        row("medicine", "medicine: lithium\nreason: sertraline did not help."),
        row("talk", "panic disorder"),
        row("diagnosis", "diagnosis: panic disorder", patient="unknown"),
    ]
    found = right_labels(rows, {"a": truth})
    assert found == {"diagnosis": [True, False], "treatment": [True], "medicine": [False]}
