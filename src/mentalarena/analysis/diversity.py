"""How much of what a play made is new, and how much of it is the same thing again.

Words are lower-cased runs of letters and digits. Distances are Euclidean between unit vectors of an `Embedder`: 0 for equal
texts, sqrt(2) for texts without anything in common (of an embedder without negative features). All searches are exact.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentalarena.models.base import Embedder

CHUNK = 512
"""Vectors of each side that are compared at once: 512 x 512 distances and two blocks of vectors are in memory."""
LARGE = 20_000
"""Base vectors from which on FAISS searches, where it is installed: its flat index is exact too, and uses all cores."""
ORDERS = 4
"""BLEU counts n-grams up to this length."""
_WORD = re.compile(r"\w+")


def words(text: str) -> tuple[str, ...]:
    """Lower-cased words of a text."""
    return tuple(_WORD.findall(text.lower()))


def diversity_gain(new: Sequence[str], base: Sequence[str], embedder: Embedder) -> float:
    """d = (1/M) sum over the M new texts of min over base texts of ||f(x) - f(x')||_2 (arXiv 2410.06845, analysis).

    0 where every new text stands in the base already. Raises `ValueError` for no texts on either side.
    """
    return (
        float(nearest(embedder.embed(list(new)), embedder.embed(list(base))).mean()) if new and base else _empty(new, base)
    )


def nearest(new: NDArray[Any], base: NDArray[Any]) -> NDArray[np.float64]:
    """Each new vector's distance to its nearest base vector: shapes (m, d) and (n, d) give (m,).

    Exact: in blocks of numpy, or from `LARGE` base vectors on by FAISS's flat index where that is installed. Raises
    `ValueError` for no vectors on either side.
    """
    if not len(new) or not len(base):
        _empty(new, base)
    found = _by_faiss(new, base) if len(base) >= LARGE and find_spec("faiss") else _by_blocks(new, base)
    # of the neighbour itself: a distance made of dot products cannot tell equal from nearly equal
    exact: NDArray[np.float64] = np.linalg.norm(new.astype(np.float64) - base[found].astype(np.float64), axis=1)
    return exact


def _by_blocks(new: NDArray[Any], base: NDArray[Any]) -> NDArray[np.int64]:
    best = np.full(len(new), np.inf)
    place = np.zeros(len(new), np.int64)
    for at in range(0, len(base), CHUNK):
        block = base[at : at + CHUNK].astype(np.float64)
        norms = (block**2).sum(1)
        for start in range(0, len(new), CHUNK):
            rows = slice(start, start + CHUNK)
            part = new[rows].astype(np.float64)
            squared = (part**2).sum(1)[:, None] + norms - 2 * part @ block.T
            column = squared.argmin(1)
            value = squared[np.arange(len(part)), column]
            closer = value < best[rows]
            place[rows] = np.where(closer, at + column, place[rows])
            best[rows] = np.where(closer, value, best[rows])
    return place


def _by_faiss(new: NDArray[Any], base: NDArray[Any]) -> NDArray[np.int64]:
    import faiss

    index = faiss.IndexFlatL2(base.shape[1])
    index.add(np.ascontiguousarray(base, np.float32))
    found: NDArray[np.int64] = index.search(np.ascontiguousarray(new, np.float32), 1)[1][:, 0]
    return found


def _empty(new: Sequence[Any] | NDArray[Any], base: Sequence[Any] | NDArray[Any]) -> float:
    raise ValueError(f"{len(new)} new and {len(base)} base texts; expected one of each at least")


def distances(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """All distances within a set: (n, d) gives (n, n), with infinity on the diagonal, since no text is its own neighbour."""
    exact = vectors.astype(np.float64)
    norms = (exact**2).sum(1)
    squared = norms[:, None] + norms - 2 * exact @ exact.T
    found: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0.0))
    np.fill_diagonal(found, np.inf)
    return found


def spread(apart: NDArray[np.float64]) -> float:
    """Mean distance of a text to its nearest neighbour in its own set, from `distances`; texts without any are left out.

    What a diversity gain would be if new rows were of the same kind as the set: the yardstick that makes one readable.
    Raises `ValueError` where no text has a neighbour."""
    least = _least(apart)
    return float(least.mean())


def near_duplicates(apart: NDArray[np.float64], cosine: float = 0.98) -> float:
    """The share of texts that have a neighbour in their own set with at least this cosine, from `distances` of unit vectors.

    Raises `ValueError` where no text has a neighbour."""
    bound = math.sqrt(max(2 - 2 * cosine, 0.0)) + 1e-7  # equal vectors come out a rounding apart
    return float((_least(apart) <= bound).mean())


def _least(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    least: NDArray[np.float64] = apart.min(1, initial=np.inf)
    least = least[np.isfinite(least)]
    if not len(least):
        raise ValueError("no text has a neighbour; expected two comparable ones at least")
    return least


@lru_cache(maxsize=8192)
def _grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    own = words(text)
    return Counter(own[at : at + n] for at in range(len(own) - n + 1))


def distinct(texts: Sequence[str], n: int, at: int | None = None) -> float:
    """distinct-n (Li et al. 2016): different n-grams over all n-grams of the texts; 0 where they have none.

    It falls as texts are added, so sets of other sizes compare with `at`: the expected number of different n-grams in `at`
    texts drawn without repetition (rarefaction; Hurlbert 1971) over the expected number of n-grams there.
    """
    counts = [_grams(text, n) for text in texts]
    total = sum(sum(count.values()) for count in counts)
    if not total:
        return 0.0
    holders = Counter(gram for count in counts for gram in count)
    size = len(texts)
    if at is None or at >= size:
        return len(holders) / total
    missed = [_chance_of_missing(size, held, at) for held in range(size + 1)]
    return sum(1 - missed[held] for held in holders.values()) / (total * at / size)


def _chance_of_missing(size: int, held: int, drawn: int) -> float:
    """That `drawn` of `size` texts are all among those without it: C(size - held, drawn) / C(size, drawn)."""
    if size - held < drawn:
        return 0.0
    log = math.lgamma
    return math.exp(log(size - held + 1) - log(size - held - drawn + 1) - log(size + 1) + log(size - drawn + 1))


def self_bleu(texts: Sequence[str], sample: int = 500, seed: int = 0) -> float:
    """Mean BLEU-4 of each text with all others as its references, in [0, 1] (Zhu et al. 2018); 1: all say the same.

    Sentence BLEU as sacreBLEU computes it by default (exponential smoothing, orders that a text is long enough for, the
    reference of nearest length), on `words`. More texts than `sample` are sampled with `seed`: more references score higher,
    so compare sets of equal size. Raises `ValueError` for fewer than two texts.
    """
    if len(texts) < 2:
        raise ValueError(f"{len(texts)} texts; expected two at least")
    drawn = random.Random(seed).sample(list(texts), sample) if len(texts) > sample else list(texts)
    lengths = [len(words(text)) for text in drawn]
    scores = np.zeros((len(drawn), ORDERS, 2))
    for n in range(1, ORDERS + 1):
        counts = [_grams(text, n) for text in drawn]
        most = _two_highest(counts)
        for place, count in enumerate(counts):
            # the others' highest count is the highest of all, unless this text has that one itself
            right = sum(min(own, most[gram][2] if most[gram][1] == place else most[gram][0]) for gram, own in count.items())
            scores[place, n - 1] = right, sum(count.values())
    sizes = Counter(lengths)
    return sum(_bleu(score, own, _nearest_length(own, sizes)) for score, own in zip(scores, lengths, strict=True)) / len(
        drawn
    )


def _two_highest(counts: Iterable[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Of each n-gram its highest count in a text, that text's place, and the highest count in any other text."""
    most: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for place, count in enumerate(counts):
        for gram, own in count.items():
            first, who, second = most.get(gram, (0, -1, 0))
            most[gram] = (own, place, first) if own > first else (first, who, max(second, own))
    return most


def _nearest_length(own: int, sizes: Counter[int]) -> int:
    """The length of the other text that is nearest in length, the shorter of two."""
    return min((size for size, count in sizes.items() if count > (size == own)), key=lambda size: (abs(size - own), size))


def _bleu(counts: NDArray[np.float64], own: int, reference: int) -> float:
    if not counts[:, 0].any():
        return 0.0
    logs, smooth = [], 1.0
    for right, total in counts:
        if not total:
            break
        if not right:
            smooth *= 2
        logs.append(math.log((right or 1 / smooth) / total))
    brevity = 1.0 if own >= reference else math.exp(1 - reference / own)
    return brevity * math.exp(sum(logs) / len(logs))


def lengths(texts: Iterable[str]) -> list[int]:
    """Words of each text."""
    return [len(words(text)) for text in texts]
