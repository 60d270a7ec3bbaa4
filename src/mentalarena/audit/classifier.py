"""A linear classifier of short texts: hashed n-grams of words, of word classes and of letters.

The weights are trained by recipes/crisis and read with numpy. Words are looked at in four ways: as they are, as the class
that a small lexicon puts them in (`tablets` and `pills` are one), as one of several hundred groups of words that are used
alike (k-means on GloVe vectors, Pennington et al. 2014), and by their letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from mentalarena.audit.phrases import plain

Integers = NDArray[np.uint64]
_Known = tuple[int, int, int, Integers]
Owned = tuple[Integers, NDArray[np.intp]]
"""Hashes of features, and for each the number of the text that has it."""
WAYS = ("words", "classes", "groups", "pairs", "negated", "letters", "context")
"""The ways of looking at a text; each counts alike in a score, however long the text is."""
CONTEXT = WAYS.index("context")
REACH = 4
"""Words after a negation that stand under it, and words that a pair may be apart."""
KEPT = 1 << 16
"""Words that are remembered."""
_WORD = re.compile(r"[^\W\d_]+|\d+|[?!.]")
_NEGATIONS = frozenset(["not", "no", "never", "none", "nobody", "nothing", "nor", "neither", "without", "hardly"])
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
_SALTS = {way: np.uint64(crc32(way.encode())) for way in WAYS}


@lru_cache(maxsize=1 << 12)
def words_of(text: str) -> tuple[str, ...]:
    """The words and sentence ends of a text in plain spelling."""
    return tuple(_WORD.findall(plain(text)))


def _hashed(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Lexicon:
    """Word classes. Hashes of words, sorted, and for each its class in the lexicon (0: none) and its group (0: none)."""

    hashes: NDArray[np.uint32]
    classes: NDArray[np.uint8]
    groups: NDArray[np.uint16]
    _seen: dict[str, _Known] = field(default_factory=dict, repr=False, compare=False)

    def _known(self, words: Iterable[str]) -> list[_Known]:
        if len(self._seen) > KEPT:
            self._seen.clear()
        return [self._seen.get(word) or self._seen.setdefault(word, self._looked_up(word)) for word in words]

    def _looked_up(self, word: str) -> _Known:
        """A word as its hash, its class and its group (itself where it has none), and its runs of three to five letters."""
        hashed, whole = _hashed(word), f" {word} "
        place = int(np.searchsorted(self.hashes, hashed))
        known = place < len(self.hashes) and self.hashes[place] == hashed
        kind, group = (int(self.classes[place]), int(self.groups[place])) if known else (0, 0)
        letters = [_hashed(whole[i : i + n]) for n in (3, 4, 5) for i in range(len(whole) - n + 1)]
        return hashed, kind or hashed, group or hashed, np.array(letters, dtype=np.uint64)

    def features(self, texts: Sequence[Sequence[str]], contexts: Sequence[Sequence[str]] = ()) -> dict[str, Owned]:
        """The features of texts (as `words_of` gives them), each said after its context if there are any."""
        found = dict.fromkeys(WAYS, _NOTHING)
        looked_up = self._known(word for text in texts for word in text)
        if looked_up:
            owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
            words, classes, groups = np.array([known[:3] for known in looked_up], dtype=np.uint64).T
            for way, stream in (("words", words), ("classes", classes), ("groups", groups)):
                found[way] = _joined([_ngrams(stream, owner, range(n), _SALTS[way]) for n in (1, 2, 3)])
            apart = [(0, n) for n in range(2, REACH + 2)]
            found["pairs"] = _joined([_ngrams(classes, owner, pair, _SALTS["pairs"]) for pair in apart])
            under = np.concatenate([_negated(text) for text in texts])
            found["negated"] = _ngrams(classes[under], owner[under], (0,), _SALTS["negated"])
            letters = np.concatenate([known[3] for known in looked_up])
            runs = np.repeat(owner, [len(known[3]) for known in looked_up])
            found["letters"] = _ngrams(letters, runs, (0,), _SALTS["letters"])
        said = self._known(word for text in contexts for word in text)
        if said:
            owner = np.repeat(np.arange(len(contexts)), [len(text) for text in contexts])
            classes = np.array([known[1] for known in said], dtype=np.uint64)
            found["context"] = _joined([_ngrams(classes, owner, range(n), _SALTS["context"]) for n in (1, 2)])
        return found


def _ngrams(stream: Integers, owner: NDArray[np.intp], offsets: Sequence[int], salt: np.uint64) -> Owned:
    """What stands at the offsets from each place, as one hash, where all of it is of one text."""
    length = max(0, len(stream) - offsets[-1])
    mixed = np.full(length, salt + np.uint64(len(offsets)), dtype=np.uint64)
    for offset, factor in zip(offsets, _FACTORS, strict=False):
        mixed = (mixed ^ stream[offset : offset + length]) * factor
        mixed ^= mixed >> np.uint64(29)
    first = owner[:length]
    whole = first == owner[offsets[-1] : offsets[-1] + length]
    return mixed[whole], first[whole]


def _joined(parts: Sequence[Owned]) -> Owned:
    return np.concatenate([hashes for hashes, _ in parts]), np.concatenate([owner for _, owner in parts])


def _negated(words: Sequence[str]) -> NDArray[np.bool_]:
    under = np.zeros(len(words), dtype=bool)
    for place, word in enumerate(words):
        if word in _NEGATIONS:
            under[place + 1 : place + 1 + REACH] = True
    return under


_NOTHING: Owned = (np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.intp))


@dataclass(frozen=True)
class Head:
    """The weights of one question. A score above 0 says yes; several rows of weights give several scores."""

    weights: NDArray[np.float32]
    """One row a score, a power of two of hashed features."""
    bias: NDArray[np.float32]

    def sums(self, features: Mapping[str, Owned], texts: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each text by each way: the sum of the weights (text, way, score) and the number of features (text, way)."""
        rows, size = self.weights.shape
        sums, counts = np.zeros((texts, len(WAYS), rows)), np.zeros((texts, len(WAYS)))
        for way, (hashes, owner) in enumerate(features[name] for name in WAYS):
            if len(hashes):
                places = bucket(hashes, size)
                counts[:, way] = np.bincount(owner, minlength=texts)
                for row in range(rows):
                    sums[:, way, row] = np.bincount(owner, self.weights[row, places], minlength=texts)
        return sums, counts

    def scores(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores of texts; what `sums` gives for several lines may be added up and scored as one text."""
        scaled = sums / np.sqrt(np.maximum(counts, 1))[:, :, None]
        return np.asarray(scaled.sum(axis=1) + self.bias, dtype=np.float64)


def bucket(hashes: Integers, size: int) -> NDArray[np.int64]:
    """The places of features in `size` weights, a power of two; unlike features may share one."""
    return (hashes >> np.uint64(64 - (size - 1).bit_length())).astype(np.int64)


def load(file: IO[bytes]) -> tuple[Lexicon, dict[str, Head]]:
    """The word classes and the heads of a weights file (safetensors), as recipes/crisis/train.py writes it."""
    data = read_tensors(file.read())
    lexicon = Lexicon(data["hashes"], data["classes"], data["groups"])
    names = [name.removesuffix(".weights") for name in data if name.endswith(".weights")]
    heads = {name: Head(data[f"{name}.weights"].astype(np.float32), data[f"{name}.bias"]) for name in names}
    return lexicon, heads


def save(file: IO[bytes], lexicon: Lexicon, heads: Mapping[str, Head]) -> None:
    """Write a weights file that `load` reads; weights are kept as half precision."""
    arrays: dict[str, NDArray[Any]] = {"hashes": lexicon.hashes, "classes": lexicon.classes, "groups": lexicon.groups}
    for name, head in heads.items():
        arrays |= {f"{name}.weights": head.weights.astype(np.float16), f"{name}.bias": head.bias.astype(np.float32)}
    file.write(write_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
