"""Lists of phrases, each a regular expression, looked up in one pass over a text.

One long alternation tries each phrase at each letter. Here each word of the text is met only by the phrases that can begin
with its first letter, which keeps an audit linear in the text and its cost small beside reading the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_WORD = re.compile(r"(?<!\w)\w")
_ANY = ""
LONGEST = 2000
"""Characters of a line that are read: a turn has five sentences."""
_WRITTEN_OUT = (("won't", "will not"), ("can't", "can not"), ("cannot", "can not"), ("n't", " not"), ("i'm", "i am"))
_ENDINGS = re.compile(r"(?<=\w)'(ve|ll|re|d)\b")
_ENDING = {"ve": " have", "ll": " will", "re": " are", "d": " would"}
_IS = re.compile(r"\b(it|he|she|that|there|what|who|where|life|everything|here)'s\b")
SENTENCE = re.compile(r"(?<=[.!?;\n])\s+")
DENIAL = re.compile(r"\b(?:not|never|no|without|neither|nor)(?: \w+){0,3} ?$")


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
        by_letter: dict[str, dict[str, list[str]]] = {}
        for label, listed in phrases.items():
            for phrase in listed:
                for letter in first_letters(phrase):
                    by_letter.setdefault(letter, {}).setdefault(label, []).append(phrase)
        everywhere = by_letter.pop(_ANY, {})
        self._anywhere = _compiled(everywhere)
        self._by_letter = {
            letter: _compiled({label: [*found.get(label, ()), *everywhere.get(label, ())] for label in found | everywhere})
            for letter, found in by_letter.items()
        }

    def found(self, text: str) -> dict[str, int]:
        """Where each label is first found, by label."""
        places: dict[str, int] = {}
        for word in _WORD.finditer(text):
            start = word.start()
            for label, pattern in self._by_letter.get(word[0], self._anywhere):
                if label not in places and pattern.match(text, start):
                    places[label] = start
        return places

    def __contains__(self, text: str) -> bool:
        """Whether any of the phrases is in the text."""
        for word in _WORD.finditer(text):
            for _, pattern in self._by_letter.get(word[0], self._anywhere):
                if pattern.match(text, word.start()):
                    return True
        return False


def first_letters(phrase: str) -> set[str]:
    """The letters that a phrase can begin with; the empty text where that cannot be told."""
    phrase = phrase.removeprefix(r"\b")
    if phrase.startswith("(?:"):
        parts, end = _alternatives(phrase)
        optional = phrase[end : end + 1] in ("?", "*")
        letters = {letter for part in parts for letter in first_letters(part)}
        return letters | first_letters(phrase[end + 1 :]) if optional else letters
    if not phrase or not phrase[0].isalnum() or phrase[1:2] in ("?", "*", "|") or "|" in _outside(phrase):
        return {_ANY}
    return {phrase[0]}


def _alternatives(phrase: str) -> tuple[list[str], int]:
    """The alternatives of the group that a phrase begins with, and where the group ends."""
    parts, depth, last = [], 0, 3
    for place, letter in enumerate(phrase):
        if phrase[place - 1 : place] == "\\":
            continue
        depth += (letter == "(") - (letter == ")")
        if depth == 0 or (depth == 1 and letter == "|"):
            parts.append(phrase[last:place])
            last = place + 1
        if depth == 0:
            return parts, place + 1
    return [""], len(phrase)


def _outside(phrase: str) -> str:
    """What of a phrase stands in no group."""
    depth, kept = 0, []
    for letter in phrase:
        depth += (letter == "(") - (letter == ")")
        kept.append(letter if depth == 0 else " ")
    return "".join(kept)


def _compiled(phrases: Mapping[str, list[str]]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((label, re.compile("|".join(f"(?:{phrase})" for phrase in listed))) for label, listed in phrases.items())
