"""Rows in every form in which they are given out, and which of them repeat an earlier one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.rows import Copies, Example, each_example, read_example
from mentalarena.errors import DataError
from mentalarena.models.base import Message

TALK = [{"role": "user", "content": "I lie awake."}, {"role": "assistant", "content": "Since when?"}]
SHARE = [{"from": "human", "value": "I lie awake."}, {"from": "gpt", "value": "Since when?"}]
EITHER = {"chosen": [{"role": "assistant", "content": "yes"}], "rejected": [{"role": "assistant", "content": "no"}]}
WHY = [TALK[0], {"role": "assistant", "content": "Why?"}]
PROFILE = "you are the patient. history: my brother left in spring and i count the trains that he may have taken at night"


@pytest.mark.parametrize(
    ("record", "prompt", "answers"),
    [
        ({"prompt": TALK[:1], "completion": TALK[1:]}, ["I lie awake."], ("Since when?",)),
        ({"prompt": "I lie awake.", "completion": "Since when?"}, ["I lie awake."], ("Since when?",)),
        ({"messages": TALK}, ["I lie awake."], ("Since when?",)),
        ({"conversations": SHARE}, ["I lie awake."], ("Since when?",)),
        ({"prompt": TALK[:1], **EITHER}, ["I lie awake."], ("yes", "no")),
        ({"chosen": TALK, "rejected": WHY}, ["I lie awake."], ("Since when?", "Why?")),
        ({"instruction": "Ask.", "input": "I lie awake.", "output": "Since when?"}, ["Ask.\nI lie awake."], ("Since when?",)),
    ],
)  # fmt: skip
def test_a_row_of_any_form_is_read(record: dict[str, Any], prompt: list[str], answers: tuple[str, ...]) -> None:
    example = read_example(record, "here")
    assert [message.content for message in example.prompt] == prompt
    assert example.answers == answers
    assert (example.kind, example.pair) == ("", len(answers) > 1)


def test_a_kind_that_the_row_does_not_tell_is_told_by_its_answer() -> None:
    told = {
        "Medicine: sertraline": "medicine",
        "health: well": "outcome",
        "I would say: rest": "",
        "diagnosis": "diagnosis",
    }
    assert {answer: read_example({"prompt": "?", "completion": answer}, "").kind for answer in told} == told


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["role", "content", "from", "value", "episode"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sets(
        st.sampled_from(["prompt", "completion", "messages", "conversations", "chosen", "rejected", "lineage", "kind"])
    ),
)
def test_any_record_is_a_row_or_one_clear_line(value: object, names: set[str]) -> None:
    told = ""
    try:
        read_example(dict.fromkeys(names, value), "rows.jsonl:7")
    except DataError as error:
        told = str(error)
    assert told == "" or told.startswith("rows.jsonl:7: no row")
    assert "\n" not in told


def test_rows_are_numbered_as_they_stand_with_empty_lines_left_out(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n" + json.dumps({"prompt": "a", "completion": "b"}) + "\n\n" + json.dumps({"messages": TALK}) + "\n")
    assert [example.answers for example in each_example(file)] == [("b",), ("Since when?",)]


def example(kind: str, question: str, answer: str, patient: str = "p", *more: str) -> Example:
    prompt = (Message("system", PROFILE), Message("user", question))
    return Example(kind, prompt, (answer, *more), f"00-{patient}", patient)


def repeats(*examples: Example) -> list[tuple[int, int]]:
    copies = Copies()
    for number, one in enumerate(examples):
        copies.add(number, one)
    assert len(copies) == len(examples)
    return sorted((later, earlier) for later, earlier, _ in copies.found())


def test_questions_under_one_profile_are_no_duplicates_of_each_other() -> None:
    asked = [
        example("outcome", f"imagine that you get {name}.", f"outcome: {name} helps")
        for name in ("rest", "music", "lithium")
    ]
    assert repeats(*asked) == []
    assert repeats(*asked, asked[1]) == [(3, 1)]
    either = [
        example("choice", f"which fits you, {a} or {b}?", "choice: ocd") for a, b in (("ocd", "ptsd"), ("ptsd", "ocd"))
    ]
    assert repeats(*either) == []


def test_pairs_of_one_patient_are_compared_by_what_is_put_above_what() -> None:
    pairs = [example("medicine", "which medicine?", "sertraline", "p", name) for name in ("drops", "tea")]
    assert repeats(*pairs) == []
    assert repeats(*pairs, pairs[0]) == [(2, 0)]
    other = [example("medicine", "which medicine?", "sertraline", patient, "drops") for patient in ("p", "q")]
    assert repeats(*other) == [(1, 0)]  # another patient with the same prompt is a repetition


def test_a_row_repeats_none_of_another_kind() -> None:
    assert repeats(example("treatment", "which?", "rest"), example("medicine", "which?", "rest")) == []
    assert repeats(example("treatment", "which?", "rest"), example("treatment", "which?", "rest", "q")) == [(1, 0)]


def test_an_exported_row_tells_its_lineage_in_columns_of_its_own() -> None:
    flat = {"messages": TALK, "episode": "e", "patient": "p", "licence": "CC-BY-NC-4.0"}
    example = read_example(flat, "here")
    assert (example.episode, example.patient, example.licence) == ("e", "p", "CC-BY-NC-4.0")
