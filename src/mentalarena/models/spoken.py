"""What a model says aloud: its text without reasoning blocks, as a whole or while it comes in pieces."""

from __future__ import annotations

import re

_OPEN = re.compile(r"<think(?:ing)?>", re.IGNORECASE | re.ASCII)
_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE | re.ASCII)
_TAGS = ("<think>", "<thinking>", "</think>", "</thinking>")
_LONGEST = max(map(len, _TAGS))


class Spoken:
    """Takes a reply in pieces. What it has said so far only grows, and does not depend on where the pieces end: what may still
    become a tag, half a character or the white space at the end is held back."""

    def __init__(self) -> None:
        self._held = ""
        self._said: list[str] = []
        self._space = ""
        self._thinking = False
        self._fresh = True  # at the beginning, and behind a thought, white space is left out

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(self._said)

    def take(self, piece: str) -> None:
        text, begin = self._held + piece, 0
        while match := (_CLOSE if self._thinking else _OPEN).search(text, begin):
            if self._thinking:
                self._fresh = True
            else:
                self._say(text[begin : match.start()])
            self._thinking = not self._thinking
            begin = match.end()
        end = len(text) - _unsettled(text[max(begin, len(text) - _LONGEST) :])
        if not self._thinking:
            self._say(text[begin:end])
        self._held = text[end:]

    def end(self, finish: str = "stop") -> tuple[str, str]:
        """The whole text, and how it ended: a thought that never ends was cut off."""
        if self._thinking:
            return self.text, "length"
        self._say(self._held)
        self._held = ""
        return self.text, finish

    def _say(self, text: str) -> None:
        text = text.lstrip() if self._fresh else text
        if text:
            self._fresh = False
            text = self._space + text
            told = text.rstrip()
            self._space = text[len(told) :]
            if told:
                self._said.append(_whole(told))


def spoken(text: str, finish: str) -> tuple[str, str]:
    """What was said, without reasoning blocks and white space around; a block that never ends leaves nothing, and was cut off."""
    said = Spoken()
    said.take(text)
    return said.end(finish)


def _unsettled(text: str) -> int:
    """How many characters at the end may become a tag, or are the first half of a surrogate pair."""
    for count in range(min(_LONGEST - 1, len(text)), 0, -1):
        if any(tag.startswith(text[-count:].lower()) for tag in _TAGS):
            return count
    return 1 if "\ud800" <= text[-1:] <= "\udbff" else 0


def _whole(text: str) -> str:
    """Surrogate pairs, which JSON may bring in two pieces, put together; a half one, which no file can hold, becomes a question
    mark."""
    try:
        text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return joined.encode("utf-8", "replace").decode()
    return text
