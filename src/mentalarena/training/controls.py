"""Controls: the same amount of data without what is claimed to help. Each touches nothing of what it controls for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from mentalarena.training.rows import THERAPIST, Row, RowKind, replayed

Item = TypeVar("Item")


def shuffled_labels(rows: Sequence[Row], seed: int) -> list[Row]:
    """The same inputs with the answers of their kind in another order."""
    rng = random.Random(seed)
    answers = {kind: [row.completion for row in rows if row.kind == kind] for kind in THERAPIST}
    for pile in answers.values():
        rng.shuffle(pile)
    return [replace(row, completion=answers[row.kind].pop()) if row.kind in answers else row for row in rows]


def same_amount(rows: Sequence[Row], most: Mapping[str, int], seed: int) -> list[Row]:
    """At most so many rows of each kind, drawn by seed; of a kind that is not named, none."""
    order = list(rows)
    random.Random(seed).shuffle(order)
    taken: Counter[str] = Counter()
    kept = []
    for row in order:
        if taken[row.kind] < most.get(row.kind, 0):
            taken[row.kind] += 1
            kept.append(row)
    return sorted(kept, key=lambda row: (row.lineage.episode, row.kind, row.completion))


def drawn(items: Sequence[Item], most: int, seed: int) -> list[Item]:
    """At most so many, in their order; what a smaller number draws is among what a larger one does."""
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)
    return [items[place] for place in sorted(order[:most])]


def fewer(rows: Sequence[Row], most: int, replay: float, kinds: Sequence[RowKind], seed: int) -> list[Row]:
    """At most so many of the therapist's rows, and of the others `replay` for each (as `training.rows.replayed` draws them): so
    that few rows are not drowned in what is replayed. Where none is the therapist's, at most so many of all."""
    taught = [row for row in rows if row.kind in THERAPIST]
    if not taught:
        return drawn(rows, most, seed)
    kept, others = drawn(taught, most, seed), [row for row in rows if row.kind not in THERAPIST]
    return [*kept, *replayed(others, round(replay * len(kept)), kinds, seed)]
