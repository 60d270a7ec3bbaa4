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
from typing import TYPE_CHECKING

from mentalarena.audit.findings import Finding
from mentalarena.clinic.audit import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALIKE = 0.5
"""Jaccard index from which on two rows are near-duplicates."""
BANDS, DEPTH = 32, 3
"""A pair is a candidate with 1 - (1 - likeness ** DEPTH) ** BANDS: 0.98 at 0.5, 0.36 at 0.24."""
NEIGHBOURS = 4
"""Rows before it in the same bucket with which a row is compared, beside the bucket's first: so that no bucket is squared."""
FORM = 0.1
"""Share of the rows from which on what they hold is form."""
MANY = 50
"""Rows from which on there is a form."""
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
    return {*words, *(f"{a} {b}" for a, b in zip(words, words[1:], strict=False))}
