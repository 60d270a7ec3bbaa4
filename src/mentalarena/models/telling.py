"""A reply of an engine in this machine, told while it is drawn: from tokens to text, and from the thread that computes to the
event loop that listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from mentalarena.models.base import Heard

Result = TypeVar("Result")
EACH = 64
"""Up to so many tokens each is told; of longer replies each 64th part, since all are decoded each time."""


def text_of(tokenizer: Any, tokens: Sequence[int]) -> str:
    """What a reply's tokens say."""
    return str(tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)).strip()


class Teller:
    """Says a row's text as it grows. It may be drawn anew from the beginning (memory ran out): what was said stays said."""

    def __init__(self, tokenizer: Any, say: Heard) -> None:
        self._tokenizer = tokenizer
        self._say = say
        self._said = ""
        self._next = 1

    def take(self, tokens: Sequence[int]) -> None:
        """All tokens so far. A character of which bytes are missing is not said: it would decode as U+FFFD."""
        if len(tokens) >= self._next:
            self._next = len(tokens) + max(1, len(tokens) // EACH)
            text = text_of(self._tokenizer, tokens).rstrip("\ufffd").rstrip()
            if len(text) > len(self._said) and text.startswith(self._said):
                self._tell(text)

    def end(self, text: str) -> None:
        """The whole reply."""
        if text != self._said:
            self._tell(text)

    def _tell(self, text: str) -> None:
        self._said = text
        self._say(text)


class Hearing:
    """Takes what is said, in any thread, to the event loop where `heard` listens, for as long as the answer is waited for."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._over = False
        self._failed: Exception | None = None

    def say(self, text: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: who listened is gone
            self._loop.call_soon_threadsafe(self._hear, text)

    async def until(self, answer: Awaitable[Result]) -> Result:
        """The answer. Raises what `heard` raised, which then heard no more."""
        try:
            result = await answer
        finally:
            self._over = True
        if self._failed:
            raise self._failed
        return result

    def _hear(self, text: str) -> None:
        if not self._over:
            try:
                self._heard(text)
            except Exception as error:
                self._failed, self._over = error, True
