"""Published records, audited as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.published import FIELDS, PublishedRecord, audit_published, clean_diagnosis, is_medicine
from tests.audit.cases import cases

RECORDS = cases("published")
TALLY = audit_published(
    [PublishedRecord.of(case["id"], case) for case in RECORDS], [seed["text"] for seed in cases("published_seeds")]
)


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("duplicate", lambda expected: expected["duplicate_of"] is not None),
        ("diagnosis", lambda expected: not expected["clean_diagnosis"]),
        ("medicine", lambda expected: not expected["medicine_is_medicine"]),
        ("verbatim seed", lambda expected: expected["verbatim_seed"]),
    ],
)
def test_every_labelled_fault_is_found_and_no_other(check: str, wanted) -> None:  # type: ignore[no-untyped-def]
    found = {finding.item for finding in TALLY.findings if finding.check == check}
    assert found == {case["id"] for case in RECORDS if wanted(case["expected"])}


def test_a_duplicate_names_the_record_that_it_repeats() -> None:
    told = {finding.item: finding.detail for finding in TALLY.findings if finding.check == "duplicate"}
    assert told == {
        case["id"]: f"repeats {case['expected']['duplicate_of']}" for case in RECORDS if case["expected"]["duplicate_of"]
    }


def test_the_tally_counts_what_the_findings_tell() -> None:
    assert TALLY.records == 60
    assert TALLY.duplicates + TALLY.unclean_diagnoses + TALLY.non_medicines + TALLY.verbatim_seeds == len(TALLY.findings)
    assert TALLY.inputs < TALLY.records


def test_a_medicine_that_is_for_the_body_is_one_and_advice_is_none() -> None:
    assert is_medicine("Atenolol 50 mg")
    assert not is_medicine("Walking outside")
    assert not is_medicine("")
    assert clean_diagnosis("Specific phobia, situational")
    assert not clean_diagnosis("Doctor 2's diagnosis")


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, st.text(max_size=60) | st.none())), max_size=4))
def test_any_records_can_be_read(records: list[dict[str, object]]) -> None:
    told = [PublishedRecord.of(str(n), record) for n, record in enumerate(records)]
    assert audit_published(told, ["a seed of some words"]).records == len(records)
