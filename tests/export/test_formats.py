"""Formats: nothing is lost between them, and nothing of the machine is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.export.formats import (
    COLUMNS,
    EMBEDDED_NAME,
    LINEAGE,
    OF_ROWS,
    Record,
    alpaca,
    lineage_columns,
    messages,
    preference,
    prompt_completion,
    public_name,
    sharegpt,
)
from mentalarena.models.base import Message
from mentalarena.training.preference import PreferencePair
from mentalarena.training.rows import Row, RowLineage

ORIGIN = RowLineage("e-1", 2, "/home/me/models/big@0123456789ab", "p-1", "mine", "MIT", 8)
roles = st.sampled_from(["system", "user", "assistant"])
prompts = st.lists(st.builds(Message, roles, st.text(max_size=30)), min_size=1, max_size=6).map(tuple)


def row(prompt: tuple[Message, ...], completion: str) -> Row:
    return Row("diagnosis", prompt, completion, ORIGIN)


@given(prompts, st.text(max_size=30))
def test_chat_formats_hold_every_message_in_order(prompt: tuple[Message, ...], completion: str) -> None:
    made = row(prompt, completion)
    said = [*(m.content for m in prompt), completion]
    assert [m["content"] for m in messages(made)["messages"]] == said
    both = prompt_completion(made)
    assert [m["content"] for m in both["prompt"] + both["completion"]] == said
    assert both["completion"][0]["role"] == "assistant"
    assert [m["value"] for m in sharegpt(made)["conversations"]] == said
    told = alpaca(made)
    assert told["output"] == completion
    assert all(m.content in told["instruction"] + "\n" + told["input"] for m in prompt)


def test_each_format_by_example() -> None:
    prompt = (Message("system", "be kind"), Message("user", "hello"), Message("assistant", "hi"), Message("user", "and?"))
    made = row(prompt, "diagnosis: x")
    assert sharegpt(made)["conversations"][:2] == [
        {"from": "system", "value": "be kind"},
        {"from": "human", "value": "hello"},
    ]
    assert sharegpt(made)["conversations"][-1] == {"from": "gpt", "value": "diagnosis: x"}
    assert alpaca(made)["input"] == "User: hello\nAssistant: hi\nUser: and?"
    assert alpaca(row(prompt[:2], "y")) == {"instruction": "be kind", "input": "hello", "output": "y"}
    assert alpaca(row(prompt[1:2], "y")) == {"instruction": "hello", "input": "", "output": "y"}
    pair = preference(PreferencePair("diagnosis", prompt, "a", "b", ORIGIN))
    assert (pair["chosen"], pair["rejected"]) == (
        [{"role": "assistant", "content": "a"}],
        [{"role": "assistant", "content": "b"}],
    )


def test_the_columns_that_the_card_tells_are_the_columns_of_the_records() -> None:
    origin = lineage_columns("diagnosis", ORIGIN, "anna")
    assert list(origin) == [column["name"] for column in LINEAGE]
    made: dict[str, Record] = {name: form(row((Message("user", "q"),), "a")) for name, form in OF_ROWS.items()}
    made["preference"] = preference(PreferencePair("diagnosis", (), "a", "b", ORIGIN))
    for name, record in made.items():
        assert list(record) == [column["name"] for column in COLUMNS[name]]
    assert origin["model"] == "big@0123456789ab"


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("embedded", EMBEDDED_NAME),
        ("embedded@1dc56ecbbbac", f"{EMBEDDED_NAME}@1dc56ecbbbac"),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("/data/users/me/llama@0123456789ab", "llama@0123456789ab"),
        ("~/models/llama/", "llama"),
        ("./llama", "llama"),
        ("../../x/llama", "llama"),
        ("C:\\models\\llama", "llama"),
        ("a/b/c/llama", "llama"),
        ("/", "local model"),
        ("gpt-4o", "gpt-4o"),
        ("", ""),
    ],
)
def test_a_machines_folders_are_not_in_a_public_name(name: str, public: str) -> None:
    assert public_name(name) == public
