"""The library: sound, apart from its references, and nobody's words twice."""

import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.clinic.library import LICENCE, coverage, library, library_patients, read_people, shared_runs
from mentalarena.errors import DataError

REFERENCES = [
    json.loads(line)
    for line in files("mentalarena.clinic").joinpath("data/library/references.jsonl").read_text("utf-8").splitlines()
]
CLINICAL = re.compile(
    r"\b(depress\w*|panic attack\w*|ocd|bipolar|disorder\w*|trauma\w*|flashback\w*|compulsi\w*|obsess\w*|ptsd|adhd|bulimi\w*|"
    r"anorexi\w*|borderline|schizo\w*|insomnia\w*|phobi\w*|diagnos\w*|sertraline|fluoxetine|cbt|therap\w*)\b",
    re.IGNORECASE,
)


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


def test_no_two_people_share_twelve_words_in_a_row() -> None:
    assert shared_runs(library()) == []
    assert shared_runs(library(), words=7), "shorter ones are found"


def test_nobody_says_the_name_of_a_disorder_or_treatment() -> None:
    assert not [(p.id, m[0]) for p in library() for text in p.texts() if (m := CLINICAL.search(text))]


def test_splits_are_by_person_and_at_least_two_in_five_are_held_out() -> None:
    minds = {
        split: {p.cognitive_model.history for p in library_patients(split)} for split in ("play", "development", "held_out")
    }
    assert sum(map(len, minds.values())) == len(set.union(*minds.values())) == len(library())
    assert len(minds["held_out"]) >= 0.4 * len(library())
    assert coverage(library())["split"] == Counter({split: len(found) for split, found in minds.items()})


def test_references_stand_apart_for_everyone_and_say_that_they_are_unchecked() -> None:
    assert [r["id"] for r in REFERENCES] == [person.id for person in library()]
    assert {(r["verified"], r["clinician_reviewed"]) for r in REFERENCES} == {("no", "no")}
    main = Counter(r["disorders"][0] for r in REFERENCES)
    assert sum(count >= 5 for disorder, count in main.items() if disorder != "no disorder") >= 12
    assert main["no disorder"] >= 0.1 * len(REFERENCES)
    assert sum(r["risk"].lower() != "none" for r in REFERENCES) >= 0.15 * len(REFERENCES)
    for reference in REFERENCES:
        assert bool(reference["psychotherapy"]) == (reference["disorders"] != ["no disorder"])
        assert set(reference["disorders"]).isdisjoint(reference["confusable_with"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"split": "train"}, ":1: split: "),
        ({"situations": []}, ":1: situations: "),
        ({"colour": "red"}, ":1: colour: "),
        ({"core_beliefs": {"weak": ["x"]}}, ":1: core_beliefs.weak: "),
        ({"utterances": [{"text": "x", "component": "mood", "disclosure": "asked"}]}, ":1: utterances.0.component: "),
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
