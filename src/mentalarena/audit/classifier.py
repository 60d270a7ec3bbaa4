"""A linear classifier of short texts: hashed n-grams of words, of word classes and of letters.

The weights are trained by recipes/crisis and read with numpy. Words are looked at in four ways: as they are, as the class
that a small lexicon puts them in (`tablets` and `pills` are one), as one of several hundred groups of words that are used
alike (k-means on GloVe vectors, Pennington et al. 2014), and by their letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mentalarena.audit.phrases import plain

Integers = NDArray[np.uint64]
_WORD = re.compile(r"[^\W\d_]+|\d+|[?!.]")
_NEGATIONS = frozenset(["not", "no", "never", "none", "nobody", "nothing", "nor", "neither", "without", "hardly"])
REACH = 4
"""Words after a negation that stand under it, and words that a pair may be apart."""
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
_NAMES = ("words", "classes", "groups", "pairs", "negated", "letters", "context")
_SALTS = {name: np.uint64(crc32(name.encode())) for name in _NAMES}


def words_of(text: str) -> tuple[str, ...]:
    """The words and sentence ends of a text in plain spelling."""
    return tuple(_WORD.findall(plain(text)))


@lru_cache(maxsize=1 << 16)
def _hashed(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1 << 16)
def _letters(word: str) -> Integers:
    """Runs of three to five letters of a word with its two ends."""
    whole = f" {word} "
    return np.array([_hashed(whole[i : i + n]) for n in (3, 4, 5) for i in range(len(whole) - n + 1)], dtype=np.uint64)


def _mixed(parts: Sequence[Integers], salt: np.uint64) -> Integers:
    mixed = np.full(len(parts[0]), salt + np.uint64(len(parts)), dtype=np.uint64)
    for part, factor in zip(parts, _FACTORS, strict=False):
        mixed = (mixed ^ part) * factor
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _ngrams(stream: Integers, longest: int, salt: np.uint64) -> list[Integers]:
    return [
        _mixed([stream[i : len(stream) - n + 1 + i] for i in range(n)], salt)
        for n in range(1, min(longest, len(stream)) + 1)
    ]


@dataclass(frozen=True)
class Lexicon:
    """Word classes. Hashes of words, sorted, and for each its class in the lexicon (0: none) and its group (0: none)."""

    hashes: NDArray[np.uint32]
    classes: NDArray[np.uint8]
    groups: NDArray[np.uint16]

    def streams(self, words: Sequence[str]) -> tuple[Integers, Integers, Integers]:
        """The words as hashes, as classes, and as groups; a word without a class stands for itself."""
        hashed = np.array([_hashed(word) for word in words], dtype=np.uint64)
        place = np.minimum(np.searchsorted(self.hashes, hashed), len(self.hashes) - 1)
        known = self.hashes[place] == hashed
        classes = np.where(known, self.classes[place], 0).astype(np.uint64)
        groups = np.where(known, self.groups[place], 0).astype(np.uint64)
        return hashed, np.where(classes > 0, classes, hashed), np.where(groups > 0, groups, hashed)

    def features(self, words: Sequence[str], context: Sequence[str] = ()) -> dict[str, Integers]:
        """The hashes of all features of a text, by way of looking at it."""
        found = dict.fromkeys(_NAMES, _NOTHING)
        if words:
            hashed, classes, groups = self.streams(words)
            found["words"] = np.concatenate(_ngrams(hashed, 3, _SALTS["words"]))
            found["classes"] = np.concatenate(_ngrams(classes, 3, _SALTS["classes"]))
            found["groups"] = np.concatenate(_ngrams(groups, 3, _SALTS["groups"]))
            apart = range(2, min(REACH + 2, len(classes)))
            if apart:
                pairs = [_mixed([classes[:-n], classes[n:]], _SALTS["pairs"]) for n in apart]
                found["pairs"] = np.concatenate(pairs)
            under = _negated(words)
            if under.any():
                found["negated"] = _mixed([classes[under]], _SALTS["negated"])
            found["letters"] = _mixed([np.concatenate([_letters(word) for word in words])], _SALTS["letters"])
        if context:
            found["context"] = np.concatenate(_ngrams(self.streams(context)[1], 2, _SALTS["context"]))
        return found


def _negated(words: Sequence[str]) -> NDArray[np.bool_]:
    under = np.zeros(len(words), dtype=bool)
    for place, word in enumerate(words):
        if word in _NEGATIONS:
            under[place + 1 : place + 1 + REACH] = True
    return under


_NOTHING = np.empty(0, dtype=np.uint64)


@dataclass(frozen=True)
class Head:
    """The weights of one question. A score above 0 says yes; several rows of weights give several scores."""

    weights: NDArray[np.float32]
    """One row a score, a power of two of hashed features."""
    bias: NDArray[np.float32]

    def __call__(self, features: Mapping[str, Integers]) -> NDArray[np.float32]:
        """The scores. Each way of looking counts alike, however long the text is."""
        score = self.bias.copy()
        for hashes in features.values():
            if len(hashes):
                score += self.weights[:, bucket(hashes, self.weights.shape[1])].sum(axis=1) / np.sqrt(
                    len(hashes), dtype=np.float32
                )
        return score


def bucket(hashes: Integers, size: int) -> NDArray[np.int64]:
    """The places of features in `size` weights, a power of two; unlike features may share one."""
    return (hashes >> np.uint64(64 - (size - 1).bit_length())).astype(np.int64)


def load(file: IO[bytes]) -> tuple[Lexicon, dict[str, Head]]:
    """The word classes and the heads of a weights file, as recipes/crisis/train.py writes it (npz, nothing pickled)."""
    with np.load(file, allow_pickle=False) as data:
        lexicon = Lexicon(data["hashes"], data["classes"], data["groups"])
        names = [name.removesuffix(".weights") for name in data.files if name.endswith(".weights")]
        heads = {name: Head(data[f"{name}.weights"].astype(np.float32), data[f"{name}.bias"]) for name in names}
    return lexicon, heads


def save(file: IO[bytes], lexicon: Lexicon, heads: Mapping[str, Head]) -> None:
    """Write a weights file that `load` reads; weights are kept as half precision."""
    arrays: dict[str, NDArray[Any]] = {"hashes": lexicon.hashes, "classes": lexicon.classes, "groups": lexicon.groups}
    for name, head in heads.items():
        arrays |= {f"{name}.weights": head.weights.astype(np.float16), f"{name}.bias": head.bias.astype(np.float32)}
    np.savez_compressed(file, allow_pickle=False, **arrays)
