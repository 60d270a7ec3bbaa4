"""Danger in words: which one a therapist's line asks about, what it asks after somebody has told of one, and which one a
patient's words tell of.

Read by patterns (data/danger.json) that were written for this project and reviewed by no clinician. They miss lines and
mistake lines: `tests/practice/test_danger.py` counts how many of a list that was frozen before them. English only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

DANGERS = ("death", "harm", "violence", "road", "body", "peril")
"""To die by one's own hand or to wish it; to hurt oneself or others; to be hurt by others; on the road; a body in danger; any."""
AIMS = ("self", "others")
"""Whom harm may come to."""
BACK = 2
"""Sentences before a short question that it may be about."""
FRAGMENT = 6
"""Words of a line up to which it asks without a verb or a question mark ("thoughts of suicide")."""
Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line asks about danger."""

    kind: str = ""
    """One of DANGERS; empty where it plainly asks about none."""
    unsure: bool = False
    """Whether it may ask about one all the same."""
    aims: frozenset[str] = frozenset()
    """Whom a question about harm is about: AIMS."""


@dataclass(frozen=True, slots=True)
class _Facet:
    strong: Pattern
    """Asks for it whenever a danger was told."""
    weak: Pattern
    """Asks for it just after a danger was told."""
    say: Pattern
    """How people speak of it."""


def asked_about(parts: Sequence[str], asking: Sequence[bool], before: Sequence[str] = ()) -> Asked:
    """Which danger a line asks about, read by its sentences in lower case, those that ask marked, after those of the line
    before. A short question ("is that so with you?") is read together with what stands before it."""
    known = _known()
    plain = [_plain(part) for part in (*before, *parts)]
    asks = [False] * len(before) + list(asking)
    found = [_kind(part) for part in plain]
    kinds: list[str] = []
    unsure = False
    aims = set[str]()
    for place in range(len(before), len(plain)):
        worried = bool(known.worry.search(plain[place]))
        bare = len(parts) == 1 and len(plain[place].split()) <= FRAGMENT and found[place] in DANGERS[:3]
        if not (asks[place] or worried or bare):
            continue
        kind = found[place]
        read = [place]
        if not kind and asks[place] and known.follow_on.search(plain[place]):
            read += range(place - 1, max(place - 1 - BACK, -1), -1)
            kind = next((found[p] for p in read if found[p] in DANGERS[:3]), "")
        kinds.append(kind)
        if kind == "harm":
            aims |= {aim for aim in AIMS for p in read if known.aims[aim].search(plain[p])}
        unsure = unsure or (not kind and any(known.maybe.search(plain[p]) for p in read))
    kind = min((kind for kind in kinds if kind), key=DANGERS.index, default="")
    return Asked(kind, unsure and not kind, frozenset(aims) if kind == "harm" else frozenset())


def facets(line: str, strong: bool = False) -> tuple[str, ...]:
    """What a line asks for that one asks of somebody who has told of a danger; with `strong` only what nobody asks else."""
    text = _plain(line.lower().replace("\u2019", "'"))
    return tuple(
        name
        for name, facet in _known().facets.items()
        if facet.strong.search(text) or (not strong and facet.weak.search(text))
    )


def tells(facet: str, text: str) -> bool:
    """Whether something that a patient can say tells of that."""
    return bool(_known().facets[facet].say.search(text))


def covers(kind: str, text: str) -> frozenset[str]:
    """What a patient's words about a danger of that kind answer: `death`, or harm to `self` or `others`."""
    known = _known()
    plain = text.replace("\u2019", "'")
    found = {aim for aim in AIMS if known.told_aims[aim].search(plain)}
    return frozenset({"death"} | (found & {"self"}) if kind == "death" else found or {"others"})


def denies(text: str) -> bool:
    """Whether a patient's words deny the wish to die."""
    return bool(_known().denies.search(text.replace("\u2019", "'")))


@dataclass(frozen=True)
class RiskLines:
    """What a person of the library says when it is asked on about its danger: own texts of this room."""

    about: str
    """One of DANGERS."""
    lines: Mapping[str, tuple[str, ...]]
    """By what is asked for."""


@lru_cache
def risk_lines() -> Mapping[str, RiskLines]:
    """By person's id (data/risk_lines.json)."""
    data: Any = json.loads(files("mentalarena.practice").joinpath("data/risk_lines.json").read_text("utf-8"))
    return {
        name: RiskLines(told["about"], {facet: tuple(texts) for facet, texts in told["lines"].items()})
        for name, told in data.items()
    }


def _kind(plain: str) -> str:
    return next((kind for kind in DANGERS if _known().asked[kind].search(plain)), "")


def _plain(part: str) -> str:
    """Without figures of speech, other people's deaths, and short forms."""
    for pattern, instead in _known().plainly:
        part = pattern.sub(instead, part)
    return _known().figures.sub(" ", part)


@dataclass(frozen=True)
class _Known:
    plainly: Sequence[tuple[Pattern, str]]
    figures: Pattern
    asked: Mapping[str, Pattern]
    aims: Mapping[str, Pattern]
    """By whom harm may come to, in a question."""
    told_aims: Mapping[str, Pattern]
    """The same, in a patient's words."""
    follow_on: Pattern
    worry: Pattern
    maybe: Pattern
    denies: Pattern
    facets: Mapping[str, _Facet]


@lru_cache
def _known() -> _Known:
    data: Any = json.loads(files("mentalarena.practice").joinpath("data/danger.json").read_text("utf-8"))

    def one(forms: Sequence[str]) -> Pattern:
        return re.compile("|".join(f"(?:{form})" for form in forms), re.I)

    return _Known(
        [(re.compile(pattern, re.I), instead) for pattern, instead in data["plainly"]],
        one(data["figures"]),
        {kind: one(data["asked"][kind]) for kind in DANGERS},
        {aim: one(data["aims"][aim]) for aim in AIMS},
        {aim: one(data["told_aims"][aim]) for aim in AIMS},
        one(data["follow_on"]),
        one(data["worry"]),
        one(data["maybe"]),
        one([data["denies"]]),
        {
            name: _Facet(one([told["strong"]]), one([told["weak"]]), one([told["say"]]))
            for name, told in data["facets"].items()
        },
    )
