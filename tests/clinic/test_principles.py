"""Behaviour principles: many, different, and matched to how a person copes."""

import json
from pathlib import Path

import pytest

from mentalarena.arena.encoder import shortlist
from mentalarena.clinic.audit import words_of
from mentalarena.clinic.cognitive_model import CognitiveModel, Patient
from mentalarena.clinic.principles import principle_groups, read_principles, write_principles
from mentalarena.errors import DataError
from mentalarena.models.lexical import LexicalEmbedder


def test_forty_groups_and_two_hundred_different_principles_with_the_coping_they_go_with() -> None:
    groups = principle_groups()
    principles = [text for group in groups for text in group.principles]
    assert len(groups) >= 40
    assert len(set(principles)) == len(principles) >= 200
    assert len({group.id for group in groups}) == len(groups)
    assert all(len(group.coping) >= 3 for group in groups)
    runs = [tuple(words[n : n + 8]) for text in principles if (words := words_of(text)) for n in range(len(words) - 7)]
    assert len(runs) == len(set(runs)), "no eight words in a row stand in two of them"


def test_a_patient_who_copes_as_a_group_does_gets_that_group_first() -> None:
    for group in principle_groups():
        patient = Patient(CognitiveModel(id="p", name="", coping_strategies=f"I am one who {group.coping[0]}"))
        assert shortlist(patient, principle_groups(), LexicalEmbedder())[0].id == group.id


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_principles(tmp_path / "p.jsonl", principle_groups())
    assert read_principles(tmp_path / "p.jsonl") == list(principle_groups())


def test_a_group_without_principles_is_named_by_file_line_and_field(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": "a", "principles": []}))
    with pytest.raises(DataError, match=r"p.jsonl:1: principles: "):
        read_principles(tmp_path / "p.jsonl")
