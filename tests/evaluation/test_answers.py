"""What is read from models' free answers: tables written by hand, and promises for any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.evaluation.answers import read_answer
from tests.evaluation.answer_cases import CAMS, DRUG, NESTED, OWN, TEN, YN, YNM, Case

SHARED = Path(__file__).parents[2].parent / "shared" / "benchmarks" / "tricky_answers.jsonl"


@pytest.mark.parametrize("case", OWN, ids=lambda case: repr(case[1][:50]))
def test_a_reply_is_read_as_a_careful_reader_would(case: Case) -> None:
    options, output, expected = case
    assert read_answer(output, options) == expected


@pytest.mark.skipif(not SHARED.exists(), reason="the shared benchmarks are not beside this checkout")
def test_every_tricky_answer_is_read_right() -> None:
    rows = [json.loads(line) for line in SHARED.read_text(encoding="utf-8").splitlines()]
    wrong = [
        (row["output"], row["truth"], found)
        for row in rows
        if (found := read_answer(row["output"], row.get("options", YNM))) != row["truth"]
    ]
    assert len(rows) >= 45
    assert not wrong
