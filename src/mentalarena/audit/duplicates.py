"""Which rows are the same, or nearly? MinHash signatures in bands (Broder 1997; Leskovec et al., Mining of Massive Datasets, 3).

The likeness of two rows is the Jaccard index of their words and pairs of words: order of sentences, case and punctuation do
not matter, a changed word a little. Of many rows, what a tenth of them hold is their form (a prompt) and does not count.
Only candidates are compared, those that share a band of their signatures: time and memory grow with the number of rows.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

from mentalarena.audit.findings import Finding
from mentalarena.clinic.audit import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 0.5
"""Jaccard index from which on two rows are near-duplicates."""
BANDS, DEPTH = 24, 3
"""A pair is a candidate with 1 - (1 - likeness ** DEPTH) ** BANDS: 0.96 at 0.5, 0.28 at 0.24."""
NEIGHBOURS = 4
"""Rows before it in the same bucket with which a row is compared, beside the bucket's first: so that no bucket is squared."""
FORM = 0.1
"""Share of the rows from which on what they hold is form."""
MANY = 50
"""Rows from which on there is a form."""
FEW = 200
"""Rows up to which every pair is compared."""
SLACK = 0.17
"""What an estimate from signatures may be too low by (three standard errors of 72 hashes) before a pair is let go."""
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row that repeats an earlier one. `likeness` is 1.0 where the words are the same."""

    row: str
    of: str
    likeness: float


def likeness(one: str, other: str) -> float:
    """Jaccard index of the words and pairs of words of two texts; two texts without words are alike."""
    first, second = _shingles(one), _shingles(other)
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def _shingles(text: str) -> set[str]:
    words = words_of(text)
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}


def duplicates(rows: Mapping[str, str], alike: float = ALIKE) -> list[Duplicate]:
    """Each row (id to text) that repeats an earlier one, with the one it is likest to; in the rows' order."""
    ids, repeats = list(rows), Repeats()
    for text in rows.values():
        repeats.add(words_of(text))
    return [Duplicate(ids[later], ids[earlier], index) for later, earlier, index in repeats.found(alike)]


class Repeats:
    """Takes the words of rows one by one and finds those that repeat an earlier one; the words themselves are not kept."""

    def __init__(self) -> None:
        self._sets = _Shingles()
        self._equal: dict[int, int] = {}
        self._first: dict[bytes, int] = {}
        self._kept: list[int] = []
        self._count = 0

    def add(self, words: Sequence[str]) -> None:
        """Take the next row."""
        number = self._count
        self._count += 1
        digest = hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=16).digest()
        if (before := self._first.setdefault(digest, number)) != number:
            self._equal[number] = before
        else:
            self._kept.append(number)
            self._sets.add(words)

    def found(self, alike: float = ALIKE) -> list[tuple[int, int, float]]:
        """(a row, the earlier one that it is likest to, how alike they are), by number from 0; ends the taking of rows."""
        found = {number: (before, 1.0) for number, before in self._equal.items()}
        for one, other, index in self._sets.done().alike(alike):
            earlier, later = self._kept[one], self._kept[other]
            if later not in found or index > found[later][1]:
                found[later] = (earlier, index)
        return [(later, earlier, index) for later, (earlier, index) in sorted(found.items())]


def without_duplicates(rows: Mapping[str, str], alike: float = ALIKE) -> tuple[list[str], list[Finding]]:
    """The ids of rows that repeat none before them, and a finding for each other row."""
    found = [
        Finding("duplicate", twin.row, f"repeats {twin.of}: {twin.likeness:.2f} of their words and pairs", "held back")
        for twin in duplicates(rows, alike)
    ]
    out = {finding.item for finding in found}
    return [row for row in rows if row not in out], found


