"""The seams: what a chat model, a scorer and an embedder are. Nothing here imports a backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message in the ordinary form."""

    role: Literal["system", "user", "assistant"]
    content: str

    def as_dict(self) -> dict[str, str]:
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn. `seed` belongs to the request, so a reply does not depend on what shares its batch."""

    temperature: float = 0.8
    """0 is greedy."""
    top_p: float = 1.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    seed: int = 0
    pattern: str = ""
    """A regular expression that the whole reply is wanted to match; a model that cannot be held to it ignores it."""

    def as_dict(self) -> dict[str, Any]:
        # by hand, as below: `asdict` copies deeply, which costs more than all else that is done for a call
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "stop": self.stop,
            "seed": self.seed,
            "pattern": self.pattern,
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and calls; adds up."""

    prompt_tokens: int = 0
    new_tokens: int = 0
    calls: int = 0

    def as_dict(self) -> dict[str, int]:
        return {"prompt_tokens": self.prompt_tokens, "new_tokens": self.new_tokens, "calls": self.calls}

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.new_tokens + other.new_tokens, self.calls + other.calls)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said. `finish_reason`: `stop`, or `length` when cut off."""

    text: str
    finish_reason: str = "stop"
    usage: Usage = Usage()
    model: str = ""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Weights: a base model and, once trained, an adapter on it. What a trainer takes and gives, and what is published."""

    base: str
    """A checkpoint folder or hub name, or `embedded`."""
    adapter: Path | None = None


@runtime_checkable
class ChatModel(Protocol):
    """Anything that answers chat messages."""

    @property
    def name(self) -> str:
        """The model with its adapter revision: equal names answer alike."""
        ...

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One reply. Raises `ModelError` when none can be had."""
        ...


Heard = Callable[[str], None]
"""Takes what has been said of a reply so far."""


@runtime_checkable
class Streamer(Protocol):
    """A model that can be listened to while it speaks."""

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        """The reply that `generate` would give, told while it comes.

        `heard` is called in the event loop with the text so far, which grows; the last is the whole `Reply.text` (nothing is
        told of an empty one). What `heard` raises ends the request. Raises `ModelError` as `generate` does; then what was
        heard is no reply, and is thrown away."""
        ...


async def streamed(model: ChatModel, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
    """One reply, `heard` while it comes (`Streamer.stream`), and all at once from a model that cannot be listened to."""
    if isinstance(model, Streamer):
        return await model.stream(messages, sampling, heard)
    reply = await model.generate(messages, sampling)
    if reply.text:
        heard(reply.text)
    return reply


@runtime_checkable
class Scorer(Protocol):
    """A model that can also tell how probable an answer is."""

    async def score(self, messages: Sequence[Message], answers: Sequence[str], ended: bool = True) -> list[float]:
        """Natural log-probability of each answer as the whole first line of the reply to `messages`, in the order given: what
        comes next ends the line or the reply. Not `ended`: as the reply's beginning, put right behind the prompt, as
        lm-evaluation-harness counts."""
        ...

    async def tokens(self, text: str) -> int:
        """How many tokens a text has."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), d), float32, unit norm (all zeros for a text without any known feature)."""
        ...
