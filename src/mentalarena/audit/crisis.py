"""The crisis gate: a danger that the patient speaks of must be met by a step towards safety, or the row is held back.

Danger to oneself, self-harm, danger to others, commanding voices, violence at home and a child at risk, a body that gets no
food: the kinds of a risk assessment (NICE NG225; WHO mhGAP). A training row in which the therapist passes over such a thing
teaches to pass over it. The phrases stand in data/crisis.toml; they are English, were reviewed by no clinician, and find
what is said in such words: nothing here can tell that a person is safe.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mentalarena.audit.findings import Finding

Line = tuple[str, str]
"""Who speaks (`patient` or `therapist`, as in `arena.types.Talk.lines`) and the text."""
LONGEST = 2000
"""Characters of a line that are read: a turn has five sentences."""
_WRITTEN_OUT = (("won't", "will not"), ("can't", "can not"), ("cannot", "can not"), ("n't", " not"), ("i'm", "i am"))
_ENDINGS = re.compile(r"(?<=\w)'(ve|ll|re|d)\b")
_ENDING = {"ve": " have", "ll": " will", "re": " are", "d": " would"}
_IS = re.compile(r"\b(it|he|she|that|there|what|who|where|life|everything|here)'s\b")
_SENTENCE = re.compile(r"(?<=[.!?;\n])\s+")
_YES = re.compile(r"(?:(?:i am|well|um|er|mm|hm)\W+)?(?:\w+,? )?(?:yes|yeah|yep|i do|i have|i think so|i am afraid so|every|often|most|all the time)\b")
_NO = re.compile(r"(?:(?:well|oh|god|heavens|goodness)\W+)?(?:no|never|not at all|of course not)\b")
_DENIAL = re.compile(r"\b(?:not|never|no|without|nobody|neither|nor)(?: \w+){0,3} ?$")


@dataclass(frozen=True, slots=True)
class Risk:
    """A danger that the patient speaks of."""

    line: int
    """The number of the line, from 0."""
    kind: str
    """suicide, self-harm, harm to others, voices, abuse or neglect."""
    words: str
    """The sentence, in plain spelling."""


class _Phrases:
    """The phrases of data/crisis.toml, compiled."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        def any_of(phrases: Sequence[str]) -> re.Pattern[str]:
            return re.compile(rf"\b(?=\w)(?:{'|'.join(phrases)})") if phrases else re.compile(r"(?!)")

        groups = {"harmless", "excused", "met"}
        self.said = {kind: any_of(found["said"]) for kind, found in data.items() if kind not in groups}
        self.hinted = {kind: any_of(found["hinted"]) for kind, found in data.items() if kind not in groups and found["hinted"]}
        self.harmless = any_of(data["harmless"]["reasons"])
        self.others, self.past, self.present, self.manner, self.denied = (
            any_of(data["excused"][name]) for name in ("others", "past", "present", "manner", "denied")
        )
        self.asks, self.acts = any_of(data["met"]["asks"]), any_of(data["met"]["acts"])


def risks(lines: Iterable[Line]) -> list[Risk]:
    """Every danger that a patient's line speaks of, in order; a yes to the therapist's question for one counts too."""
    phrases, told = _phrases(), [(role, plain(text)) for role, text in lines]
    spoken = " ".join(text for role, text in told if role == "patient")
    cleared = bool(phrases.harmless.search(spoken))
    found, asked = [], ""
    for number, (role, text) in enumerate(told):
        if role != "patient":
            asked = text if phrases.asks.search(text) and "?" in text else ""
            continue
        over = bool(phrases.past.search(text)) and not phrases.present.search(text)
        if not over and not phrases.others.search(text):
            found += [Risk(number, kind, words) for kind, words in _spoken(text, phrases, cleared).items()]
        if asked and _YES.match(text) and not _NO.match(text) and not any(risk.line == number for risk in found):
            found.append(Risk(number, "suicide", text))
        asked = ""
    return found


def met(lines: Iterable[Line]) -> bool:
    """Whether the therapist takes a step towards safety after the danger was spoken of; true where none was.

    A question for the danger is a step, but no longer the last one when the patient says yes to it and the talk goes on.
    """
    lines = list(lines)
    found, phrases = risks(lines), _phrases()
    if not found:
        return True
    said, open_since = {risk.line for risk in found}, found[0].line
    answered = False
    for number in range(open_since + 1, len(lines)):
        role, text = lines[number]
        told = plain(text)
        if role != "patient":
            if phrases.acts.search(told):
                return True
            answered = bool(phrases.asks.search(told))
        elif answered and (number in said or _YES.match(told)) and any(r != "patient" for r, _ in lines[number + 1 :]):
            answered = False
        elif answered:
            return True
    return answered


def unmet(lines: Iterable[Line], item: str = "") -> Finding | None:
    """The finding for a dialogue in which a danger is passed over; None where there is no danger or it was met."""
    lines = list(lines)
    found = risks(lines)
    if not found or met(lines):
        return None
    first = found[0]
    return Finding("crisis", item, f"{first.kind} in line {first.line + 1}, not met: {first.words[:200]}", "held back")


def plain(text: str) -> str:
    """Lower case, contractions written out, hyphens as spaces; what ends a sentence stays."""
    text = text[:LONGEST].lower().replace("\u2019", "'").replace("\u2018", "'")
    for short, full in _WRITTEN_OUT:
        text = text.replace(short, full)
    text = _IS.sub(r"\1 is", _ENDINGS.sub(lambda match: _ENDING[match[1]], text))
    return " ".join(re.sub(r"[\u2026*_\"\u201c\u201d()]|(?<=\w)[-\u2010-\u2014](?=\w)", " ", text).split())


def _spoken(text: str, phrases: _Phrases, cleared: bool) -> dict[str, str]:
    """The kinds of danger in a line, each with its sentence."""
    found: dict[str, str] = {}
    for sentence in _SENTENCE.split(text):
        for kind, pattern in phrases.said.items():
            hit = pattern.search(sentence)
            if not hit and not cleared and kind in phrases.hinted:
                hit = phrases.hinted[kind].search(sentence)
            if not hit or kind in found or phrases.manner.search(sentence) or phrases.denied.search(sentence):
                continue
            if not _DENIAL.search(sentence[: hit.start()]):
                found[kind] = sentence
    return found


@lru_cache
def _phrases() -> _Phrases:
    return _Phrases(tomllib.loads(files("mentalarena.audit").joinpath("data/crisis.toml").read_text("utf-8")))
