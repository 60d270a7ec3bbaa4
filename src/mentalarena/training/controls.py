"""Controls: the same amount of data without what is claimed to help. Each touches nothing of what it controls for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mentalarena.arena.types import Episode
from mentalarena.training.rows import THERAPIST, Row


def coin_flips(episodes: Sequence[Episode], share: float, seed: int) -> list[Episode]:
    """Episodes with a share of their verdicts (choices and scores) replaced by chance; 0 leaves them as they are."""
    flipped = []
    for episode in episodes:
        rng = random.Random(f"{seed}-{episode.id}")
        diagnosis = episode.diagnosis
        if diagnosis and len(diagnosis.candidates) == 2 and rng.random() < share:
            diagnosis = replace(diagnosis, chosen=rng.choice(diagnosis.candidates))
        trials = tuple(
            replace(trial, score=rng.randint(1, 10)) if trial.score is not None and rng.random() < share else trial
            for trial in episode.trials
        )
        flipped.append(replace(episode, diagnosis=diagnosis, trials=trials))
    return flipped


def shuffled_labels(rows: Sequence[Row], seed: int) -> list[Row]:
    """The same inputs with the answers of their kind in another order."""
    rng = random.Random(seed)
    answers = {kind: [row.completion for row in rows if row.kind == kind] for kind in THERAPIST}
    for pile in answers.values():
        rng.shuffle(pile)
    return [replace(row, completion=answers[row.kind].pop()) if row.kind in answers else row for row in rows]


def same_amount(rows: Sequence[Row], like: Sequence[Row], seed: int) -> list[Row]:
    """As many rows of each kind as `like` has, drawn by seed; all of a kind that has fewer."""
    wanted = Counter(row.kind for row in like)
    order = list(rows)
    random.Random(seed).shuffle(order)
    taken: Counter[str] = Counter()
    kept = []
    for row in order:
        if taken[row.kind] < wanted[row.kind]:
            taken[row.kind] += 1
            kept.append(row)
    return sorted(kept, key=lambda row: (row.lineage.episode, row.kind, row.completion))
