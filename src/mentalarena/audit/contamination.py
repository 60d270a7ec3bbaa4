"""Do rows hold the questions of a benchmark? Overlap of n-grams, and of embeddings where an embedder is given.

Sources: 13-grams are those of Brown et al. (2020), 8-grams those of Chowdhery et al. (2022); of a question that
is shorter, most of its words in a row. N-grams that several questions share ("which of the following is the most likely") are how
questions are asked, and no evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil

from mentalarena.audit.findings import Finding
from mentalarena.audit.words import sentences
from mentalarena.clinic.audit import words_of
from mentalarena.evaluation.benchmarks.questions import Question
from mentalarena.models.base import Embedder

SIZES = (13, 8)
"""Words of the n-grams, longest first: the first that matches is told."""
SHARED = 3
"""Questions from which on an n-gram that they share is a phrase of all questions."""
ALIKE = 0.85
"""Cosine from which on a passage of a row is a question in other words."""
PART = 0.6
"""Share of the words of a short question that are looked for in a row: half of it may be told in common words."""
_AT_ONCE = 4096
"""Passages that are embedded at once."""
FEWEST = 6
"""Words that are looked for in a row at least; shorter questions say nothing by themselves."""


def question_texts(questions: Iterable[Question]) -> dict[str, str]:
    """What is looked for of closed questions, by id: the question, with its options where it says little by itself."""
    found = {}
    for question in questions:
        short = len(words_of(question.text)) < SIZES[-1] and not question.words
        found[question.id] = " ".join((question.text, *question.options.values())) if short else question.text
    return found


@dataclass(frozen=True)
class Held:
    """What may stand in no row: the benchmark's questions, indexed by their n-grams."""

    questions: Mapping[str, str]
    sizes: tuple[int, ...] = SIZES
    embedder: Embedder | None = None
    alike: float = ALIKE
    _grams: dict[int, dict[str, str]] = field(init=False, repr=False, default_factory=dict)
    _begins: set[tuple[str, str]] = field(init=False, repr=False, default_factory=set)
    """With what two words n-grams begin: most places of a row are passed over by that."""

    def __post_init__(self) -> None:
        worded = {name: words_of(text) for name, text in self.questions.items()}
        parts = {name: max(FEWEST, ceil(PART * len(words))) for name, words in worded.items() if len(words) >= FEWEST}
        smallest = min(self.sizes)
        short = {size for size in parts.values() if size < smallest}
        for size in sorted({*self.sizes, *short}, reverse=True):
            mine = worded if size in self.sizes else {name: worded[name] for name in parts if parts[name] == size}
            self._grams[size] = _owners(mine, size, worded)
        grams = (gram.split(" ", 2) for owners in self._grams.values() for gram in owners)
        self._begins.update((first, second) for first, second, _ in grams)

    def overlap(self, text: str | Sequence[str]) -> tuple[str, str] | None:
        """The question that a text (or its words) holds and the words that both have; None where it holds none."""
        words = words_of(text) if isinstance(text, str) else text
        places = [place for place, pair in enumerate(pairwise(words)) if pair in self._begins]
        for size, owners in self._grams.items():
            for start in places:
                if (gram := " ".join(words[start : start + size])) in owners:
                    return owners[gram], gram
        return None

    def nearest(self, texts: Sequence[str]) -> list[tuple[str, float] | None]:
        """For each text the question that one of its passages is alike by embeddings, and the cosine; None where none is.

        A passage that stands in several texts is embedded once; call with many texts at once.
        """
        if self.embedder is None or not self.questions:
            return [None] * len(texts)
        import numpy as np

        names = list(self.questions)
        known = self.embedder.embed(list(self.questions.values()))
        longest = max(len(sentences(question)) for question in self.questions.values())
        passages = [_passages(text, longest) for text in texts]
        distinct = {passage: number for number, passage in enumerate(dict.fromkeys(p for own in passages for p in own))}
        best, cosines = np.zeros(len(distinct), int), np.zeros(len(distinct), np.float32)
        told = list(distinct)
        for start in range(0, len(told), _AT_ONCE):
            found = self.embedder.embed(told[start : start + _AT_ONCE]) @ known.T
            best[start : start + _AT_ONCE], cosines[start : start + _AT_ONCE] = found.argmax(1), found.max(1)
        near: list[tuple[str, float] | None] = []
        for own in passages:
            top = max((distinct[passage] for passage in own), key=lambda number: float(cosines[number]), default=None)
            hit = top is not None and cosines[top] >= self.alike
            near.append((names[best[top]], float(cosines[top])) if hit else None)
        return near

    def findings(self, rows: Mapping[str, str]) -> list[Finding]:
        """One finding a row (id to text) that holds a question."""
        by_words = {row: self.overlap(text) for row, text in rows.items()}
        left = [row for row, hit in by_words.items() if not hit]
        by_meaning = dict(zip(left, self.nearest([rows[row] for row in left]), strict=True))
        found = []
        for row, hit in by_words.items():
            if hit:
                found.append(by_words_found(hit, row))
            elif near := by_meaning[row]:
                found.append(by_meaning_found(near, row))
        return found


def by_words_found(hit: tuple[str, str], item: str) -> Finding:
    """The finding for what `Held.overlap` gives."""
    return Finding("contamination", item, f"{len(hit[1].split())} words of question {hit[0]}: {hit[1]}", "held back")


def by_meaning_found(near: tuple[str, float], item: str) -> Finding:
    """The finding for what `Held.nearest` gives of a text."""
    return Finding("contamination", item, f"like question {near[0]}: cosine {near[1]:.2f}", "held back")


def without_questions(rows: Mapping[str, str], held: Held) -> tuple[list[str], list[Finding]]:
    """The ids of rows that hold no question, and a finding with the reason for each other row."""
    found = held.findings(rows)
    out = {finding.item for finding in found}
    return [row for row in rows if row not in out], found


def _owners(worded: Mapping[str, list[str]], size: int, everything: Mapping[str, list[str]]) -> dict[str, str]:
    """N-grams of questions to the question, without those that several of all questions share."""
    owners: dict[str, str] = {}
    shared = Counter[str]()
    for name, words in everything.items():
        grams = {" ".join(words[start : start + size]) for start in range(len(words) - size + 1)}
        shared.update(grams)
        owners |= dict.fromkeys(grams, name) if name in worded else {}
    # a question that is nothing but such phrases is looked for all the same
    whole = {" ".join(words) for words in worded.values() if len(words) == size}
    return {gram: name for gram, name in owners.items() if shared[gram] < SHARED or gram in whole}


def _passages(text: str, longest: int) -> list[str]:
    """Sentences, and as many in a row as questions have, so that long rows do not drown a question."""
    parts = sentences(text)
    return [
        " ".join(parts[start : start + count]) for count in range(1, min(longest, 6) + 1) for start in range(len(parts))
    ]
