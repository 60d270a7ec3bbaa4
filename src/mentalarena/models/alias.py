"""A model under another name. The journal tells models apart by name, and two that answer otherwise may be called alike: a
checkpoint in 4 bits and in 16, or the same name on two servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mentalarena.models.base import ChatModel, Heard, Message, Reply, Sampling, Scorer, Streamer, streamed


@dataclass(frozen=True)
class Alias:
    """A `ChatModel` that answers as `model` does. Replies still tell whose they are, so that they are paid for by its price."""

    name: str
    model: ChatModel

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return await self.model.generate(messages, sampling)

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        return await streamed(self.model, messages, sampling, heard)


@dataclass(frozen=True)
class ScoringAlias(Alias):
    """The same of a model that is a `Scorer` too."""

    scorer: Scorer

    async def score(self, messages: Sequence[Message], answers: Sequence[str], ended: bool = True) -> list[float]:
        return await self.scorer.score(messages, answers, ended)

    async def tokens(self, text: str) -> int:
        return await self.scorer.tokens(text)


def known_as(name: str, model: ChatModel) -> ChatModel:
    """The model under that name; it can score answers where the model can."""
    return ScoringAlias(name, model, model) if isinstance(model, Scorer) else Alias(name, model)


if TYPE_CHECKING:

    def _is_one(model: ScoringAlias) -> tuple[Scorer, Streamer]:
        """`isinstance` looks at names alone: here the type checker looks at signatures."""
        return model, model
