"""The library: sound, apart from its references, and nobody's words twice."""

import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from mentalarena.clinic.audit import shared_runs, subjects_of_people
from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.clinic.collection import open_collection
from mentalarena.clinic.library import LibraryClinic, library, library_references
from mentalarena.clinic.people import LICENCE, read_people
from mentalarena.clinic.references import NO_MEDICINE, NO_PSYCHOTHERAPY
from mentalarena.errors import DataError
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.report.coverage import coverage_table

CLINICAL = re.compile(
    r"\b(depress\w*|panic attack\w*|ocd|bipolar|disorder\w*|trauma\w*|flashback\w*|compulsi\w*|obsess\w*|ptsd|adhd|bulimi\w*|"
    r"anorexi\w*|borderline|schizo\w*|insomnia\w*|phobi\w*|diagnos\w*|sertraline|fluoxetine|cbt|therap\w*)\b",
    re.IGNORECASE,
)
GENDERED = re.compile(r"\bmy (husband|wife|girlfriend|boyfriend)\b|\bas a (man|woman|mother|father)\b", re.IGNORECASE)
PEOPLE = {person.id: person for person in library()}


def test_at_least_eighty_people_and_160_cognitive_models_with_every_component() -> None:
    assert len(library()) >= 80
    patients = [p for person in library() for p in person.patients()]
    assert len(patients) >= 160
    assert len({p.id for p in patients}) == len(patients)
    for patient in patients:
        missing = [c for c in COMPONENTS if not patient.cognitive_model.text(c)]
        assert missing in ([], ["intermediate_beliefs_during_depression"])
        assert patient.licence == LICENCE


def test_each_person_has_utterances_of_all_its_components_in_three_degrees_of_trust() -> None:
    for person in library():
        assert len(person.utterances) >= 25
        assert {u.disclosure for u in person.utterances} == {"offered", "asked", "trust"}
        had = {c for c in COMPONENTS if person.patients()[0].cognitive_model.text(c)}
        assert {u.component for u in person.utterances} == had


def test_the_patients_own_prompt_holds_all_that_it_says_by_how_readily_and_who_it_is() -> None:
    when = {
        "offered": "you say of yourself: ",
        "asked": "you say when you are asked: ",
        "trust": "you say only to somebody",
    }
    for person in library():
        told = person.patients()[0].encoded()
        lines = {
            degree: next(line for line in told.splitlines() if line.startswith(start)) for degree, start in when.items()
        }
        for utterance in person.utterances:
            assert [d for d, line in lines.items() if utterance.text in line] == [utterance.disclosure]
        assert told.startswith(f"about you: age {person.demographics['age']}")


def test_a_risk_is_in_what_the_patient_can_say_when_it_is_asked_plainly() -> None:
    for person in library():
        if library_references()[person.id].risk != "none":
            assert "or when you are asked plainly about death, harm or danger: " in person.patients()[0].encoded()


def test_no_two_people_share_twelve_words_in_a_row() -> None:
    people = subjects_of_people(library())
    assert shared_runs(people) == []
    assert shared_runs(people, words=7), "shorter ones are found"


def test_nobody_says_the_name_of_a_disorder_or_treatment() -> None:
    assert not [
        (p.id, m[0]) for p in subjects_of_people(library()) for said in p.texts if (m := CLINICAL.search(said.text))
    ]


def test_nobody_says_a_partners_gender_or_its_own_unless_the_mind_depends_on_it() -> None:
    free = [person for person in library() if "gender" not in person.fixed]
    assert len(free) >= 0.9 * len(library())
    assert not [(p.id, m[0]) for p in subjects_of_people(free) for said in p.texts if (m := GENDERED.search(said.text))]


def test_splits_are_by_person_and_at_least_two_in_five_are_held_out() -> None:
    counts = Counter(person.split for person in library())
    assert counts["held_out"] >= 0.4 * len(library())
    assert len({person.history for person in library()}) == len(library())
    clinic = LibraryClinic()
    played = {PEOPLE[p.person].split for seed in range(3) for p in clinic.patients(1000, seed)}
    assert played == {"play"}
    for split in ("development", "held_out"):
        met = [patient for patient, _ in clinic.draw(split, 1000, seed=5)]
        assert {PEOPLE[p.person].split for p in met} == {split}
        assert len({p.person for p in met}) == len(met) == counts[split], "each person once"


def test_another_seed_brings_another_order_and_the_same_seed_the_same() -> None:
    clinic = LibraryClinic()
    assert clinic.patients(20, 1) == clinic.patients(20, 1) == clinic.patients(40, 1)[:20]
    assert clinic.patients(20, 1) != clinic.patients(20, 2)
    assert len({p.person for p in clinic.patients(20, 1)}) == 20, "nobody comes a second time before everyone has come"


def test_references_stand_apart_for_everyone_are_consistent_and_say_that_they_are_unchecked() -> None:
    references = library_references()
    assert list(references) == [person.id for person in library()]
    assert {(r.verified, r.clinician_reviewed) for r in references.values()} == {("no", "no")}
    collection = open_collection("library")
    found = collection.findings(collection.likenesses(LexicalEmbedder()), identifiers=False)
    assert [f for f in found if f.level == "error" or f.check == "reference"] == []


def test_twelve_core_disorders_have_five_people_each_and_confusable_neighbours_in_the_library() -> None:
    references = library_references().values()
    main = Counter(r.disorders[0] for r in references)
    core = {disorder for disorder, count in main.items() if count >= 5 and disorder != "no disorder"}
    assert len(core) >= 12
    for disorder in core:
        assert {name for r in references if r.disorders[0] == disorder for name in r.confusable_with} & (
            main.keys() - {disorder}
        )
    assert main["no disorder"] >= 0.1 * len(references)
    assert sum(r.risk != "none" for r in references) >= 0.15 * len(references)
    assert sum(len(r.disorders) > 1 for r in references) >= 10


def test_the_main_disorder_is_the_one_that_is_scored() -> None:
    both = [r for r in library_references().values() if len(r.disorders) > 1]
    assert all(r.reference.disorder == r.disorders[0] for r in both)
    assert library_references()["levan-kapanadze"].reference.disorder == "post traumatic stress disorder"


def test_where_the_guideline_names_nothing_nothing_is_the_right_answer() -> None:
    healthy = [r for r in library_references().values() if r.disorders == ("no disorder",)]
    for told in healthy:
        assert told.reference.treatments == (NO_PSYCHOTHERAPY,)
        assert told.reference.medicines == (NO_MEDICINE,)


def test_the_data_card_holds_the_coverage_table_as_it_is() -> None:
    card = files("mentalarena.clinic").joinpath("data/library/DATA_CARD.md").read_text("utf-8")
    assert coverage_table(open_collection("library"), markdown=True) in card


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"split": "train"}, ":1: split: "),
        ({"situations": []}, ":1: situations: "),
        ({"colour": "red"}, ":1: colour: "),
        ({"core_beliefs": {"weak": ["x"]}}, ":1: core_beliefs.weak: "),
        ({"utterances": [{"text": "x", "component": "mood", "disclosure": "asked"}]}, ":1: utterances.0.component: "),
        ({"fixed": ["height"]}, ":1: fixed.0: "),
    ],
)
def test_a_malformed_person_is_named_by_file_line_and_field(
    change: dict[str, object], expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(json.dumps(library()[0].model_dump(mode="json") | change))
    with pytest.raises(DataError, match=re.escape(expected)):
        read_people(file)
    file.write_text("\n".join([library()[0].model_dump_json()] * 2))
    with pytest.raises(DataError, match=":2: id: "):
        read_people(file)
