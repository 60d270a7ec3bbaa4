"""The crisis gate: a danger that the patient speaks of must be met by a step towards safety, or the row is held back.

Danger to oneself, self-harm, danger to others, commanding voices, violence at home and a child at risk, a body that gets no
food: the kinds of a risk assessment (NICE NG225; WHO mhGAP). A training row in which the therapist passes over such a thing
teaches to pass over it. The phrases stand in data/crisis.toml; they are English, were reviewed by no clinician, and find
what is said in such words. Indirect ways of saying it are mostly missed: of cases never used for the rules the gate found
40 % (`benchmarks/detectors.py`). A row that passes was not found to be unsafe, and was not found to be safe.
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
from mentalarena.audit.phrases import DENIAL, SENTENCE, Phrases, plain

Line = tuple[str, str]
"""Who speaks (`patient` or `therapist`, as in `arena.types.Talk.lines`) and the text."""
KEPT = 4096
"""Lines that are remembered: the rows of one episode share their dialogue."""
_YES = re.compile(
    r"(?:(?:i am|well|um|er|mm|hm)\W+)?(?:\w+,? )?(?:yes|yeah|yep|i do|i have|i think so|i am afraid so|"
    r"every|often|most|all the time)\b"
)
_NO = re.compile(r"(?:(?:well|oh|god|heavens|goodness)\W+)?(?:no|never|not at all|of course not)\b")
_BACK = re.compile(r"(?:but |and )?(?:that|those|it|this|not since|never since|i left|since then|nothing since)\b")


@dataclass(frozen=True, slots=True)
class Risk:
    """A danger that the patient speaks of."""

    line: int
    """The number of the line, from 0."""
    kind: str
    """suicide, self-harm, harm to others, voices, abuse or neglect."""
    words: str
    """The sentence, in plain spelling."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a line has in it, whoever says it."""

    text: str
    said: tuple[tuple[str, str], ...]
    """Kinds of danger, each with its sentence."""
    hinted: tuple[tuple[str, str], ...]
    harmless: bool
    asks: bool
    acts: bool


class _Lexicon:
    """The phrases of data/crisis.toml."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        kinds = {kind: found for kind, found in data.items() if kind not in ("harmless", "excused", "met")}
        self._said = Phrases({kind: found["said"] for kind, found in kinds.items()})
        self._hinted = Phrases({kind: found["hinted"] for kind, found in kinds.items()})
        self._harmless = Phrases({"": data["harmless"]["reasons"]})
        excused = data["excused"]
        self._excused = Phrases({"": [*excused["others"], *excused["manner"], *excused["denied"]]})
        self._past, self._present = Phrases({"": excused["past"]}), Phrases({"": excused["present"]})
        self._asks, self._acts = Phrases({"": data["met"]["asks"]}), Phrases({"": data["met"]["acts"]})
        self.heard = lru_cache(maxsize=KEPT)(self._heard)

    def _heard(self, role: str, line: str) -> _Heard:
        text = plain(line)
        if role != "patient":
            return _Heard(text, (), (), False, text in self._asks, text in self._acts)
        said, hinted = self._dangers(text, self._said), self._dangers(text, self._hinted)
        return _Heard(text, said, hinted, text in self._harmless, False, False)

    def _dangers(self, text: str, phrases: Phrases) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        sentences = SENTENCE.split(text)
        for sentence, following in zip(sentences, [*sentences[1:], ""], strict=True):
            for kind, start in phrases.found(sentence).items():
                denied = DENIAL.search(sentence[max(0, start - 60) : start])
                if kind not in found and not denied and not self._is_excused(sentence, following):
                    found[kind] = sentence
        return tuple(found.items())

    def _is_excused(self, sentence: str, following: str) -> bool:
        """Whether a sentence, or the one after it that takes it up, says that it is no present danger to anyone."""
        taken_up = following if _BACK.match(following) else ""
        return sentence in self._excused or any(s in self._past and s not in self._present for s in (sentence, taken_up))


def risks(lines: Iterable[Line]) -> list[Risk]:
    """Every danger that a patient's line speaks of, in order; a yes to the therapist's question for one counts too."""
    return _risks(_all_heard(lines))


def met(lines: Iterable[Line]) -> bool:
    """Whether the therapist takes a step towards safety after the danger was spoken of; true where none was."""
    heard = _all_heard(lines)
    return _met(heard, _risks(heard))


def unmet(lines: Iterable[Line], item: str = "") -> Finding | None:
    """The finding for a dialogue in which a danger is passed over; None where there is no danger or it was met."""
    heard = _all_heard(lines)
    found = _risks(heard)
    if _met(heard, found):
        return None
    first = found[0]
    return Finding("crisis", item, f"{first.kind} in line {first.line + 1}, not met: {first.words[:200]}", "held back")


def _all_heard(lines: Iterable[Line]) -> list[tuple[str, _Heard]]:
    heard = _lexicon().heard
    return [(role, heard(role, text)) for role, text in lines]


def _risks(heard: Sequence[tuple[str, _Heard]]) -> list[Risk]:
    cleared = any(line.harmless for _, line in heard)
    found: list[Risk] = []
    asked = False
    for number, (role, line) in enumerate(heard):
        if role != "patient":
            asked = line.asks and "?" in line.text
            continue
        kinds = dict(line.said if cleared else (*line.hinted, *line.said))
        if asked and not kinds and _YES.match(line.text) and not _NO.match(line.text):
            kinds = {"suicide": line.text}
        found += [Risk(number, kind, words) for kind, words in kinds.items()]
        asked = False
    return found


def _met(heard: Sequence[tuple[str, _Heard]], found: Sequence[Risk]) -> bool:
    """A question for the danger is a step, but no longer the last one when the patient says yes and the talk goes on."""
    if not found:
        return True
    said = {risk.line for risk in found}
    last = max((number for number, (role, _) in enumerate(heard) if role != "patient"), default=-1)
    asked = False
    for number in range(found[0].line + 1, len(heard)):
        role, line = heard[number]
        if role != "patient":
            if line.acts:
                return True
            asked = line.asks
        elif asked and (number > last or not (number in said or _YES.match(line.text))):
            return True
    return asked


@lru_cache
def _lexicon() -> _Lexicon:
    return _Lexicon(tomllib.loads(files("mentalarena.audit").joinpath("data/crisis.toml").read_text("utf-8")))
