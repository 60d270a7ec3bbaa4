"""Ratings of severity: in order, exact where the model tells probabilities, and none where none was given."""

import asyncio
import math
from collections.abc import Sequence

import pytest

from mentalarena.arena.roles import cast_of
from mentalarena.evaluation.severity import LEVELS, expected, likeliest, rate
from mentalarena.models.base import ChatModel, Message, Sampling
from mentalarena.models.scripted import ScriptedModel


class Telling(ScriptedModel):
    """Tells a probability for each level."""

    async def score(self, messages: Sequence[Message], answers: Sequence[str], ended: bool = True) -> list[float]:
        assert list(answers) == [f"severity: {level}" for level in LEVELS]
        return [math.log(share) for share in (0.1, 0.1, 0.2, 0.1)]

    async def tokens(self, text: str) -> int:
        return len(text)


def rated(model: ChatModel, prompts: str = "compact", samples: int = 4) -> dict[str, float]:
    cast = cast_of(model, prompts, Sampling())
    told = cast.therapist.view().heard("i do not sleep.").said("diagnosis: insomnia disorder")
    return dict(asyncio.run(rate(told, cast, samples)))


def test_exact_probabilities_where_the_model_tells_them_and_the_rating_is_of_those_that_are_levels() -> None:
    shares = rated(Telling(lambda messages, sampling: ""))
    assert shares == pytest.approx({"none": 0.1, "mild": 0.1, "moderate": 0.2, "severe": 0.1})
    assert expected(shares) == pytest.approx((0.1 + 0.4 + 0.3) / 0.5)
    assert likeliest(shares) == "moderate"


def test_shares_of_draws_elsewhere_and_what_is_no_level_is_none() -> None:
    replies = iter(["severity: mild", "severity: mild", "severity: severe", "i cannot say."])
    shares = rated(ScriptedModel(lambda messages, sampling: next(replies)))
    assert shares == {"mild": 0.5, "severe": 0.25}
    assert expected(shares) == pytest.approx((0.5 + 0.75) / 0.75)
    assert likeliest(shares) == "mild"
    assert rated(ScriptedModel(lambda messages, sampling: "i cannot say.")) == {}
    assert expected({}) is None
    assert likeliest({}) is None


@pytest.mark.parametrize("prompts", ["compact", "full"])
def test_it_is_asked_once_the_diagnosis_is_stated(prompts: str) -> None:
    model = ScriptedModel(lambda messages, sampling: "severity: none")
    assert rated(model, prompts, 1) == {"none": 1.0}
    [(messages, _)] = model.requests
    assert [m.role for m in messages] == ["system", "user", "assistant", "user"]
    assert "severe" in messages[-1].content
