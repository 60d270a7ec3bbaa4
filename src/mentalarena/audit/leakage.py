"""Does a prompt hold of a patient's profile what nobody has said? (What the published code did in every prompt, PAPER.md.)

A text is read sentence by sentence against the profile sentence by sentence. What counts is what the two share and what was
not said: words by how few people use them, proper names, telling numbers, words in a row. So a paraphrase is found as far as
it keeps words of the profile, and one that keeps none is not. A finding says what was shared, for a person to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mentalarena.audit.findings import Finding, Verdict
from mentalarena.audit.words import Background, everyday, names, numbered, sentences, stem, stems, telling
from mentalarena.clinic.audit import words_of
from mentalarena.clinic.cognitive_model import LABELS, CognitiveModel

ENOUGH = 0.38
"""Evidence from which on a sentence leaks: one word that fewer than one in six people use, or two or three that more do."""
RUN = 3
"""Stems in a row from which on their order is evidence too, where one of them was not said."""
PER_WORD = 0.1
"""Evidence of each word of a run beyond its rarity."""
_HEADINGS = frozenset(stem(word) for label in LABELS.values() for word in label.split())


@dataclass(frozen=True, slots=True)
class Shared:
    """What a sentence of a text shares with a sentence of the profile."""

    component: str
    words: tuple[str, ...]
    evidence: float
    """In words that nobody else uses."""
    sentence: str


@dataclass(frozen=True, slots=True)
class _Passage:
    component: str
    runs: frozenset[tuple[str, ...]]
    weights: Mapping[str, float]


def leaks(
    text: str, profile: Mapping[str, str], said: Sequence[str], background: Background | None = None
) -> list[Shared]:
    """What the text holds of the profile (component to text, `name` among them) that was not said, strongest first."""
    background = background or everyday()
    known = frozenset(_roots(" \n".join(said)))
    passages = _passages(tuple(profile.items()), background)
    spoken = names(text, background)
    found = []
    for sentence in dict.fromkeys(sentences(text)):
        roots = frozenset(_roots(sentence))
        order = stems(sentence)
        best: Shared | None = None
        for passage in passages:
            weights = {
                root: weight
                for root, weight in passage.weights.items()
                if root in roots and root not in known and (root[0] != "=" or root[1:] in spoken)
            }
            if not weights:
                continue
            evidence, shared = sum(weights.values()), tuple(sorted(root.lstrip("=") for root in weights))
            row = _in_a_row(order, passage.runs)
            if any(root in weights for root in row):
                evidence += PER_WORD * len(row)
                shared = tuple(dict.fromkeys((*row, *shared)))
            if evidence >= ENOUGH and (best is None or evidence > best.evidence):
                best = Shared(passage.component, shared, evidence, sentence)
        if best:
            found.append(best)
    return sorted(found, key=lambda shared: -shared.evidence)


def _roots(text: str) -> set[str]:
    """Stems, and words as they stand (marked), by which names are known."""
    words = words_of(text)
    return {stem(word) for word in numbered(words)} | {"=" + word.removesuffix("'s") for word in words}


@lru_cache(maxsize=4096)
def _passages(profile: tuple[tuple[str, str], ...], background: Background) -> tuple[_Passage, ...]:
    found = []
    for component, text in profile:
        proper = names(text, background)
        for sentence in sentences(text):
            words = words_of(sentence)
            weights = {}
            for word in numbered(words):
                root = stem(word)
                if root in _HEADINGS:
                    continue
                weights[root] = 1.0 if telling(word) else background.weight(root)
            for word in words:
                if (plain := word.removesuffix("'s")) in proper:
                    weights.pop(stem(word), None)
                    weights["=" + plain] = 1.0
            found.append(_Passage(component, _runs(stems(sentence)), {r: w for r, w in weights.items() if w > 0.1}))
    return tuple(found)


def _runs(order: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(order[start : start + RUN]) for start in range(len(order) - RUN + 1))


def _in_a_row(order: Sequence[str], runs: frozenset[tuple[str, ...]]) -> list[str]:
    """The stems of a sentence that stand in a run of the passage, each place once."""
    starts = [n for n in range(len(order) - RUN + 1) if tuple(order[n : n + RUN]) in runs]
    return [order[place] for place in sorted({n + k for n in starts for k in range(RUN)})]
