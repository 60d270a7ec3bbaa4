"""What is said aloud of a reply: no reasoning, no half characters, and the same however the reply is divided."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.models.spoken import Spoken, spoken

TAGS = ["<think>", "</think>", "<THINKING>", "</thinking>", "<", "</", "<think", "ing>", ">"]
PARTS = [*TAGS, " ", "\n", "a", "İ", "K", "\ud83d", "\ude00", "é"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)
DIVIDED = TEXTS.flatmap(
    lambda text: st.sets(st.integers(0, len(text))).map(
        lambda cuts: [text[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), len(text)], strict=True)]
    )
)


@given(DIVIDED, st.sampled_from(["stop", "length"]))
def test_what_is_said_does_not_depend_on_where_the_pieces_end_and_only_grows(pieces: list[str], finish: str) -> None:
    said, texts = Spoken(), [""]
    for piece in pieces:
        said.take(piece)
        texts.append(said.text)
    whole = said.end(finish)
    assert whole == spoken("".join(pieces), finish)
    texts.append(whole[0])
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


@given(TEXTS)
def test_it_is_what_stands_outside_of_thoughts_and_can_be_written_to_a_file(text: str) -> None:
    outside = re.split(r"(?ias)<think(?:ing)?>.*?(?:</think(?:ing)?>\s*|$)", text)
    joined = "".join(outside).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    expected = joined.strip().encode("utf-8", "replace").decode()
    found = spoken(text, "stop")[0]
    found.encode()
    if "\ud83d" not in text or "<" not in text:  # halves on both sides of a thought are no pair
        assert found == expected


@pytest.mark.parametrize("text", ["<think>a secret", "<think>a secret</think", "Hi <thinking>a secret</thin"])
def test_a_thought_that_never_ends_is_not_said_and_was_cut_off(text: str) -> None:
    said, finish = spoken(text, "stop")
    assert "secret" not in said
    assert finish == "length"


def test_half_a_tag_is_held_back_and_said_where_it_was_none() -> None:
    said = Spoken()
    for piece, expected in (("a <thi", "a"), ("nk", "a"), ("s", "a <thinks"), (" <", "a <thinks"), ("3", "a <thinks <3")):
        said.take(piece)
        assert said.text == expected
    said.take(" </")
    assert said.end() == ("a <thinks <3 </", "stop")


def test_half_a_character_is_held_back_and_a_lone_half_becomes_a_question_mark() -> None:
    said = Spoken()
    said.take("a\ud83d")
    assert said.text == "a"
    said.take("\ude00\ud83d")
    assert said.text == "a😀"
    assert said.end() == ("a😀?", "stop")


def test_a_long_reply_of_many_thoughts_is_read_in_one_go() -> None:
    assert spoken("<think></think>" * 300_000 + "Hi", "stop") == ("Hi", "stop")
