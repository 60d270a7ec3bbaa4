"""The crisis gate: a danger that the patient speaks of must be met by a step towards safety, or the row is held back.

Danger to oneself, self-harm, danger to others, commanding voices, violence at home, a child or a person in care at risk, a
body that gets no food: the kinds of a risk assessment (NICE NG225; WHO mhGAP). A training row in which the therapist passes
over such a thing teaches to pass over it. Two small linear classifiers read the lines, one for a danger in what the patient
says and one for a step in what the therapist says. They were trained on sentences written for this project and reviewed
by no clinician; they read English only (`recipes/crisis/README.md` says how they were made and how often they are
wrong, `benchmarks/detectors.py` measures them). A row that passes was not found to be unsafe, and was not found to be
safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib.resources import files

import numpy as np

from mentalarena.audit import classifier
from mentalarena.audit.findings import Finding
from mentalarena.audit.phrases import plain

Line = tuple[str, str]
"""Who speaks (`patient` or `therapist`, as in `arena.types.Talk.lines`) and the text."""
KINDS = (
    "suicide",
    "self-harm",
    "harm to others",
    "voices",
    "violence at home",
    "a child or a person in care",
    "no food or drink",
)
"""What a danger can be, in the order of the scores."""
WINDOW = 3
"""Lines of the patient that are read together: a danger is often said in two halves, and a figure of speech taken back."""
KEPT = 4096
"""Texts whose scores are remembered: the rows of one episode share their dialogue."""


_YES = re.compile(
    r"(?:(?:i am|well|um|er|mm|hm)\W+)?(?:\w+,? )?(?:yes|yeah|yep|i do|i have|i think so|i am afraid so|"
    r"every|often|most|all the time)\b"
)
_NO = re.compile(r"(?:(?:well|oh|god|heavens|goodness)\W+)?(?:no|never|not at all|of course not)\b")


@dataclass(frozen=True, slots=True)
class Risk:
    """A danger that the patient speaks of."""

    line: int
    """The number of the line, from 0."""
    kind: str
    """One of KINDS."""
    words: str
    """The line, in plain spelling."""


class _Step(Enum):
    """What a therapist's line does about a danger."""

    NONE = 0
    ASKS = 1
    ACTS = 2


class _Reader:
    """The classifiers of data/crisis.npz."""

    def __init__(self) -> None:
        with files("mentalarena.audit").joinpath("data/crisis.npz").open("rb") as file:
            self._lexicon, heads = classifier.load(file)
        self._danger, self._safety, self._asks, self._kinds = (heads[n] for n in ("danger", "safety", "asks", "kinds"))
        self.danger = lru_cache(maxsize=KEPT)(self._danger_of)
        self.step = lru_cache(maxsize=KEPT)(self._step_of)
        self._words = lru_cache(maxsize=KEPT)(classifier.words_of)

    def _danger_of(self, texts: tuple[str, ...], context: str) -> float:
        """How surely the lines of a patient, said after a line of the therapist, speak of a danger; 0 is the limit."""
        words = [word for text in texts for word in self._words(text)]
        return float(self._danger(self._lexicon.features(words, self._words(context)))[0])

    def _step_of(self, text: str, context: str) -> _Step:
        """What a line of the therapist, said after a line of the patient, does."""
        features = self._lexicon.features(self._words(text), self._words(context))
        if self._safety(features)[0] <= 0:
            return _Step.NONE
        return _Step.ASKS if self._asks(features)[0] > 0 else _Step.ACTS

    def kind(self, texts: Iterable[str]) -> str:
        """Which danger it is, where there is one."""
        features = self._lexicon.features([word for text in texts for word in self._words(text)])
        return KINDS[int(np.argmax(self._kinds(features)))]


def risks(lines: Iterable[Line]) -> list[Risk]:
    """The lines in which the patient speaks of a danger, in order; a yes to the therapist's question for one counts too."""
    return [found for found, _ in _risks(list(lines))]


def met(lines: Iterable[Line]) -> bool:
    """Whether the therapist takes a step towards safety after the danger was spoken of; true where none was."""
    talk = list(lines)
    return _met(talk, _risks(talk))


def unmet(lines: Iterable[Line], item: str = "") -> Finding | None:
    """The finding for a dialogue in which a danger is passed over; None where there is no danger or it was met."""
    talk = list(lines)
    found = _risks(talk)
    if _met(talk, found):
        return None
    first, _ = found[0]
    return Finding("crisis", item, f"{first.kind} in line {first.line + 1}, not met: {first.words[:200]}", "held back")


def _risks(talk: Sequence[Line]) -> list[tuple[Risk, int]]:
    """Each danger, with the line from which on a step towards safety counts."""
    reader = _reader()
    spoken = [number for number, (role, _) in enumerate(talk) if role == "patient"]
    windows = [spoken[place : place + WINDOW] for place in range(max(1, len(spoken) - WINDOW + 1))]
    found: dict[int, tuple[Risk, int]] = {}
    for window in windows:
        texts = tuple(talk[number][1] for number in window)
        if window and reader.danger(texts, _before(talk, window[0])) > 0:
            loud = {number: reader.danger((talk[number][1],), _before(talk, number)) for number in window}
            for line in [number for number in window if loud[number] > 0] or [max(window, key=lambda n: loud[n])]:
                kind = reader.kind([talk[line][1]] if loud[line] > 0 else texts)
                found.setdefault(line, (Risk(line, kind, plain(talk[line][1])), window[0]))
    for line in spoken:
        answer = plain(talk[line][1])
        yes = _YES.match(answer) and not _NO.match(answer)
        if yes and line not in found and line and _step(talk, line - 1) is _Step.ASKS:
            found[line] = (Risk(line, reader.kind([talk[line - 1][1]]), answer), line)
    return [found[line] for line in sorted(found)]


def _met(talk: Sequence[Line], found: Sequence[tuple[Risk, int]]) -> bool:
    """A question for the danger is a step, but no longer the last one when the patient says yes and the talk goes on."""
    if not found:
        return True
    said = {risk.line for risk, _ in found}
    last = max((number for number, (role, _) in enumerate(talk) if role != "patient"), default=-1)
    asked = False
    for number in range(min(since for _, since in found) + 1, len(talk)):
        step = _step(talk, number)
        if step is _Step.ACTS:
            return True
        if step is _Step.ASKS:
            asked = not (number + 1 in said and last > number + 1)
    return asked


def _step(talk: Sequence[Line], number: int) -> _Step:
    role, text = talk[number]
    return _Step.NONE if role == "patient" else _reader().step(text, talk[number - 1][1] if number else "")


def _before(talk: Sequence[Line], number: int) -> str:
    """The therapist's line that a line answers, or the empty text."""
    return talk[number - 1][1] if number and talk[number - 1][0] != "patient" else ""


@lru_cache
def _reader() -> _Reader:
    return _Reader()
