"""The audit of proposed medicines.

1. Development cases get the findings of their labels. 2. Held-out cases were measured once; the figures do not fall below
that. 3. Any text is read. 4. The order of facts changes nothing.
"""

import pytest
from benchmarks.detectors import DETECTORS, Case, Detector, figures, read
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.medication import VERDICTS, audited, dose_claim
from mentalarena.clinic.taxonomy import taxonomy

DETECTED = [detector for detector in DETECTORS if detector.file == "medication"]


def checks(*proposal: object) -> set[str]:
    return {finding.check for finding in audited(*proposal)}  # type: ignore[arg-type]


@pytest.mark.parametrize("case", read("medication", "development"), ids=lambda case: case["id"])
def test_development_cases(case: Case) -> None:
    found = audited(case["medicine"], case["diagnosis"], case["facts"], case["rationale"])
    assert {finding.check for finding in found} == set(case["problems"])


@pytest.mark.parametrize("detector", DETECTED, ids=lambda detector: detector.name)
def test_held_out_cases_do_not_fall_below_the_first_measurement(detector: Detector) -> None:
    got = figures(detector, "held-out")
    assert got.recall.mean == 1
    assert got.false_alarms.mean <= 0.03


@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.text())
def test_any_text_is_read(medicine: str, diagnosis: str, facts: list[str], rationale: str) -> None:
    assert {f.check for f in audited(medicine, diagnosis, facts, rationale)} <= VERDICTS.keys()


@given(st.permutations(["severe kidney impairment", "woman, 31", "takes phenelzine", "her son has asthma"]))
def test_the_order_of_facts_changes_nothing(facts: list[str]) -> None:
    in_order = audited("lithium", "bipolar I disorder", sorted(facts))
    assert audited("lithium", "bipolar I disorder", facts) == in_order


@pytest.mark.parametrize("name", taxonomy().medicines)
def test_every_medicine_of_the_taxonomy_is_known_and_clean_where_it_is_indicated(name: str) -> None:
    medicine = taxonomy().medicines[name]
    for disorder in medicine.indications:
        assert checks(name, disorder, ["no other illness"], "It helps.") == set()


def test_brands_spellings_and_medicines_outside_the_taxonomy_are_known() -> None:
    for name in ("Zoloft", "sertralin", "pitolisant", "Wakix", "brexanolone", "no medicine", "none", "an SSRI", ""):
        assert "unknown" not in checks(name)
    for name in ("zelvoxetine", "a support group", "Calmoprine (anxiolytic)", "sertraline with zelvoxetine"):
        assert "unknown" in checks(name)


@pytest.mark.parametrize("medicine", ["5", "\U0001f642", "?!", "\ud800"])
def test_what_names_nothing_at_all_is_unknown_and_none_is_none(medicine: str) -> None:
    assert [finding.check for finding in audited(medicine)] == ["unknown"]
    assert not audited("none")
    assert not audited("")


def test_what_is_of_somebody_else_denied_or_over_is_no_contraindication() -> None:
    for fact in ("her brother has epilepsy", "never had a seizure", "no epilepsy"):
        assert "contraindicated" not in checks("bupropion", "major depressive disorder", [fact])
    assert "contraindicated" in checks("bupropion", "major depressive disorder", ["two seizures last year"])
    assert "contraindicated" not in checks("sertraline", "panic disorder", ["took phenelzine until last year"])
    assert "contraindicated" in checks("sertraline", "panic disorder", ["takes phenelzine"])
    assert "contraindicated" in checks("lamotrigine", "bipolar I disorder", ["had a rash on lamotrigine"])


def test_a_dose_is_claimed_by_a_number_a_frequency_or_a_change() -> None:
    for text in ("sertraline 50 mg", "twice a day", "start low", "half a tablet", "increase by 25 mg", "two milligrams"):
        assert dose_claim(text)
    for text in ("first line for panic", "two antipsychotics failed", "a short trial", "score of 18"):
        assert dose_claim(text) is None


def test_findings_say_what_they_are_about() -> None:
    (finding,) = audited("lithium", "bipolar I disorder", ["severe kidney impairment"], item="row 3")
    assert (finding.item, finding.verdict) == ("row 3", "held back")
    assert "severe kidney impairment" in finding.detail
