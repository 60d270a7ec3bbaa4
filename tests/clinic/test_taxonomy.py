"""The taxonomy: complete, consistent, and honest about what was checked; codes apart from what is CC BY."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files

from mentalarena.clinic.naming import plain
from mentalarena.clinic.taxonomy import Entry, disorder_codes, medicine_codes, taxonomy

KINDS: tuple[Mapping[str, Entry], ...] = (taxonomy().disorders, taxonomy().psychotherapies, taxonomy().medicines)
GROUPS = {
    "mood", "anxiety", "obsessive-compulsive", "trauma", "eating", "sleep", "psychotic", "personality", "substance",
    "neurodevelopmental", "somatic",
}  # fmt: skip


def test_forty_disorders_of_all_groups_and_eighty_medicines() -> None:
    assert len(taxonomy().disorders) >= 40
    assert {d.group for d in taxonomy().disorders.values()} >= GROUPS
    assert "adjustment disorder" in taxonomy().disorders
    assert len(taxonomy().medicines) >= 80
    assert len(taxonomy().psychotherapies) >= 20


def test_no_name_means_two_entries_of_a_kind() -> None:
    for entries in KINDS:
        owners: dict[str, set[str]] = {}
        for entry in entries.values():
            for form in (entry.name, *entry.aliases):
                owners.setdefault(plain(form), set()).add(entry.name)
        assert {form: names for form, names in owners.items() if len(names) > 1} == {}


def test_neighbours_are_disorders_and_neighbours_of_each_other() -> None:
    disorders = taxonomy().disorders
    for disorder in disorders.values():
        assert disorder.neighbours or disorder.name == "no disorder"
        for other in disorder.neighbours:
            assert disorder.name in disorders[other].neighbours


def test_indications_are_disorders_of_the_taxonomy() -> None:
    for therapy in taxonomy().psychotherapies.values():
        assert set(therapy.indications) <= taxonomy().disorders.keys()
    for medicine in taxonomy().medicines.values():
        assert set(medicine.indications) <= taxonomy().disorders.keys()


def test_every_fact_names_its_source_and_whether_it_was_checked() -> None:
    for entries in KINDS:
        for entry in entries.values():
            assert entry.source
            assert (entry.verified, entry.clinician_reviewed) == ("no", "no"), "nobody has checked anything yet"


def test_codes_stand_in_files_of_their_own_with_their_owners_terms() -> None:
    assert list(disorder_codes()) == list(taxonomy().disorders)
    assert list(medicine_codes()) == list(taxonomy().medicines)
    assert disorder_codes()["schizophrenia"].icd11 == "6A20"
    assert medicine_codes()["sertraline"].atc == "N06AB06"
    library = files("mentalarena.clinic").joinpath("data/library")
    for file in library.iterdir():
        if file.name.endswith(".jsonl"):
            for line in file.read_text("utf-8").splitlines():
                told = json.loads(line)
                assert not {"icd11", "dsm5tr", "atc"} & told.keys()
                assert not re.search(r"\b[NC]\d\d[A-Z]{2}\d\d\b", line)
    terms = files("mentalarena.clinic").joinpath("data/codes/README.md").read_text("utf-8")
    for owner in ("World Health Organization", "American Psychiatric Association", "WHO Collaborating Centre"):
        assert owner in terms
