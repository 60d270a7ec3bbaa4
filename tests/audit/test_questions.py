"""Questions from folders and files of users."""

import json
from pathlib import Path

import pytest

from mentalarena.audit.contamination import Held
from mentalarena.audit.questions import read_questions
from mentalarena.errors import DataError

ASKED = "Which adverse effect of clozapine requires regular counts of the white blood cells?"


def mcq(file: Path, *subjects: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    records = [
        {"question": f"{ASKED} ({subject})", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": number % 4 + 1,
         "subject_name": subject}
        for number, subject in enumerate(subjects)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_a_question_of_several_sets_is_looked_for_once_and_found(tmp_path: Path) -> None:
    mcq(tmp_path / "medmcqa" / "validation.jsonl", "Psychiatry", "Psychiatry", "Anatomy", "Medicine")
    found = read_questions([tmp_path])
    assert {name.split()[0] for name in found.sets} == {
        "medmcqa",
        "medmcqa_psychiatry",
        "medmcqa_anatomy",
        "medmcqa_medicine",
    }
    assert len(found.texts) == 3  # two are the same
    assert Held(found.texts).overlap(f"Tell me. {ASKED} (Anatomy)")


def test_a_file_may_be_a_known_set_records_with_a_question_or_lines(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps([{"query": ASKED}, {"text": "And which of clonidine?"}]))
    (tmp_path / "own.txt").write_text(f"{ASKED}\n\nAnd which of clonidine?\n")
    (tmp_path / "own.csv").write_text('question,key\n"And which of lithium?",A\n')
    found = read_questions([tmp_path / "own.json", tmp_path / "own.txt", tmp_path / "own.csv"])
    assert found.sets == ("own.json 2", "own.txt 2", "own.csv 1")
    assert list(found.texts.values()) == [ASKED, "And which of clonidine?", "And which of lithium?"]
    mcq(tmp_path / "medmcqa" / "validation.jsonl", "Psychiatry", "Anatomy", "Medicine", "Pathology")
    assert "medmcqa 4" in read_questions([tmp_path / "medmcqa" / "validation.jsonl"]).sets


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("q.jsonl", '{"answer": 3}', "q.jsonl:record 1: no question; expected a text as one of question"),
        ("q.jsonl", '{"question": ', ":1: torn"),
        ("q.txt", b"\xff\xfe\x00", "not UTF-8"),
        ("medqa/test.jsonl", '{"question": "Why?"}', "expected"),
    ],
)
def test_a_bad_file_is_one_line(name: str, content: str | bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        read_questions([tmp_path / name])
    assert expected in str(error.value)
    assert "\n" not in str(error.value)
