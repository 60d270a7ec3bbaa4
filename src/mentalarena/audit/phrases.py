"""Lists of phrases, each a regular expression, looked up in one pass over a text.

One long alternation tries each phrase at each letter. Here each word of the text is met only by the phrases that can begin
with its first letters, which keeps an audit linear in the text and its cost small beside reading the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_WORD = re.compile(r"(?<!\w)\w")
_ANY = ""
_Compiled = tuple[re.Pattern[str], tuple[tuple[str, re.Pattern[str]], ...]]
"""All phrases of a head as one, which most words fail, and those of each label."""
LONGEST = 2000
"""Characters of a line that are read: a turn has five sentences."""
_WRITTEN_OUT = (("won't", "will not"), ("can't", "can not"), ("cannot", "can not"), ("n't", " not"), ("i'm", "i am"))
_ENDINGS = re.compile(r"(?<=\w)'(ve|ll|re|d)\b")
_ENDING = {"ve": " have", "ll": " will", "re": " are", "d": " would"}
_IS = re.compile(r"\b(it|he|she|that|there|what|who|where|life|everything|here)'s\b")
SENTENCE = re.compile(r"(?<=[.!?;\n])\s+")
DENIAL = re.compile(r"\b(?:not|never|no|without|neither|nor)(?: \w+){0,3} ?$")


@lru_cache(maxsize=4096)  # the audits read the same lines
def plain(text: str) -> str:
    """Lower case, contractions written out, hyphens as spaces; what ends a sentence stays."""
    text = text[:LONGEST].lower().replace("\u2019", "'").replace("\u2018", "'")
    for short, full in _WRITTEN_OUT:
        text = text.replace(short, full)
    text = _IS.sub(r"\1 is", _ENDINGS.sub(lambda match: _ENDING[match[1]], text))
    text = text.replace("'", "")
    return " ".join(re.sub(r"[\u2026*_\"\u201c\u201d()]|(?<=\w)[-\u2010-\u2014](?=\w)", " ", text).split())


class Phrases:
    """Phrases by label (a kind of danger, a sign of a disorder). A phrase begins where a word begins."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        by_head: dict[str, dict[str, list[str]]] = {}
        for label, listed in phrases.items():
            for phrase in listed:
                for head in heads(phrase):
                    by_head.setdefault(head, {}).setdefault(label, []).append(phrase)
        self._by_head = {
            head: _compiled([by_head[short] for short in dict.fromkeys((head, head[:1], _ANY)) if short in by_head])
            for head in by_head
        }

    def _at(self, text: str, start: int) -> _Compiled:
        """The phrases that a word can begin."""
        found = self._by_head
        return found.get(text[start : start + 2]) or found.get(text[start]) or found.get(_ANY, _NOTHING)

    def found(self, text: str) -> dict[str, int]:
        """Where each label is first found, by label."""
        places: dict[str, int] = {}
        for word in _WORD.finditer(text):
            start = word.start()
            either, labelled = self._at(text, start)
            if either.match(text, start):
                for label, pattern in labelled:
                    if label not in places and pattern.match(text, start):
                        places[label] = start
        return places

    def __contains__(self, text: str) -> bool:
        """Whether any of the phrases is in the text."""
        return any(self._at(text, word.start())[0].match(text, word.start()) for word in _WORD.finditer(text))


def heads(phrase: str) -> set[str]:
    """The one or two letters that a phrase can begin with; the empty text where that cannot be told."""
    parts = _alternatives(phrase)
    if len(parts) > 1:
        return {head for part in parts for head in heads(part)}
    phrase = phrase.removeprefix(r"\b")
    if phrase.startswith("(?:"):
        end = _end_of_group(phrase)
        found = heads(phrase[3 : end - 1])
        return found | heads(phrase[end + 1 :]) if phrase[end : end + 1] in ("?", "*") else found
    if not phrase[:1].isalnum() or phrase[1:2] in ("?", "*"):
        return {_ANY}
    return {phrase[:2] if phrase[1:2].isalnum() and phrase[2:3] not in ("?", "*") else phrase[0]}


def _alternatives(phrase: str) -> list[str]:
    """The alternatives of a phrase that stand in no group."""
    parts, depth, last = [], 0, 0
    for place, letter in enumerate(phrase):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and letter == "|":
            parts.append(phrase[last:place])
            last = place + 1
    return [*parts, phrase[last:]]


def _end_of_group(phrase: str) -> int:
    """Where the group that a phrase begins with ends."""
    depth = 0
    for place, letter in enumerate(phrase):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place + 1
    return len(phrase)


def _compiled(found: Iterable[Mapping[str, list[str]]]) -> _Compiled:
    merged: dict[str, list[str]] = {}
    for phrases in found:
        for label, listed in phrases.items():
            merged.setdefault(label, []).extend(listed)
    either = re.compile("|".join(f"(?:{phrase})" for listed in merged.values() for phrase in listed))
    if len(merged) == 1:
        return either, tuple((label, either) for label in merged)
    return either, tuple((label, re.compile("|".join(f"(?:{p})" for p in listed))) for label, listed in merged.items())


_NOTHING: _Compiled = (re.compile(r"(?!)"), ())
