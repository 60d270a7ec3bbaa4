"""A role asks, reads, asks once more, and records."""

import asyncio
from collections.abc import Sequence

import pytest

from mentalarena.arena import parsing
from mentalarena.arena.roles import cast_of
from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Message, Reply, Sampling


class Cut:
    """A model whose first `times` replies are cut off."""

    name = "cut"

    def __init__(self, times: int, text: str = "score: 1") -> None:
        self.times, self.text = times, text

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        self.times -= 1
        return Reply(self.text, "length" if self.times >= 0 else "stop")


@pytest.mark.parametrize(("times", "expected", "problems"), [(0, 1, 0), (1, 1, 0), (2, None, 1)])
def test_an_answer_that_was_cut_off_is_asked_for_again_and_never_read(
    times: int, expected: int | None, problems: int
) -> None:
    """'score: 1' may be the beginning of 'score: 10'."""
    judge = cast_of(Cut(times), "compact", Sampling()).judge
    assert asyncio.run(judge.ask(judge.view(), "score", parsing.score)) == expected
    assert [p.detail for p in judge.ledger.problems] == ["the answer was cut off; expected a shorter one"] * problems


def test_what_is_said_in_talk_may_be_cut_off() -> None:
    patient = cast_of(Cut(2, "i feel low and"), "compact", Sampling()).patient
    view = patient.view(principles="", profile="")
    assert asyncio.run(patient.ask(view, "talk", parsing.spoken, whole=False)) == "i feel low and"


@pytest.mark.parametrize(("error", "kind"), [(ModelError("503"), "model_error"), (ModelRefusal("too long"), "refusal")])
def test_an_answer_that_cannot_be_had_is_told_apart_by_whether_asking_later_helps(error: ModelError, kind: str) -> None:
    class Failing:
        name = "failing"

        async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
            raise error

    judge = cast_of(Failing(), "compact", Sampling()).judge
    assert asyncio.run(judge.ask(judge.view(), "score", parsing.score)) is None
    assert [p.kind for p in judge.ledger.problems] == [kind]
