"""Duplicates among rows: exact and near ones, the same whatever the order, and of many rows as of few."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.duplicates import FEW, duplicates, likeness, without_duplicates
from mentalarena.audit.rows import Copies, read_example
from mentalarena.models.base import Message
from mentalarena.training.rows import Row, RowLineage

TEXT = st.text(max_size=80) | st.lists(st.sampled_from("abcdefg"), max_size=12).map(" ".join)


def many(count: int, seed: int = 0) -> dict[str, str]:
    rng = random.Random(seed)
    words = [f"w{n}" for n in range(500)]
    return {str(n): "suggest one diagnosis for this patient " + " ".join(rng.choices(words, k=40)) for n in range(count)}


@given(TEXT, TEXT)
def test_likeness_is_symmetric_and_one_for_the_same(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert likeness(one, one) == 1.0
    assert 0.0 <= likeness(one, other) <= 1.0


@given(TEXT, TEXT)
def test_duplicates_are_symmetric(one: str, other: str) -> None:
    assert bool(duplicates({"a": one, "b": other})) == bool(duplicates({"a": other, "b": one}))


@given(st.lists(TEXT, max_size=8))
def test_any_rows_can_be_read_and_the_first_of_equals_is_kept(texts: list[str]) -> None:
    rows = {str(n): text for n, text in enumerate(texts)}
    kept, found = without_duplicates(rows)
    assert sorted([*kept, *(finding.item for finding in found)]) == sorted(rows)
    assert not rows or kept[0] == "0"
    assert all(twin.row != twin.of and int(twin.of) < int(twin.row) for twin in duplicates(rows))


def test_among_many_rows_planted_copies_are_found_and_the_common_form_makes_no_duplicate() -> None:
    rows = many(4 * FEW)
    assert duplicates(rows) == []
    rng = random.Random(1)
    copies = {}
    for number in range(60):
        words = rows[str(number)].split()
        for _ in range(3):
            words[rng.randrange(6, len(words))] = "other"
        copies[f"copy-{number}"] = " ".join(words)
    found = {twin.row: twin.of for twin in duplicates(rows | copies)}
    assert found == {f"copy-{number}": str(number) for number in range(60)}


def test_what_is_found_among_many_rows_does_not_depend_on_their_order() -> None:
    rows = many(2 * FEW) | {f"copy {n}": f"{text} again" for n, text in list(many(2 * FEW).items())[:20]}
    there = {frozenset((twin.row, twin.of)) for twin in duplicates(rows)}
    back = {frozenset((twin.row, twin.of)) for twin in duplicates(dict(reversed(rows.items())))}
    assert there == back
    assert len(there) == 20


def test_rows_that_are_all_the_same_or_empty_are_found() -> None:
    assert len(duplicates({str(n): "The same. Text!" for n in range(3 * FEW)})) == 3 * FEW - 1
    assert len(duplicates({str(n): "" for n in range(3 * FEW)})) == 3 * FEW - 1
    assert duplicates({}) == []


def repeated(rows: list[Row]) -> list[tuple[str, str]]:
    """Rows that repeat an earlier one, each with that one, by their ids."""
    copies = Copies()
    for number, row in enumerate(rows):
        example = read_example(row.as_dict(), "a row")
        copies.add(example.id(number), example)
    return [(later, earlier) for later, earlier, _ in copies.found()]


def test_the_rows_of_one_episode_share_its_dialogue_and_are_no_duplicates() -> None:
    dialogue = Message(
        "user", "I check the gas tap eleven times before I leave, my bus is gone by then, and I lie about the traffic."
    )
    lineage = RowLineage("00-p", 0, "m", "p", "generated", "Apache-2.0")
    rows = [Row(kind, (dialogue,), f"{kind}: one", lineage) for kind in ("diagnosis", "treatment", "medicine")]
    assert repeated(rows) == []
    turns = (dialogue, Message("assistant", "And at work?"), Message("user", "There too, the locks."))
    talk = [Row("talk", turns[:1], "And at work?", lineage), Row("talk", turns, "How long does it take?", lineage)]
    assert repeated(talk) == []
    assert [earlier for _, earlier in repeated([*rows, *rows])] == [
        "0 diagnosis 00-p",
        "1 treatment 00-p",
        "2 medicine 00-p",
    ]
