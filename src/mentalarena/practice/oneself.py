"""What somebody says of themself: that they think of dying, want to die, have harmed themself, or cannot go on.

Whoever types in a practice room may mean it, whichever part they play. Read by patterns (data/oneself.json) that were written
for this project and reviewed by no clinician. A question about the other, a reflection, what another is quoted with and a
figure of speech are nothing of oneself. They miss sentences and mistake some: `tests/practice/test_oneself.py` counts how
many of a list that was frozen before them. English only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

LONGEST = 2000
"""Characters of a text that are read from its beginning, and as many from its end."""
SELF = r"\bi(?:'m|'ve|'d|'ll)?"
"""Who speaks."""
BETWEEN = r"(?:(?!(?:you|your|whether|if|that|not|never|no|to|about|i|he|she|they)\b)[\w']+ ){0,3}"
"""Up to three words that leave it said of oneself."""
OF_THE_OTHER = re.compile(
    r"\byourself\b|\byou\b.*\?|\b(?:hear|saying|said|wonder|whether|think|imagine|see|understand|glad|want|worried|afraid)\b"
    r"(?: \w+){0,3} you\b|\byou (?:\w+ ){0,2}(?:say|said|told|tell|mention\w*|wish|want|feel|think)\b"
)
"""A sentence about the one who is spoken to."""
BEGINNING = 12
"""Characters before a sentence that names nobody ("there is no point in living") and is said of oneself all the same."""
Pattern = re.Pattern[str]


def said_of_oneself(text: str) -> str:
    """`death` or `harm` where somebody says such a thing of themself; empty otherwise."""
    known = _known()
    for sentence in _sentences(_plain(text)):
        found = [kind for kind, pattern in known.kinds if any(_meant(m, sentence) for m in pattern.finditer(sentence))]
        if found:
            return found[0]
        if _of_nobody(sentence):
            return "death"
    return ""


def own_sentences(text: str) -> list[str]:
    """The sentences of a text that do not speak of the other: no question to them, and nothing that they are told they said."""
    return [s for s in _sentences(_plain(text)) if not OF_THE_OTHER.search(s)]


def _sentences(plain: str) -> list[str]:
    return re.split(r"(?<=[.!?;])\s+|\n", plain)


def _of_nobody(sentence: str) -> bool:
    """Whether a sentence that need name nobody is about whoever speaks: it begins with it, or says "I" elsewhere."""
    bare = _known().impersonal.search(sentence)
    if not bare or re.search(r"\byou(?:r|'re)?\b", sentence):
        return False
    return bare.start() < BEGINNING or bool(re.search(rf"{SELF}\b|\bm[ey]\b", sentence))


def _meant(match: re.Match[str], sentence: str) -> bool:
    return not _known().denied.search(sentence[: match.start()])


def _plain(text: str) -> str:
    """In lower case and one spelling, without what others are quoted with and figures of speech."""
    known = _known()
    read = text if len(text) <= 2 * LONGEST else f"{text[:LONGEST]} . {text[-LONGEST:]}"
    line = re.sub(r"[^\S\n]+", " ", re.sub(r"<[^<>]{0,200}>", " ", read).replace("\u2019", "'")).strip().lower()
    for pattern, instead in known.plainly:
        line = pattern.sub(instead, line)
    own = known.others_words.sub(" ", line)
    return known.figures.sub(" ", own if own.strip(" .!?") else line)  # who puts all of it in quotes says it


@dataclass(frozen=True)
class _Known:
    plainly: Sequence[tuple[Pattern, str]]
    others_words: Pattern
    figures: Pattern
    denied: Pattern
    kinds: Sequence[tuple[str, Pattern]]
    impersonal: Pattern


@lru_cache
def _known() -> _Known:
    data: Any = json.loads(files("mentalarena.practice").joinpath("data/oneself.json").read_text("utf-8"))

    def one(forms: Sequence[str]) -> Pattern:
        every = "|".join(f"(?:{form})" for form in forms)
        return re.compile(every.replace("{I}", SELF).replace("{A}", BETWEEN))

    return _Known(
        [(re.compile(pattern), instead) for pattern, instead in data["plainly"]],
        one(data["others_words"]),
        one(data["figures"]),
        re.compile(data["denied"]),
        [(kind, one(data[kind])) for kind in ("death", "harm")],
        one(data["impersonal"]),
    )
