"""Seed texts, indexed: which of thousands stand in an answer that was not shown them?

What the prompt of a row holds is no memory: a patient repeats its own profile, a therapist what it was told. What several seeds
say is nobody's secret. `memorisation.recalled` compares one seed with one text; here only those are compared that share words
in a row, or a canary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mentalarena.audit.memorisation import CANARY, RUN, Memory, Runs, longest_run
from mentalarena.audit.words import Background, everyday, names, numbered, stem, telling
from mentalarena.clinic.audit import words_of
from mentalarena.clinic.taxonomy import taxonomy

_FACTOR = np.uint64(0x100000001B3)
_END = "\n"
"""Between the parts of a seed: no word of any text."""


@dataclass(frozen=True, slots=True)
class _Canary:
    seed: str
    word: str
    ambiguous: bool
    """A name that is also a word: it counts only where it is written as a name."""


class Seeds:
    """Texts that no answer may give away, by name: each in parts, as a patient's components, over whose ends no run goes.

    `planted` are canaries that were put somewhere on purpose (`memorisation.canaries`): one stands in no answer, whatever the
    prompt holds.
    """

    def __init__(
        self, texts: Mapping[str, Sequence[str]], planted: Iterable[str] = (), background: Background | None = None
    ) -> None:
        self._background = background or everyday()
        self._texts = texts
        self._planted = {
            name: text for name, text in ((f"canary {n}", t) for n, t in enumerate(planted, 1)) if text.strip()
        }
        self._runs: dict[str, Runs] = {}
        """Of the seeds that came into question."""
        self._names = list(texts)
        self._grams, self._owners = self._indexed()
        self._canaries = self._secret()
        self._marks = {mark: name for name, text in self._planted.items() for mark in _marks(text)}

    def __len__(self) -> int:
        return len(self._texts) + len(self._planted)

    def recalled(self, answer: str, prompt: Sequence[str]) -> Memory | None:
        """What an answer to a prompt (its words) holds of a seed and the prompt does not; None where that is nothing."""
        words = words_of(answer)
        for mark, name in self._marks.items():
            if mark in f" {' '.join(words)} ":
                return Memory(name, (), (mark.strip(),))
        runs, canaries = self._in_a_row(words, prompt), self._said(answer, words, prompt)
        if not runs and not canaries:
            return None
        best = max({*runs, *canaries}, key=lambda name: (len(runs.get(name, ())), len(canaries.get(name, ())), name))
        return Memory(best, runs.get(best, ()), tuple(sorted(canaries.get(best, ()))))

    def _in_a_row(self, words: Sequence[str], prompt: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The longest run of each seed that shares one of `RUN` words."""
        if len(words) < RUN or not len(self._grams):
            return {}
        grams = _grams(words)
        places = np.searchsorted(self._grams, grams)
        places[places == len(self._grams)] = 0
        hits = set(self._owners[places[self._grams[places] == grams]].tolist())
        if not hits:
            return {}
        shown, found = f" {' '.join(prompt)} ", {}
        for name in (self._names[n] for n in hits):
            if name not in self._runs:
                self._runs[name] = Runs([word for part in self._texts[name] for word in (*words_of(part), _END)])
            start, end = self._runs[name].longest(words)
            run = tuple(words[start:end])
            if len(run) >= RUN and f" {' '.join(run)} " not in shown and len(longest_run(prompt, run)) < RUN:
                found[name] = run
        return found

    def _said(self, answer: str, words: Sequence[str], prompt: Sequence[str]) -> dict[str, list[str]]:
        """The canaries of each seed."""
        said = {word.removesuffix("'s") for word in words} | {stem(word) for word in numbered(words)}
        hits = [(mark, self._canaries[mark]) for mark in said if mark in self._canaries]
        if not hits:
            return {}
        shown = {word.removesuffix("'s") for word in prompt} | {stem(word) for word in numbered(prompt)}
        written = names(answer, self._background)
        found: dict[str, list[str]] = {}
        for mark, canary in hits:
            if mark not in shown and (not canary.ambiguous or mark in written):
                found.setdefault(canary.seed, []).append(canary.word)
        return found

    def _indexed(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """The runs of `RUN` words of all seeds, as sorted hashes, and whose each is."""
        hashes, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)]
        for number, parts in enumerate(self._texts.values()):
            for part in parts:
                hashes.append(_grams(words_of(part)))
                owners.append(np.full(len(hashes[-1]), number, np.int32))
        found, owner = np.concatenate(hashes), np.concatenate(owners)
        order = np.argsort(found, kind="stable")
        return found[order], owner[order]

    def _secret(self) -> dict[str, _Canary]:
        """Words, names and numbers that one seed alone has, and that are no name of the taxonomy."""
        vocabulary = taxonomy().vocabulary
        public = {
            stem(word)
            for kind in ("diagnosis", "treatment", "medicine")
            for name in vocabulary.of(kind)
            for word in words_of(name)
        }
        used, found = Counter[str](), dict[str, _Canary]()
        for name, parts in self._texts.items():
            text = "\n".join(parts)
            proper = names(text, self._background)
            own: dict[str, str] = {}
            for word in numbered(words_of(text)):
                root = stem(word)
                if telling(word) or (self._background.weight(root) >= CANARY and root not in public):
                    own[root] = word
            own |= {word: word for word in proper if stem(word) not in public}
            used.update(own.keys())
            found |= {
                mark: _Canary(name, word, mark in proper and self._background.people_with(stem(mark)) > 0)
                for mark, word in own.items()
            }
        return {mark: canary for mark, canary in found.items() if used[mark] == 1}


def _marks(text: str) -> list[str]:
    """By what a planted text is known: its telling numbers, or else all its words."""
    words = words_of(text)
    numbers = [word for word in numbered(words) if telling(word) and len(word) > 3]
    return [f" {mark} " for mark in numbers or [" ".join(words)] if mark]


def _grams(words: Sequence[str]) -> NDArray[np.uint64]:
    """A hash for each run of `RUN` words."""
    codes = np.fromiter((crc32(word.encode("utf-8", "replace")) for word in words), np.uint64, len(words))
    if len(codes) < RUN:
        return np.zeros(0, np.uint64)
    grams = np.zeros(len(codes) - RUN + 1, np.uint64)
    for place in range(RUN):
        grams = grams * _FACTOR + codes[place : len(codes) - RUN + 1 + place]
    return grams
