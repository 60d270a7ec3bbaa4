"""The audit finds what was planted, and nothing in what is sound."""

import dataclasses
from dataclasses import replace

import pytest

from mentalarena.clinic import audit
from mentalarena.clinic.cognitive_model import CognitiveModel, CoreBeliefs, Patient
from mentalarena.clinic.collection import open_collection
from mentalarena.clinic.library import library, library_references
from mentalarena.clinic.taxonomy import taxonomy
from mentalarena.models.lexical import LexicalEmbedder

LONG = "every evening i walk twice round the block and count the lit windows before i go in"


def patient(patient_id: str, **texts: str) -> Patient:
    told = {"history": f"{patient_id} grew up somewhere", "coping_strategies": f"waiting, says {patient_id}"} | texts
    return Patient(
        CognitiveModel(id=patient_id, name="", core_beliefs=CoreBeliefs(helpless=(f"i am {patient_id}",)), **told)
    )


def found(*patients: Patient) -> list[tuple[str, str]]:
    people = audit.subjects(patients)
    findings = audit.duplicates(people, audit.likenesses(people, LexicalEmbedder()))
    return [(finding.check, finding.where) for finding in findings]


def test_twelve_shared_words_are_found_whatever_their_case_and_punctuation() -> None:
    assert found(patient("a", behavior=LONG), patient("b", situation=f"Well: {LONG.upper()}!"))[:1] == [
        ("near-duplicate", "a, b")
    ]
    eleven = " ".join(LONG.split()[:11])
    assert found(patient("a", behavior=eleven), patient("b", situation=f"then {eleven} so")) == []


def test_the_longest_shared_run_is_counted_in_words() -> None:
    people = audit.subjects(
        [patient("a", behavior=LONG), patient("b", situation=f"so {' '.join(LONG.split()[:9])} and on")]
    )
    assert audit.longest_shared(people) == 9


def test_texts_that_mean_the_same_in_other_words_order_are_found_by_embedding() -> None:
    one = "i lie awake and count the hours until the alarm and then i get up tired"
    other = "and then i get up tired i lie awake and count the hours until the alarm"
    assert ("near-duplicate", "a, b") in found(patient("a", behavior=one), patient("b", behavior=other))
    assert found(patient("a", behavior=one), patient("b", emotions=other)) == [], "only within a component"
    same = dataclasses.replace(patient("a-2", behavior=other), person="a")
    assert found(dataclasses.replace(patient("a-1", behavior=one), person="a"), same) == [], "only of different people"


def test_situations_of_one_person_may_share_the_mind_but_not_their_texts() -> None:
    first = replace(patient("a-1", behavior=LONG), person="a")
    second = replace(first, cognitive_model=replace(first.cognitive_model, id="a-2", behavior="other words"))
    assert found(first, second) == []
    again = replace(second, cognitive_model=replace(second.cognitive_model, situation=f"there {LONG}"))
    assert found(first, again)[0] == ("repetition", "a")


def test_empty_components_and_drafts_are_worth_a_look() -> None:
    told = patient("a")
    assert {f.detail for f in audit.empties([told])} == {
        "intermediate_beliefs", "situation", "automatic_thoughts", "emotions", "behavior",
    }  # fmt: skip
    draft = replace(told, source="draft by some model from notes.txt, not reviewed")
    assert [f.check for f in audit.drafts([draft])] == ["draft"]
    assert audit.drafts([replace(draft, source="draft by some model from notes.txt, reviewed by A. B.")]) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"disorders": ("melancholia",)}, "disorders: 'melancholia' is not in the taxonomy"),
        ({"medicine": ("zolfexine",)}, "medicine: 'zolfexine' is not in the taxonomy"),
        ({"psychotherapy": ("hugs",)}, "psychotherapy: 'hugs' is not in the taxonomy"),
        ({"disorders": ("panic disorder",), "confusable_with": ("panic disorder",)}, "confusable_with: its own disorder"),
        ({"disorders": ("no disorder",)}, "no disorder, but a severity or a treatment"),
        ({"medicine": ("lithium",)}, "medicine: lithium has no indication among its disorders"),
        ({"psychotherapy": ("CBT for insomnia",)}, "psychotherapy: CBT for insomnia has no indication"),
        ({"id": "nobody"}, "a reference of nobody"),
        ({"id": "nobody"}, "no reference"),
        ({"confusable_with": ("nerves",)}, "confusable_with: 'nerves' is not in the taxonomy"),
        ({"severity": "none"}, "no disorder, but a severity or a treatment"),
    ],
)
def test_a_reference_that_contradicts_the_taxonomy_or_itself_is_found(change: dict[str, object], expected: str) -> None:
    sound = next(r for r in library_references().values() if r.disorders == ("panic disorder",) and r.medicine)
    people = [sound.id]
    assert audit.inconsistencies([sound], people, taxonomy()) == []
    wrong = sound.model_copy(update=change)
    assert any(expected in finding.detail for finding in audit.inconsistencies([wrong], people, taxonomy()))


def test_readability_is_in_the_range_in_which_people_talk() -> None:
    assert audit.unreadable(audit.subjects_of_people(library())) == []
    bureaucratic = (
        "institutionalised circumstances necessitate comprehensive reconsideration of organisational responsibilities"
    )
    assert audit.unreadable([audit.Subject("a", (audit.Said("history", 0, bureaucratic),) * 20)])[0].where == "a"
    assert audit.unreadable([audit.Subject("a", (audit.Said("history", 0, bureaucratic),))]) == [], "too little to tell"
    assert audit.lix("I am here. You go now.") == 3.0
    assert audit.lix("") == 0.0


def test_identifiers_in_a_persons_words_are_found() -> None:
    pytest.importorskip("presidio_analyzer")
    told = audit.subjects([patient("a", behavior="i called maria at 020 7946 0958 and hung up")])
    assert [f.detail for f in audit.identifying(told)] == ["contact: 020 7946 0958 (behavior 1)"]


def test_own_references_are_used_and_people_are_counted_once() -> None:
    found = open_collection("library")
    assert found.demographics.keys() == {person.id for person in library()}
    assert len(found.patients) > len(found.demographics)


def test_coverage_counts_people_by_disorder_age_and_severity() -> None:
    cells = open_collection("library").coverage()
    assert sum(cells.values()) == len(library())
    for person in library()[:20]:
        told = library_references()[person.id]
        assert cells[told.disorders[0], audit.age_group(person.demographics["age"]), told.severity] >= 1
    assert [audit.age_group(a) for a in ("17", "18", "64", "65", "old")] == [
        "under 18", "18 to 29", "50 to 64", "65 and over", "unknown",
    ]  # fmt: skip
