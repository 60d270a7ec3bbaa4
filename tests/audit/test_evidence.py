"""Diagnoses without evidence, and disorders found in people who have none.

1. Development cases are told as they are labelled. 2. Held-out cases were measured once; the figures do not fall below that.
3. Any text is read. 4. The order of lines changes nothing. 5. Every disorder of the taxonomy has signs.
"""

import pytest
from benchmarks.detectors import DETECTORS, Case, figures, lines, read
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit import evidence
from mentalarena.clinic.taxonomy import taxonomy

DETECTOR = next(detector for detector in DETECTORS if detector.name == "evidence")
TALK = [
    ("patient", "My heart hammers from nowhere and I'm sure I'm dying."),
    ("therapist", "How often?"),
    ("patient", "Five times this month, and I wait for the next one."),
]


@pytest.mark.parametrize("case", read("evidence", "development"), ids=lambda case: case["id"])
def test_development_cases(case: Case) -> None:
    assert (evidence.unsupported(lines(case), case["diagnosis"]) is None) == case["supported"]


def test_held_out_cases_do_not_fall_below_the_first_measurement() -> None:
    got = figures(DETECTOR, "held-out")
    assert got.recall.mean >= 0.90
    assert got.false_alarms.mean <= 0.03


@given(st.lists(st.tuples(st.sampled_from(["patient", "therapist", ""]), st.text()), max_size=4), st.text())
def test_any_text_is_read(talk: list[tuple[str, str]], diagnosis: str) -> None:
    evidence.unsupported(talk, diagnosis)
    evidence.unsupported(talk, "panic disorder")


@given(st.permutations(TALK))
def test_the_order_of_lines_changes_nothing(talk: list[tuple[str, str]]) -> None:
    assert evidence.support(talk, "panic disorder") == evidence.support(TALK, "panic disorder")


def test_every_disorder_has_signs_and_none_is_found_in_silence() -> None:
    for disorder in taxonomy().disorders:
        found = evidence.unsupported([("patient", "Hello.")], disorder)
        assert (found is None) == (disorder == "no disorder")


def test_diagnoses_are_read_in_other_words_and_none_is_judged_where_none_is_named() -> None:
    assert evidence.unsupported(TALK, "Panic attacks, i.e. panic disorder.") is None
    finding = evidence.unsupported(TALK, "opioid addiction", "row 1")
    assert finding
    assert (finding.check, finding.item, finding.verdict) == ("evidence", "row 1", "held back")
    assert evidence.support(TALK, "Doctor 2's diagnosis") is None
    assert evidence.support(TALK, "no disorder") is None


def test_a_question_of_the_therapist_and_a_denial_are_no_evidence() -> None:
    talk = [("therapist", "Do you drink wine in the morning, or hide bottles?"), ("patient", "Never in my life.")]
    assert evidence.unsupported(talk, "alcohol use disorder")


def test_over_diagnosis_is_a_share_with_its_interval() -> None:
    assert evidence.over_diagnosed([]) is None
    found = evidence.over_diagnosed(["no disorder", None, "panic disorder", "no mental disorder"])
    assert found
    assert found.mean == 0.25
    assert 0 < found.low < found.mean < found.high < 1
