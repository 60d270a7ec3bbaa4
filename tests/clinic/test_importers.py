"""Other collections: nothing is lost on the way in, and what is malformed is told with file, record and field."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.clinic.files import read_patients, write_patients
from mentalarena.clinic.importers import is_patient_psi, read_mapped, read_patient_psi, read_principles_json
from mentalarena.errors import DataError

PSI: dict[str, object] = {
    "name": "Kim",
    "id": "4-2",
    "type": ["plain", "upset"],
    "history": "Moved often as a child.",
    "helpless_belief_current": ["I am stuck.", "I am weak."],
    "unlovable_belief_current": [],
    "worthless_belief_current": ["I am a burden."],
    "intermediate_belief": "If I ask, I am weak.",
    "intermediate_belief_depression": "",
    "coping_strategies": "Stays in bed.",
    "situation": "A friend does not call back.",
    "auto_thought": "She is tired of me.",
    "emotion": ["sad, down", "anxious"],
    "behavior": "Turns off the phone.",
}
"""A record in the published layout, with words of our own."""


def psi_file(folder: Path, *records: Mapping[str, object]) -> Path:
    file = folder / "psi.json"
    file.write_text(json.dumps(records))
    return file


def test_a_file_in_the_published_layout_imports_without_loss(tmp_path: Path) -> None:
    patient = read_patient_psi(psi_file(tmp_path, PSI), licence="by agreement")[0]
    model = patient.cognitive_model
    assert model.core_beliefs.helpless == ("I am stuck.", "I am weak.")
    assert model.core_beliefs.unlovable == ()
    assert model.core_beliefs.worthless == ("I am a burden.",)
    assert model.emotions == "sad, down; anxious"
    assert model.intermediate_beliefs_during_depression == ""
    assert (patient.id, patient.person, model.name, patient.styles) == ("psi-4-2", "psi-4", "Kim", ("plain", "upset"))
    assert (patient.source, patient.licence) == ("Patient-Psi-CM", "by agreement")
    write_patients(tmp_path / "own.jsonl", [patient])
    assert read_patients(tmp_path / "own.jsonl") == [patient]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@settings(deadline=None)
@given(
    current=st.lists(TEXT, max_size=4),
    earlier=st.lists(TEXT, max_size=4),
    emotion=st.lists(TEXT, min_size=1, max_size=4),
    thought=TEXT,
)
def test_every_text_of_every_list_is_in_the_patient(
    current: list[str], earlier: list[str], emotion: list[str], thought: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = PSI | {
        "helpless_belief_current": current,
        "helpless_belief": earlier,
        "emotion": emotion,
        "auto_thought": thought,
    }
    patient = read_patient_psi(psi_file(tmp_path_factory.mktemp("psi"), told))[0]
    assert set(patient.cognitive_model.core_beliefs.helpless) == {*current, *earlier}
    assert patient.cognitive_model.emotions == "; ".join(emotion)
    assert patient.cognitive_model.automatic_thoughts == thought


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"emotion": {"sad": 1}}, ":2: emotion: an object; expected a text or a list of texts"),
        ({"emotion": ["sad", 3]}, ":2: emotion: a list; expected a text or a list of texts"),
        ({"helpless_belief_current": [["x"]]}, ":2: helpless_belief_current: a list; expected a list of texts"),
        ({"history": True}, ":2: history: true or false; expected"),
        ({"mood": "low"}, ":2: mood: unknown field; expected Patient-Psi-CM's"),
        ({"id": ""}, ":2: id: empty"),
        ({"id": "4-2"}, ":2: id: 'psi-4-2' stands in line 1 too"),
    ],
)
def test_a_malformed_record_is_told_with_file_record_and_field(
    change: dict[str, object], expected: str, tmp_path: Path
) -> None:
    file = psi_file(tmp_path, PSI, PSI | {"id": "4-3"} | change)
    with pytest.raises(DataError, match=re.escape(f"{file}{expected}")):
        read_patient_psi(file)


def test_a_file_with_any_field_of_that_collection_is_one_of_it(tmp_path: Path) -> None:
    lacking = {key: value for key, value in PSI.items() if key != "intermediate_belief"}
    assert is_patient_psi(psi_file(tmp_path, lacking, PSI | {"id": "4-3"}))
    assert not is_patient_psi(psi_file(tmp_path, {"id": "1", "history": "h", "emotions": "low"}))


def test_a_record_without_a_field_or_without_any_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=":1: situation: missing"):
        read_patient_psi(psi_file(tmp_path, {k: v for k, v in PSI.items() if k != "situation"}))
    empty = {key: [] if isinstance(value, list) else "" for key, value in PSI.items()} | {"id": "1-1"}
    with pytest.raises(DataError, match=":1: every component is empty"):
        read_patient_psi(psi_file(tmp_path, empty))
    (tmp_path / "psi.json").write_text("[]")
    with pytest.raises(DataError, match="no records"):
        read_patient_psi(tmp_path / "psi.json")


def test_a_table_is_read_by_its_mapping_and_says_what_was_left_out(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text('anamnesis,mood,weak,years,colour\n"Grew up, alone",low,I fail; I am lost,41,red\n', "utf-8")
    mapping = {
        "history": "anamnesis", "emotions": "mood", "core_beliefs.helpless": "weak", "demographics.age": "years",
    }  # fmt: skip
    patients, left = read_mapped(file, mapping, "CC0-1.0", "my clinic")
    model = patients[0].cognitive_model
    assert (model.history, model.emotions, model.core_beliefs.helpless) == (
        "Grew up, alone",
        "low",
        ("I fail", "I am lost"),
    )
    assert patients[0].demographics == (("age", "41"),)
    assert (patients[0].id, patients[0].source, patients[0].licence) == ("mine-1", "my clinic", "CC0-1.0")
    assert left == ("colour",)


def test_a_spreadsheets_semicolons_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("past;mood\nalone, mostly;low\n")
    patients, _ = read_mapped(tmp_path / "mine.csv", {"history": "past", "emotions": "mood"})
    assert (patients[0].cognitive_model.history, patients[0].cognitive_model.emotions) == ("alone, mostly", "low")


def test_a_byte_order_mark_line_ends_in_a_field_and_bars_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text('history,weak\n"a\nb","I fail | I am lost\nI am late"\n', "utf-8-sig")
    patients, _ = read_mapped(tmp_path / "mine.csv", {"core_beliefs.helpless": "weak"})
    assert patients[0].cognitive_model.history == "a\nb"
    assert patients[0].cognitive_model.core_beliefs.helpless == ("I fail", "I am lost", "I am late")


@pytest.mark.parametrize(
    ("content", "mapping", "expected"),
    [
        ("a,b\n1,2,3\n", {"history": "a"}, "mine.csv:1: another number of fields"),
        ("a,b\n1\n", {"history": "a"}, "mine.csv:1: another number of fields"),
        ("a\nx\n", {"history": "b"}, "mine.csv: no field 'b'; the file has a"),
        ("a\nx\n", {"mood": "a"}, "mapping: mood: unknown"),
        ("a\n", {"history": "a"}, "mine.csv: no records"),
        ('a\n"x', {"history": "a"}, "mine.csv: unexpected end of data"),
        ("id,history\n1,x\n1,y\n", {}, "mine.csv:2: id: '1' stands in line 1 too"),
        ("a\n''\n", {"id": "a"}, "mine.csv:1: every component is empty"),
    ],
)
def test_a_bad_table_or_mapping_is_told(content: str, mapping: dict[str, str], expected: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(content)
    with pytest.raises(DataError, match=re.escape(expected)):
        read_mapped(file, mapping)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"quiet": ["Say little.", "Look away."]}, [("quiet", ("Say little.", "Look away."))]),
        (["Say little."], [("group 1", ("Say little.",))]),
        (
            [{"expert": "e1", "principle": "Say little."}, {"expert": "e1", "principle": "Look away."}],
            [("e1", ("Say little.", "Look away."))],
        ),
        ([{"id": "a", "principles": ["Say little.", "Say little."]}], [("a", ("Say little.",))]),
    ],
)
def test_principles_are_read_in_the_forms_that_are_about(
    told: object, expected: list[tuple[str, tuple[str, ...]]], tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(told))
    assert [(g.id, g.principles) for g in read_principles_json(tmp_path / "p.json")] == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([{"id": "a", "rule": "x"}], "p.json:1: no principle"),
        ([{"id": "a", "principles": {"x": 1}}], "p.json:1: principles: an object; expected a list of texts"),
        ([3], "p.json:1: a number; expected a text or an object"),
        ([], "p.json: no principles"),
        ({"quiet": []}, "p.json: no principles"),
        ("x", "p.json: a text; expected a list or an object"),
    ],
)
def test_malformed_principles_are_told_with_record_and_field(told: object, expected: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match=re.escape(expected)):
        read_principles_json(tmp_path / "p.json")
