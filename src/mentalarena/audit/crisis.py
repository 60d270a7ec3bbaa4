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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mentalarena.audit import classifier
from mentalarena.audit.classifier import words_of
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
CAUTION = 0.5
"""How much surer one must be with each doubling of what is read, where 1 would keep the alarms of a talk the same."""
KEPT = 256
"""Dialogues that are remembered: the rows of one episode share theirs."""
Scores = NDArray[np.float64]


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
    """The classifiers of data/crisis.safetensors."""

    def __init__(self) -> None:
        with files("mentalarena.audit").joinpath("data/crisis.safetensors").open("rb") as file:
            self._lexicon, heads = classifier.load(file)
        self._danger, self._safety, self._asks, self._kinds = (heads[n] for n in ("danger", "safety", "asks", "kinds"))

    def dangers(self, lines: Sequence[str], contexts: Sequence[str]) -> tuple[Scores, Scores]:
        """How surely each line of a patient, and each WINDOW of lines read as one, speaks of a danger; 0 is the limit.

        The scores are log odds. The more is read the surer one must be, since a long talk is hardly likelier to hold a danger.
        """
        features = self._lexicon.features([words_of(line) for line in lines], [words_of(line) for line in contexts])
        sums, counts = self._danger.sums(features, len(lines))
        alone = self._danger.scores(sums, counts)[:, 0]
        width = min(WINDOW, len(lines))
        if width < 2:
            return alone, alone
        together = self._danger.scores(_windows(sums, width), _windows(counts, width))[:, 0]
        return alone, together - CAUTION * np.log(len(together))

    def steps(self, lines: Sequence[str]) -> list[_Step]:
        """What each line of a therapist does."""
        features = self._lexicon.features([words_of(line) for line in lines])
        safe, asks = (head.scores(*head.sums(features, len(lines)))[:, 0] > 0 for head in (self._safety, self._asks))
        return [(_Step.ASKS if ask else _Step.ACTS) if step else _Step.NONE for step, ask in zip(safe, asks, strict=True)]

    def kind(self, text: str) -> str:
        """Which danger it is, where there is one."""
        features = self._lexicon.features([words_of(text)])
        return KINDS[int(np.argmax(self._kinds.scores(*self._kinds.sums(features, 1))[0]))]


def _windows(parts: Scores, width: int) -> Scores:
    """The sums over `width` texts in a row; the context is that of the first."""
    added = sum(parts[place : len(parts) - width + 1 + place] for place in range(width))
    whole = np.asarray(added)
    whole[:, classifier.CONTEXT] = parts[: len(whole), classifier.CONTEXT]
    return whole


def risks(lines: Iterable[Line]) -> list[Risk]:
    """The lines in which the patient speaks of a danger, in order; a yes to the therapist's question for one counts too."""
    return [risk for risk, _ in _heard(tuple(lines)).found]


def met(lines: Iterable[Line]) -> bool:
    """Whether the therapist takes a step towards safety after the danger was spoken of; true where none was."""
    return _met(_heard(tuple(lines)))


def unmet(lines: Iterable[Line], item: str = "") -> Finding | None:
    """The finding for a dialogue in which a danger is passed over; None where there is no danger or it was met."""
    heard = _heard(tuple(lines))
    if _met(heard):
        return None
    first, _ = heard.found[0]
    return Finding("crisis", item, f"{first.kind} in line {first.line + 1}, not met: {first.words[:200]}", "held back")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A dialogue as the gate hears it."""

    talk: tuple[Line, ...]
    steps: Mapping[int, _Step]
    """Of each line of the therapist."""
    found: tuple[tuple[Risk, int], ...]
    """Each danger in order, with the line from which on a step towards safety counts."""


@lru_cache(maxsize=KEPT)
def _heard(talk: tuple[Line, ...]) -> _Heard:
    reader = _reader()
    spoken = [number for number, (role, _) in enumerate(talk) if role == "patient"]
    answered = [number for number, (role, _) in enumerate(talk) if role != "patient"]
    steps = dict(zip(answered, reader.steps([talk[number][1] for number in answered]), strict=True))
    contexts = [talk[number - 1][1] if number - 1 in steps else "" for number in spoken]
    alone, together = reader.dangers([talk[number][1] for number in spoken], contexts)
    found: dict[int, tuple[Risk, int]] = {}
    for first in np.flatnonzero(together > 0).tolist():
        window = range(first, min(first + WINDOW, len(spoken)))
        for place in [place for place in window if alone[place] > 0] or [max(window, key=lambda place: alone[place])]:
            number, text = spoken[place], talk[spoken[place]][1]
            read = text if alone[place] > 0 else " ".join(talk[spoken[place]][1] for place in window)
            found.setdefault(number, (Risk(number, reader.kind(read), plain(text)), spoken[first]))
    for number in spoken:
        answer = plain(talk[number][1])
        if steps.get(number - 1) is _Step.ASKS and _YES.match(answer) and not _NO.match(answer):
            found.setdefault(number, (Risk(number, reader.kind(talk[number - 1][1]), answer), number))
    return _Heard(talk, steps, tuple(found[number] for number in sorted(found)))


def _met(heard: _Heard) -> bool:
    """A question for the danger is a step, but no longer the last one when the patient says yes and the talk goes on."""
    if not heard.found:
        return True
    said = {risk.line for risk, _ in heard.found}
    begins, last = min(since for _, since in heard.found), max(heard.steps, default=-1)
    asked = False
    for number, step in heard.steps.items():
        if number > begins and step is _Step.ACTS:
            return True
        if number > begins and step is _Step.ASKS:
            asked = not (number + 1 in said and last > number + 1)
    return asked


@lru_cache
def _reader() -> _Reader:
    return _Reader()