@dataclass(frozen=True)
class _Sets:
    """The shingles of all rows as one array of hashes, each row's sorted and without repetition."""

    hashes: NDArray[np.uint32]
    bounds: NDArray[np.int64]

    def alike(self, least: float) -> Iterable[tuple[int, int, float]]:
        """Pairs of rows (earlier, later) with at least so high a Jaccard index, and the index."""
        import numpy as np

        rows = len(self.bounds) - 1
        pairs = np.array(np.triu_indices(rows, 1)).T if rows <= FEW else self._candidates(least)
        for start in range(0, len(pairs), _CHUNK):
            part = pairs[start : start + _CHUNK]
            one, other = self._keys(part[:, 0]), self._keys(part[:, 1])
            both = np.intersect1d(one, other, assume_unique=True) >> np.uint64(32)
            shared = np.bincount(both.astype(np.int64), minlength=len(part))
            sizes = np.diff(self.bounds)
            union = sizes[part[:, 0]] + sizes[part[:, 1]] - shared
            index = shared / np.maximum(union, 1)
            for n in np.flatnonzero((index >= least) & (shared > 0)):
                yield int(part[n, 0]), int(part[n, 1]), float(index[n])

    def _keys(self, chosen: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The shingles of the chosen rows, each with the place of its row among them in the upper half."""
        import numpy as np

        starts, sizes = self.bounds[chosen], self.bounds[chosen + 1] - self.bounds[chosen]
        place = np.repeat(np.arange(len(chosen)), sizes)
        within = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        keys: NDArray[np.uint64] = place.astype(np.uint64) << np.uint64(32) | self.hashes[starts[place] + within]
        return keys

    def _candidates(self, least: float) -> NDArray[np.int64]:
        """Pairs that share a band, without those whose signatures say that they are not alike."""
        import numpy as np

        filled = np.flatnonzero(np.diff(self.bounds))
        signatures = self._signatures(filled)
        places = np.arange(len(filled))
        found = [np.zeros(0, np.uint64)]
        for band in range(BANDS):
            key = np.zeros(len(filled), np.uint64)
            for column in range(band * DEPTH, (band + 1) * DEPTH):
                key = key * np.uint64(0x100000001B3) + signatures[:, column]
            order = np.argsort(key, kind="stable")
            ordered = key[order]
            begins = np.concatenate([np.ones(min(1, len(key)), bool), ordered[1:] != ordered[:-1]])
            heads = np.maximum.accumulate(np.where(begins, places, 0))
            for before in (*(places - back for back in range(1, NEIGHBOURS + 1)), heads):
                fits = (before >= heads) & (before < places)
                one, other = order[before[fits]], order[places[fits]]
                for n in range(0, len(one), _CHUNK):
                    some = slice(n, n + _CHUNK)
                    near = (signatures[one[some]] == signatures[other[some]]).mean(1) >= least - SLACK
                    found.append(one[some][near].astype(np.uint64) << np.uint64(32) | other[some][near].astype(np.uint64))
            found = [_distinct(np.concatenate(found))]
        return np.stack([filled[(found[0] >> np.uint64(32)).astype(np.int64)], filled[found[0].astype(np.uint32)]], axis=1)

    def _signatures(self, filled: NDArray[np.int64]) -> NDArray[np.uint32]:
        import numpy as np

        rng = np.random.default_rng(0)
        count = BANDS * DEPTH
        factors = rng.integers(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
        turns = rng.integers(0, 1 << 32, count, dtype=np.uint32)
        signatures = np.empty((len(filled), count), np.uint32)
        for start in range(0, len(filled), _CHUNK):
            chosen = filled[start : start + _CHUNK]
            # rows without shingles lie between filled ones but take no room
            low, high = self.bounds[chosen[0]], self.bounds[chosen[-1] + 1]
            part, begins = self.hashes[low:high], self.bounds[chosen] - low
            for n in range(count):
                signatures[start : start + len(chosen), n] = np.minimum.reduceat((part ^ turns[n]) * factors[n], begins)
        return signatures


class _Shingles:
    """Makes the sets of rows from their words, row by row."""

    def __init__(self) -> None:
        self._known, self._codes, self._ends = _Codes(), array("I"), array("Q")
        self._parts: list[tuple[NDArray[np.uint32], NDArray[np.int64]]] = []

    def add(self, words: Sequence[str]) -> None:
        self._codes.extend(map(self._known.__getitem__, words))
        self._ends.append(len(self._codes))
        if len(self._ends) == _CHUNK:
            self._hash()

    def done(self) -> _Sets:
        import numpy as np

        self._hash()
        _leave_out_form(self._parts)
        bounds = np.cumsum(np.concatenate([np.zeros(1, np.int64), *(sizes for _, sizes in self._parts)]))
        hashes = np.concatenate([np.zeros(0, np.uint32), *(hashes for hashes, _ in self._parts)])
        self._parts.clear()
        return _Sets(hashes, bounds)

    def _hash(self) -> None:
        if self._ends:
            self._parts.append(_hashed(self._codes, self._ends))
            self._codes, self._ends = array("I"), array("Q")


class _Codes(dict[str, int]):
    """A number for each word, of the word alone, so that what is found does not depend on the order of rows."""

    def __missing__(self, word: str) -> int:
        code = self[word] = crc32(word.encode("utf-8", "replace"))
        return code


def _distinct(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sorted, each once: numpy's `unique` goes by a hash table, which takes ten times as long here."""
    import numpy as np

    values.sort()
    once: NDArray[np.uint64] = values[np.concatenate([np.ones(min(1, len(values)), bool), values[1:] != values[:-1]])]
    return once


def _hashed(codes: array[int], ends: array[int]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The hashes of words and pairs of words of some rows, each row's sorted and without repetition, and how many each has."""
    import numpy as np

    words = np.frombuffer(codes, np.uint32).astype(np.uint64)
    stops = np.frombuffer(ends, np.uint64).astype(np.int64)
    owner = np.repeat(np.arange(len(stops)), np.diff(stops, prepend=0)).astype(np.uint64) << np.uint64(32)
    pairs = _mixed(words[:-1] * np.uint64(0x9E3779B97F4A7C15) + words[1:])
    within = owner[:-1] == owner[1:]
    keys = _distinct(np.concatenate([owner | _mixed(words), (owner[:-1] | pairs)[within]]))
    sizes = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(stops))
    return keys.astype(np.uint32), sizes  # the lower half


def _leave_out_form(parts: list[tuple[NDArray[np.uint32], NDArray[np.int64]]]) -> None:
    """Take out, in place, what a share `FORM` of all rows holds. Counted by the hashes' upper 24 bits: few collide."""
    import numpy as np

    rows = sum(len(sizes) for _, sizes in parts)
    if rows < MANY:
        return
    counts = np.zeros(1 << 24, np.int32)
    for hashes, _ in parts:
        buckets = np.sort(hashes >> np.uint32(8))
        begins = np.flatnonzero(np.diff(buckets, prepend=np.uint32(0xFFFFFFFF)))  # buckets have 24 bits
        counts[buckets[begins]] += np.diff(begins, append=len(buckets)).astype(np.int32)
    common = counts >= FORM * rows
    for number, (hashes, sizes) in enumerate(parts):
        keep = ~common[hashes >> np.uint32(8)]
        owner = np.repeat(np.arange(len(sizes)), sizes)[keep]
        parts[number] = hashes[keep], np.bincount(owner, minlength=len(sizes))


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Well-mixed hashes of 32 bits (the finaliser of splitmix64, Steele et al. 2014)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values >> np.uint64(32)
