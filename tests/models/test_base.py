"""Listening to any model: one that tells its reply while it comes, and one that cannot."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.models.base import ChatModel, Message, Reply, Sampling, Streamer, Usage, streamed
from mentalarena.models.scripted import ScriptedModel

ASKED = (Message("user", "?"),)


class Silent:
    """A model that answers at once or not at all."""

    name = "silent"

    def __init__(self, text: str) -> None:
        self.text = text

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return Reply(self.text, "length", Usage(1, 2, 3), self.name)


def listen(model: ChatModel) -> tuple[list[str], Reply]:
    heard: list[str] = []
    return heard, asyncio.run(streamed(model, ASKED, Sampling(), heard.append))


def test_a_model_that_cannot_be_listened_to_is_heard_all_at_once() -> None:
    model = Silent("one two")
    assert not isinstance(model, Streamer)
    assert listen(model) == (["one two"], Reply("one two", "length", Usage(1, 2, 3), "silent"))


@pytest.mark.parametrize("model", [Silent(""), ScriptedModel(lambda m, s: "")])
def test_of_an_empty_reply_nothing_is_heard(model: ChatModel) -> None:
    heard, reply = listen(model)
    assert (heard, reply.text) == ([], "")


@given(st.text(alphabet="ab \n\t"))
def test_a_scripted_model_is_heard_word_by_word_and_asked_once(text: str) -> None:
    model = ScriptedModel(lambda m, s: text)
    heard, reply = listen(model)
    assert len(model.requests) == 1
    assert reply == asyncio.run(model.generate(ASKED, Sampling()))
    assert len(heard) == (max(1, len(text.split())) if text else 0)
    assert all(later.startswith(earlier) and later != earlier for earlier, later in pairwise(heard))
    assert not text or heard[-1] == text


def test_other_work_goes_on_between_two_words() -> None:
    events: list[str] = []

    async def both() -> None:
        model = ScriptedModel(lambda m, s: "one two three")
        await asyncio.gather(*(streamed(model, ASKED, Sampling(), lambda t, n=n: events.append(n)) for n in "ab"))  # type: ignore[misc]

    asyncio.run(both())
    assert events == ["a", "b"] * 3


def test_what_a_listener_raises_ends_the_request() -> None:
    def deaf(text: str) -> None:
        raise KeyError(text)

    for model in (Silent("one two"), ScriptedModel(lambda m, s: "one two")):
        with pytest.raises(KeyError, match="one"):
            asyncio.run(streamed(model, ASKED, Sampling(), deaf))
