"""A model under another name is the same model: nothing of a request is lost."""

import asyncio
from collections.abc import Sequence

from mentalarena.models.alias import known_as
from mentalarena.models.base import ChatModel, Message, Sampling, Scorer, streamed
from mentalarena.models.scripted import ScriptedModel

ASKED = (Message("user", "?"),)


class Telling(ScriptedModel):
    """Scores an answer by its length, and by whether its end counts."""

    async def score(self, messages: Sequence[Message], answers: Sequence[str], ended: bool = True) -> list[float]:
        return [-len(answer) - 0.5 * ended for answer in answers]

    async def tokens(self, text: str) -> int:
        return len(text)


def test_it_answers_and_scores_as_the_model_does() -> None:
    model = known_as("other", Telling(lambda m, s: "said"))
    assert model.name == "other"
    assert asyncio.run(model.generate(ASKED, Sampling())).text == "said"
    assert isinstance(model, Scorer)
    assert asyncio.run(model.score(ASKED, ["a", "bb"])) == [-1.5, -2.5]
    assert asyncio.run(model.score(ASKED, ["a", "bb"], False)) == [-1.0, -2.0]
    assert asyncio.run(model.tokens("abc")) == 3


def test_what_cannot_score_cannot_under_another_name() -> None:
    model: ChatModel = known_as("other", ScriptedModel(lambda m, s: ""))
    assert not isinstance(model, Scorer)


def test_it_is_heard_as_the_model_is() -> None:
    heard: list[str] = []
    said = asyncio.run(streamed(known_as("other", Telling(lambda m, s: "one two")), ASKED, Sampling(), heard.append))
    assert heard == ["one", "one two"]
    assert said.text == "one two"
