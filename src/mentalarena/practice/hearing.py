"""What a therapist's line is: a question or none, open or closed, for which component, with or without empathy.

Read by cue words (data/cues.json), so that practice needs no language model. English only; a line in another language is
heard as one that was not understood. The cues were written for this project and reviewed by no clinician.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mentalarena.clinic.cognitive_model import COMPONENTS, Component
from mentalarena.practice.danger import DANGERS, Asked, asked_about, facets
from mentalarena.practice.oneself import own_sentences, said_of_oneself

LONGEST = 2000
"""Characters of a line that are read; nobody answers to more."""
LECTURE = 90
"""Words from which on a line is a lecture."""
_SPECIFIC = {"emotions": 0.9, "history": 0.9, "behavior": 0.85, "intermediate_beliefs_during_depression": 1.3}
"""Weights of components whose cue words stand in questions for other things too ("how did you feel when it started")."""


_ASKS = re.compile(
    r"\W*(?:so |and |but |well |ok(?:ay)? )?(?:tell me|describe|walk me|take me|what|how|when|where|who|why|do you|did you|"
    r"are you|have you|can you|could you|is there|would you|help me understand|talk about|share|say more|i wonder|"
    r"i(?:'m| am) wondering|"
    r"any (?:thoughts|plans)|i(?:'d like| would like| want| need| have) to (?:ask|hear|know|understand)|may i ask)\b"
)
"""How a question begins that has no question mark."""
_OPEN = re.compile(r"\W*(?:so |and |but |well )?(?:what|how|where|who|tell me|describe)\b")


@dataclass(frozen=True, slots=True)
class Heard:
    """A line of the therapist as the patient hears it."""

    words: frozenset[str]
    """The content words of what it asks (of all of it where nothing is asked), cut to stems."""
    context: frozenset[str]
    """The content words of all of it."""
    topics: Mapping[str, frozenset[str]]
    """Things that it asks after (sleep, work, ...), with the words in which people speak of them."""
    marks: frozenset[str]
    """What else it is: `greeting`, `advice`, `empathic`, ... (the keys of `marks` in data/cues.json)."""
    asks: bool
    open: bool
    components: Mapping[Component, float]
    """For which components it asks, 0 to 1."""
    facts: tuple[str, ...]
    """Plain facts that it asks for (`children`, `medication`, ...)."""
    danger: str
    """One of `danger.DANGERS` where it asks plainly about one; empty otherwise."""
    aims: frozenset[str]
    """Whom a question about harm is about: `self`, `others`, or both."""
    unsure: bool
    """Whether it may ask about a danger all the same."""
    facets: tuple[str, ...]
    """What it asks for that one asks of somebody who has told of a danger (`means`, `timing`, ...)."""
    firm: tuple[str, ...]
    """Those of them that nobody asks for but after a danger."""
    length: int
    """In words."""

    @property
    def silent(self) -> bool:
        return self.length == 0

    @property
    def unclear(self) -> bool:
        return "unclear" in self.marks

    @property
    def state(self) -> bool:
        """Whether it asks how a thing is ("how have you been sleeping"), not what one feels or does about it."""
        return bool(self.topics) and "state" in self.marks and set(self.components) <= {"emotions"}

    def has(self, *marks: str) -> bool:
        return not self.marks.isdisjoint(marks)


@lru_cache(maxsize=4096)
def hear(text: str, before: str = "") -> Heard:
    """What a line of the therapist is, said after the therapist's line `before`. Any text can be heard: empty, very long,
    markup, another language."""
    cues = _cues()
    line = _spoken(text)
    spoken = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", line)
    if not spoken:
        return Heard(frozenset(), frozenset(), {}, frozenset(), False, False, {}, (), "", frozenset(), False, (), (), 0)
    marks = {name for name, pattern in cues.marks.items() if pattern.search(line)}
    parts = _sentences(line)
    asks = ["?" in part or bool(_ASKS.match(part)) for part in parts]
    asking = [part for part, is_asked in zip(parts, asks, strict=True) if is_asked]
    # "how do you feel" mirrors nothing; "you feel alone?" does
    if not any(cues.marks["reflective"].search(part) for part in parts if not _ASKS.match(part)):
        marks.discard("reflective")
    common = sum(word in cues.stop for word in spoken)
    latin = sum(word.isascii() for word in spoken)
    if latin < len(spoken) / 2 or (len(spoken) >= 4 and common == 0):
        marks.add("unclear")
    asked = " ".join(asking)
    told = asked or line
    components = {
        name: score * _SPECIFIC.get(name, 1.0)
        for name in COMPONENTS
        if (score := _score(cues.components[name].findall(told)))
    }
    follows = "follow" in marks
    about = asked_about(parts, asks, _sentences(_spoken(before)))
    if about.kind and not asking and of_oneself(line):
        about = Asked()  # "I want to die" asks nobody
    danger = about.kind
    if danger in ("peril", "body") and "endangered" not in marks and _OPEN.match(asked):
        danger = ""  # "what goes on in your body when your heart races" asks for no danger
    # "it sounds as if you have to be on guard" reflects; "I see. You have to rest" advises
    if not any(cues.marks["advice"].search(p) for p in parts if not cues.marks["reflective"].search(p)):
        marks.discard("advice")
    facts = tuple(name for name, (ask, _) in cues.facts.items() if asking and ask.search(asked))
    words = words_of(told) or words_of(line)
    return Heard(
        words,
        words_of(line),
        {name: say for name, (ask, say) in cues.topics.items() if asking and ask & _stems(told)},
        frozenset(marks),
        bool(asking),
        follows or (bool(asking) and bool(cues.marks["open"].search(asked))),
        components,
        facts,
        danger,
        about.aims,
        about.unsure,
        facets(line) if asking else (),
        facets(line, strong=True) if asking else (),
        len(spoken),
    )


def _spoken(text: str) -> str:
    """In lower case, without markup."""
    return " ".join(re.sub(r"<[^<>]{0,200}>", " ", text[:LONGEST]).replace("\u2019", "'").split()).lower()


def _sentences(line: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", line) if line else []


def of_oneself(text: str) -> bool:
    """Whether somebody says of themself that they think of dying, want to die, have harmed themself or cannot go on.

    For whoever types, whichever part they play; a question about the other or a reflection is none (oneself.py).
    """
    return bool(said_of_oneself(text))


def told_danger(text: str) -> str:
    """Which danger somebody tells of who types as the patient, by whatever words; empty for none."""
    return said_of_oneself(text) or next((kind for part in own_sentences(text) if (kind := danger_in(part))), "")


def danger_in(text: str) -> str:
    """Which danger something that a person of the library says is about, a denial too; empty for none."""
    line = text.lower().replace("\u2019", "'")
    return next((kind for kind in DANGERS if kind != "peril" and _cues().told_danger[kind].search(line)), "")


def tells_fact(name: str, text: str) -> bool:
    """Whether something that the patient can say tells a plain fact."""
    return bool(_cues().facts[name][1].search(text))


def dated(text: str) -> bool:
    """Whether something that the patient can say tells when, for how long or how often."""
    return bool(_cues().dated.search(text))


def words_of(text: str) -> frozenset[str]:
    """The content words of a text, cut to stems."""
    return _stems(text) - _cues().stopped


def _stems(text: str) -> frozenset[str]:
    spoken = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", text.lower().replace("\u2019", "'"))
    return frozenset(stem(word) for word in spoken if word not in _cues().stop and len(word) > 2)


def stem(word: str) -> str:
    """A word without the commonest English endings: "sisters", "sister's" and "sister" are one."""
    word = word.split("'")[0]
    for ending, kept in (("ies", "y"), ("ing", ""), ("edly", ""), ("ed", ""), ("es", ""), ("s", ""), ("ly", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: len(word) - len(ending)] + kept
    return word


def _score(found: list[str]) -> float:
    """Several cues are surer than one."""
    return min(1.0, 0.5 + 0.25 * len(set(found))) if found else 0.0


@dataclass(frozen=True)
class _Cues:
    components: Mapping[str, re.Pattern[str]]
    told_danger: Mapping[str, re.Pattern[str]]
    facts: Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]
    marks: Mapping[str, re.Pattern[str]]
    dated: re.Pattern[str]
    topics: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    stop: frozenset[str]
    stopped: frozenset[str]
    """Their stems."""


@lru_cache
def _cues() -> _Cues:
    data: Any = json.loads(files("mentalarena.practice").joinpath("data/cues.json").read_text("utf-8"))

    def patterns(name: str) -> dict[str, re.Pattern[str]]:
        return {key: re.compile("|".join(f"(?:{form})" for form in forms), re.I) for key, forms in data[name].items()}

    return _Cues(
        {key: re.compile(rf"\b(?:{'|'.join(forms)})(?!\w)") for key, forms in data["components"].items()},
        patterns("told_danger"),
        {name: (re.compile(f["ask"], re.I), re.compile(f["say"], re.I)) for name, f in data["facts"].items()},
        patterns("marks"),
        re.compile("|".join(data["dated"]), re.I),
        {
            name: (frozenset(map(stem, told["ask"].split())), frozenset(map(stem, told["say"].split())))
            for name, told in data["topics"].items()
        },
        frozenset(data["stop"].split()),
        frozenset(map(stem, data["stop"].split())),
    )
