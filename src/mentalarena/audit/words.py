"""What several audits need of words: stems, numbers, proper names, and how much a word gives away.

A word gives more away the fewer people use it (inverse document frequency, Sparck Jones 1972) and, where nobody does, the
longer it is (information content grows with length; Piantadosi et al. 2011). The people who are counted are the package's
library, and those of the run.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from mentalarena.clinic.audit import words_of

_LISTS = json.loads(files("mentalarena.audit").joinpath("data/words.json").read_text("utf-8"))
_NUMBERS: dict[str, int] = {word: value for value, word in enumerate(_LISTS["ones"])}
_NUMBERS |= {word: 20 + 10 * value for value, word in enumerate(_LISTS["tens"])}
_SCALES = {"hundred": 100, "thousand": 1000}
_GREATEST = 10**12
"""Of a number that is multiplied further: nobody says a greater one, and a hostile one would have no end."""
_NO_NAME = frozenset([*_NUMBERS, *_LISTS["calendar"], *_LISTS["titles"]])
"""Words that have a capital within a sentence and name nobody: days, numbers, and those of titles."""
_IRREGULAR: dict[str, str] = {form: base for base, forms in _LISTS["irregular"].items() for form in forms}
_SENTENCE = re.compile(r"(?<=[.!?;:])[\"')\]]*\s+|\n+")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_OPENS = re.compile(r"(?:^|[.!?:;\"(\[\u201c]|\n)\s*[\"'(\[\u201c]*$")
LONGEST = 400_000
"""Characters of one text that are read; a longer one is no prompt."""


def sentences(text: str) -> list[str]:
    """Sentences and lines; what stands before a colon is one of its own."""
    return [part for part in (piece.strip() for piece in _SENTENCE.split(text[:LONGEST])) if part]


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A word without its inflection, roughly: both sides are stemmed alike, so that it need not be a word."""
    word = word.removesuffix("'s").removesuffix("'")
    word = _IRREGULAR.get(word, word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
    for ending in ("ing", "ed", "ment", "ly", "ion"):
        if len(word) - len(ending) >= 3 and word.endswith(ending) and re.search("[aeiouy]", word[: -len(ending)]):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    if len(word) > 5 and word.endswith("er") and word[-3] == word[-4]:
        word = word[:-3]  # swimmer
    return word[:-1] if len(word) > 3 and word.endswith(("e", "y", "i")) else word


def numbered(words: Sequence[str]) -> list[str]:
    """Words with numbers in figures: "six hundred and twelve" is 612, "thirty one" is 31."""
    found: list[str] = []
    value: int | None = None
    last = 0
    for number, word in enumerate([*words, ""]):
        following = words[number + 1] if number + 1 < len(words) else ""
        if word in _SCALES and value is not None and value < _GREATEST:
            value, last = value * _SCALES[word], _SCALES[word]
        elif word == "and" and value is not None and last >= 100 and following in _NUMBERS:
            continue
        elif (one := _NUMBERS.get(word)) is not None:
            if value is not None and (last >= 100 or (last >= 20 and 0 < one < 10)):
                value += one
            else:
                found += [str(value)] if value is not None else []
                value = one
            last = one
        else:
            found += [str(value)] if value is not None else []
            found += [word] if word else []
            value, last = None, 0
    return found


def telling(number: str) -> bool:
    """Whether a number is one that nobody would say by chance: not small, not round."""
    figures = re.sub(r"\D", "", number)
    return bool(figures) and number[0].isdigit() and (len(figures) > 3 or (int(figures) > 12 and int(figures) % 10 > 0))


def stems(text: str) -> list[str]:
    """The stems of a text in order, numbers in figures."""
    return [stem(word) for word in numbered(words_of(text[:LONGEST]))]


def names(text: str, background: Background) -> frozenset[str]:
    """Proper names, lower case: capitals within a sentence, and at its start words that people do not use."""
    found = set()
    for match in _TOKEN.finditer(text[:LONGEST]):
        word = match[0].removesuffix("'s")
        low = word.lower()
        if len(word) < 2 or not word[0].isupper() or word.startswith("I'") or low.removesuffix("s") in _NO_NAME:
            continue
        opens = _OPENS.search(text[max(0, match.start() - 8) : match.start()])
        if background.people_with(stem(low)) == 0 if opens else not word.isupper() or len(word) > 3:
            found.add(low)
    return frozenset(found)


@dataclass(frozen=True, eq=False)
class Background:
    """How many people use a stem, of how many people."""

    people: int
    uses: Counter[str] = field(repr=False)

    @classmethod
    def of(cls, documents: Iterable[str]) -> Background:
        """Of one text a person."""
        uses = Counter[str]()
        people = 0
        for document in documents:
            uses.update(set(stems(document)))
            people += 1
        return cls(people, uses)

    def __add__(self, other: Background) -> Background:
        return Background(self.people + other.people, self.uses + other.uses)

    def people_with(self, root: str) -> int:
        return self.uses[root]

    def weight(self, root: str) -> float:
        """0 for what everybody says, about 1 for what one person does, up to 1.6 for long words that nobody does."""
        used = self.uses[root]
        rare = math.log((self.people + 1) / (used + 1)) / math.log(self.people + 2)
        return rare if used else rare + 0.1 * min(6, max(0, len(root) - 4))


@lru_cache(maxsize=1)
def everyday() -> Background:
    """The background of the package's own library of people."""
    lines = files("mentalarena.clinic").joinpath("data/library/people.jsonl").read_text("utf-8").splitlines()
    return Background.of(" ".join(_texts(json.loads(line))) for line in lines if line.strip())


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
