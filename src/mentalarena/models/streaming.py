"""A chat completion that comes in pieces: server-sent events, and what is heard of them while they come.

The events are those of https://html.spec.whatwg.org/multipage/server-sent-events.html; what they carry is OpenAI's
`chat.completion.chunk`. What comes is hostile input: an event that is none breaks the stream, since nobody knows what it said.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any

from mentalarena.models.base import Heard
from mentalarena.models.limits import Passing
from mentalarena.models.spoken import Spoken

_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
DONE = b"[DONE]"


class StreamFailed(Exception):
    """A server tells in the middle of a stream what went wrong."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        """As an HTTP status would say it; 500 where the server does not say."""


class Events:
    """Takes bytes, gives the data of whole server-sent events, wherever the bytes were divided."""

    def __init__(self) -> None:
        self._line: list[bytes] = []  # parts of one line, so that a long one is not searched again with each
        self._data: list[bytes] = []
        self._first = True
        self._return = False  # the last byte was one: a line feed behind it ends no other line

    def take(self, part: bytes) -> list[bytes]:
        if self._return and part:
            part = part.removeprefix(b"\n")
            self._return = False
        self._return = part.endswith(b"\r") or (self._return and not part)
        *ended, rest = _LINE_ENDS.split(part)
        found = []
        for end in ended:
            line = b"".join((*self._line, end))
            self._line.clear()
            if event := self._take_line(line):
                found.append(event)
        if rest:
            self._line.append(rest)
        return found

    def end(self) -> list[bytes]:
        """What stood there when the stream ended: not all servers end the last line."""
        last = [self._take_line(b"".join(self._line)), self._take_line(b"")]
        self._line.clear()
        return [event for event in last if event]

    def _take_line(self, line: bytes) -> bytes:
        """The event that this line ends, if any."""
        if self._first:
            line, self._first = line.removeprefix(codecs.BOM_UTF8), False
        if not line:
            event = b"\n".join(self._data)
            self._data.clear()
            return event
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
        return b""


class Completion:
    """Puts an answer together from its events. Raises `StreamFailed` for an error that the server tells, `Passing` for anything
    that is neither."""

    def __init__(self) -> None:
        self.spoken = Spoken()
        self.done = False
        self.finish = ""
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._called = self._began = False
        self._usage: object = None

    def take(self, event: bytes) -> None:
        if event == DONE:
            self.done = True
            return
        try:
            told = json.loads(event.decode())
        except (ValueError, RecursionError):
            raise Passing(f"no JSON in a stream but {_beginning(event)!r}") from None
        if not isinstance(told, Mapping):
            raise Passing(f"no event of a chat completion but {_beginning(event)!r}")
        if (error := told.get("error")) or told.get("object") == "error":
            raise _failure(error or told)
        self._usage = told.get("usage") or self._usage
        if not told.get("choices"):
            return  # the counts, or a sign of life
        try:
            choice = told["choices"][0]
            delta, finish = choice.get("delta") or {}, choice.get("finish_reason")
            content, refusal, called = delta.get("content"), delta.get("refusal"), delta.get("tool_calls")
            if choice.get("index"):
                return  # another answer, which was not asked for
        except (KeyError, IndexError, TypeError, AttributeError):
            raise Passing(f"no event of a chat completion but {_beginning(event)!r}") from None
        if not all(isinstance(text, str | None) for text in (content, refusal, finish)):
            raise Passing("an answer without text")
        self._began = True
        self._called = self._called or bool(called)
        self.finish = finish or self.finish
        if refusal:
            self._refusal.append(refusal)
        if content:
            self._content.append(content)
            self.spoken.take(content)

    def answer(self) -> dict[str, Any]:
        """The answer as it would have come at once."""
        if not self._began:
            raise Passing("no chat completion in the stream")
        if not self.done and not self.finish:
            raise Passing("the stream ended before the answer did")
        content = None if self._called else "".join(self._content)
        message = {"role": "assistant", "content": content, "refusal": "".join(self._refusal) or None}
        return {"choices": [{"message": message, "finish_reason": self.finish or None}], "usage": self._usage}


class Listener:
    """Hears one answer, which may be asked for several times before it begins."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._last = ""
        self.begin()

    @property
    def began(self) -> bool:
        """Whether something was heard: from then on the answer cannot begin anew."""
        return bool(self._last)

    def begin(self) -> None:
        """An answer comes."""
        self._events, self._completion = Events(), Completion()
        self._kind = b""

    def take(self, part: bytes) -> bool:
        """Bytes of the answer. Whether that was all of it."""
        self._kind = self._kind or part.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:1]
        if self._whole:
            return False
        self._take(self._events.take(part))
        return self._completion.done

    def answer(self) -> dict[str, Any] | None:
        """What came, as one chat completion; None where the server sent it in one piece of JSON."""
        if self._whole:
            return None
        if not (self._completion.done or self.whole):
            self._take(self._events.end())
        return self._completion.answer()

    @property
    def whole(self) -> bool:
        """Whether nothing that matters is missing but the counts."""
        return bool(self._completion.finish)

    def tell(self, text: str) -> None:
        """What was said so far, if it is news."""
        if text and text != self._last:
            self._last = text
            self._heard(text)

    @property
    def _whole(self) -> bool:
        return self._kind in (b"{", b"[")

    def _take(self, events: list[bytes]) -> None:
        for event in events:
            self._completion.take(event)
            if self._completion.done:
                break
        self.tell(self._completion.spoken.text)


def _failure(error: object) -> StreamFailed:
    found: object = error.get("message", error) if isinstance(error, Mapping) else error
    what = found if isinstance(found, str) else json.dumps(found)
    code = error.get("code") if isinstance(error, Mapping) else None
    known = isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600
    return StreamFailed(code if known and isinstance(code, int) else 500, what)


def _beginning(event: bytes) -> str:
    return event[:80].decode("utf-8", "replace")
