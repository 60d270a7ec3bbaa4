"""Diagnosis without evidence: does the dialogue hold anything that speaks for the disorder that was named?

A model that has seen many profiles names disorders that nobody spoke of, and finds one in people who have none. For each
disorder data/evidence.toml lists signs in the words of a talk (after the taxonomy's descriptions; reviewed by no
clinician). A diagnosis is unsupported when fewer than the disorder asks for were said. This finds the groundless, and
cannot find a diagnosis that is plausible and wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from mentalarena.audit.findings import Finding
from mentalarena.audit.phrases import DENIAL, SENTENCE, Phrases, plain
from mentalarena.clinic.naming import normalise_diagnosis
from mentalarena.clinic.references import NO_DISORDER
from mentalarena.clinic.taxonomy import taxonomy
from mentalarena.evaluation.statistics import Interval, share_interval

Line = tuple[str, str]
"""Who speaks (`patient` or `therapist`) and the text."""
KEPT = 4096
"""Diagnoses and dialogues that are remembered: the rows of one episode share them."""


@dataclass(frozen=True, slots=True)
class Support:
    """What was said for a diagnosis."""

    signs: int
    """The weight of the signs that were said: one each, and of one that is enough alone as much as is needed."""
    needed: int
    fits: int
    """Words that say that life goes on as usual; each takes the weight of one sign."""
    essential: bool
    """Whether the thing without which the disorder has no name (the substance, the game) was spoken of."""

    @property
    def enough(self) -> bool:
        return self.essential and self.signs - self.fits >= self.needed


class _Signs:
    """The signs of one disorder."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._cues = Phrases({str(number): [cue] for number, cue in enumerate(data["cues"])})
        self._forms = Phrases({"": data["forms"]}) if "forms" in data else None
        self.needed = int(data.get("least", 1))
        self._core = frozenset(map(str, data.get("core", ())))

    def weight(self, sentences: Iterable[str]) -> int:
        """Different signs that are said and not denied; one that is enough alone weighs as many as are needed."""
        found: set[str] = set()
        for sentence in sentences:
            for sign, start in self._cues.found(sentence).items():
                if sign not in found and not DENIAL.search(sentence[max(0, start - 60) : start]):
                    found.add(sign)
        return sum(self.needed if sign in self._core else 1 for sign in found)

    def is_named(self, sentences: Iterable[str]) -> bool:
        return self._forms is None or any(sentence in self._forms for sentence in sentences)


def support(lines: Iterable[Line], diagnosis: str) -> Support | None:
    """What a dialogue holds for a diagnosis; None where there is nothing to hold it against: no one disorder of the taxonomy
    is named, or none is said to be there."""
    disorder = _disorder(diagnosis)
    signs = _signs(disorder) if disorder and disorder != NO_DISORDER else None
    if signs is None:
        return None
    sentences, fits = _told(tuple(lines))
    return Support(signs.weight(sentences), signs.needed, fits, signs.is_named(sentences))


def unsupported(lines: Iterable[Line], diagnosis: str, item: str = "") -> Finding | None:
    """The finding for a diagnosis for which too little was said; None where there is enough, or nothing to judge."""
    found = support(lines, diagnosis)
    if found is None or found.enough:
        return None
    said = f"signs weigh {found.signs}, needed {found.needed}" if found.essential else "it was not spoken of"
    usual = f", {found.fits} words that life goes on as usual" if found.fits else ""
    return Finding("evidence", item, f"{diagnosis[:100]}: {said}{usual}", "held back")


def over_diagnosed(diagnoses: Iterable[str | None]) -> Interval | None:
    """Of patients who have no disorder, the share that were given one, with its 95 % Wilson interval; None for no patients.

    An answer that names nothing (None, or a text that asserts no disorder) is no diagnosis.
    """
    given = [diagnosis is not None and asserts_disorder(diagnosis) for diagnosis in diagnoses]
    return share_interval(given) if given else None


@lru_cache(maxsize=KEPT)
def asserts_disorder(diagnosis: str) -> bool:
    """Whether an answer says that there is a disorder."""
    entries = (diagnosis,) if diagnosis in taxonomy().disorders else normalise_diagnosis(diagnosis).entries
    return any(entry != NO_DISORDER for entry in entries)


@lru_cache(maxsize=KEPT)
def _disorder(diagnosis: str) -> str | None:
    return diagnosis if diagnosis in taxonomy().disorders else normalise_diagnosis(diagnosis).entry


@lru_cache(maxsize=KEPT)
def _told(lines: tuple[Line, ...]) -> tuple[tuple[str, ...], int]:
    """What is told in a dialogue, in sentences: all that the patient says, and what the therapist does not ask; and how often
    it is said that life goes on as usual."""
    sentences: list[str] = []
    fits = 0
    for role, text in lines:
        told = SENTENCE.split(plain(text))
        sentences += told if role == "patient" else [sentence for sentence in told if not sentence.endswith("?")]
        fits += sum(len(_usual().found(sentence)) for sentence in told) if role == "patient" else 0
    return tuple(sentences), fits


@lru_cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files("mentalarena.audit").joinpath("data/evidence.toml").read_text("utf-8"))


@lru_cache
def _usual() -> Phrases:
    return Phrases({str(number): [phrase] for number, phrase in enumerate(_data()["fits"])})


@cache
def _signs(disorder: str) -> _Signs | None:
    return _Signs(_data()["signs"][disorder]) if disorder in _data()["signs"] else None
