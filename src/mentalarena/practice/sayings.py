"""What a person of the library can say to a therapist: its utterances, and its own words for its history, its moment, what
it does and believes. All of it is in the first person; each is said once, sentence by sentence, and never in a lump."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mentalarena.clinic.cognitive_model import Component, Patient
from mentalarena.clinic.people import Person
from mentalarena.practice.hearing import danger_in, dated, words_of

Degree = Literal["offered", "asked", "trust"]
MOMENT: tuple[Component, ...] = ("situation", "automatic_thoughts", "emotions", "behavior")
"""The components that belong to one situation."""
ALIKE = 0.25
"""Share of the weight of the shorter saying's words from which on two sayings tell the same fact."""
DEEP: tuple[Component, ...] = ("core_beliefs", "intermediate_beliefs", "intermediate_beliefs_during_depression")


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that the person can say."""

    text: str
    component: Component
    degree: Degree
    own: bool
    """Whether it is the person's own word of its cognitive model rather than an utterance."""
    danger: str
    """Which danger it speaks of; empty for none."""
    near: float
    """How much it belongs to the moment that the patient came about (1), to another one (-1), or to none (0)."""
    words: frozenset[str]
    dated: bool
    """Whether it tells when, for how long or how often."""


@dataclass(frozen=True)
class Repertoire:
    """All that one patient can say, and how much each word tells the sayings apart (natural log of the inverse share)."""

    sayings: tuple[Saying, ...]
    weight: Mapping[str, float]

    def overlap(self, words: frozenset[str], saying: Saying) -> float:
        """The weight of the content words that a line and a saying share."""
        return sum(self.weight[word] for word in words & saying.words)

    def alike(self, one: Saying, other: Saying) -> bool:
        """Whether two sayings tell much the same: they share a good part of the words of the shorter."""
        shorter = min(sum(self.weight[w] for w in s.words) for s in (one, other))
        return self.overlap(one.words, other) > ALIKE * shorter

    def speaks_of(self, topics: Mapping[str, frozenset[str]], saying: Saying) -> bool:
        """Whether a saying is about one of the things that a line asks after."""
        return any(not say.isdisjoint(saying.words) for say in topics.values())

    def knows(self, words: frozenset[str]) -> bool:
        """Whether the person has anything to do with a word of these."""
        return any(word in self.weight for word in words)


def repertoire(person: Person, number: int) -> Repertoire:
    """What the person can say, come about its situation `number` (from 1)."""
    patient = person.patients()[number - 1]
    moments = [words_of(" ".join(moment.model_dump().values())) for moment in person.situations]
    sayings = [
        _saying(u.text, u.component, u.disclosure, False, _near(words_of(u.text), moments, number - 1))
        for u in person.utterances
    ]
    sayings += _own_words(patient)
    counts = Counter(word for saying in sayings for word in saying.words)
    weight = {word: math.log(1 + len(sayings) / count) for word, count in counts.items()}
    return Repertoire(tuple(sayings), weight)


def _own_words(patient: Patient) -> list[Saying]:
    model = patient.cognitive_model
    found = []
    for component in ("history", "coping_strategies", *MOMENT, *DEEP):
        texts = model.core_beliefs.all if component == "core_beliefs" else (model.text(component),)
        for text in texts:
            for sentence in [text] if component in ("situation", "emotions") else sentences(text):
                told = _sentence(sentence)
                degree: Degree = "trust" if component in DEEP or danger_in(told) else "asked"
                if told:
                    found.append(_saying(told, component, degree, True, float(component in MOMENT)))
    return found


def sentences(text: str) -> list[str]:
    """A text cut after full stops, question and exclamation marks."""
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def _sentence(text: str) -> str:
    """With a capital and a stop."""
    told = text.strip()
    if not told:
        return ""
    return told[0].upper() + told[1:] + ("" if told[-1] in ".!?\"'\u2026" else ".")


def _saying(text: str, component: Component, degree: Degree, own: bool, near: float) -> Saying:
    return Saying(text, component, degree, own, danger_in(text), near, words_of(text), dated(text))


def _near(words: frozenset[str], moments: list[frozenset[str]], own: int) -> float:
    shared = [len(words & moment) for moment in moments]
    if not any(shared) or shared.count(max(shared)) == len(shared):
        return 0.0
    return 1.0 if shared[own] == max(shared) else -1.0
