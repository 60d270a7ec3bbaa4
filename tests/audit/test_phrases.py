"""The look-up by first letters finds what each phrase finds alone."""

import json
import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import pytest

from mentalarena.audit.phrases import Phrases, heads, plain

DATA = Path(__file__).parent / "data"


@lru_cache
def texts() -> tuple[str, ...]:
    cases = [json.loads(line) for line in (DATA / "evidence.jsonl").read_text("utf-8").splitlines()]
    return tuple(sorted({plain(line["text"]) for case in cases for line in case["lines"]}))


def phrases() -> list[str]:
    read = tomllib.loads(files("mentalarena.audit").joinpath("data/evidence.toml").read_text("utf-8"))
    signs = [sign for found in read["signs"].values() for sign in (*found["cues"], *found.get("forms", ()))]
    return [*signs, *read["fits"]]


def test_what_is_found_by_letters_is_what_is_found_alone() -> None:
    for phrase in phrases():
        alone, by_letters = re.compile(rf"(?<!\w)(?=\w)(?:{phrase})"), Phrases({"": [phrase]})
        different = [text for text in texts() if bool(alone.search(text)) != (text in by_letters)]
        assert not different, phrase


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("kill", {"ki"}),
        (r"\bprn\b", {"pr"}),
        ("(?:cut|burn) me|die", {"cu", "bu", "di"}),
        ("(?:very )?sad", {"ve", "sa"}),
        (r"\w+ years", {""}),
        ("a|i am", {"a", "i"}),
        ("ha?d", {"h"}),
    ],
)
def test_heads(phrase: str, expected: set[str]) -> None:
    assert heads(phrase) == expected


def test_labels_are_found_where_they_first_stand() -> None:
    assert Phrases({"one": ["a b", "c"], "two": ["b"]}).found("x c a b") == {"one": 2, "two": 6}
    assert Phrases({}).found("any text") == {}
