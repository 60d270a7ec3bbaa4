"""Controls: the same amount of data without what is claimed to help. Each touches nothing of what it controls for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mentalarena.training.rows import THERAPIST, Row


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
