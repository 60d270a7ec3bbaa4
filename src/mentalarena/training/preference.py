"""Preference pairs for DPO: what the patient's choice and the judge's scores put above what, in the therapist's own views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mentalarena.arena import diagnosis, trials
from mentalarena.arena.types import Episode
from mentalarena.models.base import Message
from mentalarena.training.rows import RowLineage, as_example, lineage_of, read_examples

PairKind = Literal["diagnosis", "treatment", "medicine"]
APART = 2
"""Points of score between two trials that make one preferred: less is the judge's noise."""


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """One prompt, the answer that was preferred, and the one that was not."""

    kind: PairKind
    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    lineage: RowLineage

    def as_dict(self) -> dict[str, Any]:
        return as_example(self.kind, self.prompt, {"chosen": self.chosen, "rejected": self.rejected}, self.lineage)


def preference_pairs(episodes: Iterable[Episode]) -> list[PreferencePair]:
    """The chosen diagnosis above the other candidate; the best trial of a kind above each that scored at least two points less.
    A choice that was not agreed and a trial without a score make none. Reasons are left out: only the names are compared."""
    pairs: dict[tuple[object, ...], PreferencePair] = {}
    for episode in episodes:
        found = episode.diagnosis
        if not found or not found.chosen or len(found.candidates) < 2 or not episode.diagnosis_messages:
            continue
        other = next(name for name in found.candidates if name != found.chosen)
        told: list[PreferencePair] = [
            PreferencePair(
                "diagnosis",
                episode.diagnosis_messages,
                diagnosis.answer(found.chosen),
                diagnosis.answer(other),
                lineage_of(episode, "therapist"),
            )
        ]
        for kind in trials.TRIALS:
            best, tried = episode.best(kind), [t for t in episode.trials if t.kind == kind]
            told += [
                PreferencePair(
                    kind,
                    tried[0].messages,
                    trials.answer(kind, best.proposal),
                    trials.answer(kind, trial.proposal),
                    lineage_of(episode, "therapist", best.score),
                )
                for trial in tried
                if best and best.score is not None and trial.score is not None and best.score - trial.score >= APART
            ]
        pairs |= {(pair.prompt, pair.chosen, pair.rejected): pair for pair in told}
    return list(pairs.values())


def read_pairs(path: Path) -> list[PreferencePair]:
    """The pairs of a `preferences.jsonl`. Raises `DataError` with file, line and field."""
    return read_examples(path, "pair", ("chosen", "rejected"), PreferencePair)
