"""Preference pairs for DPO: what the patient's choice and the judge's scores put above what, in the therapist's own views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mentalarena.arena import diagnosis, trials
from mentalarena.arena.types import Episode
from mentalarena.errors import DataError
from mentalarena.models.base import Message
from mentalarena.runs.directory import read_jsonl
from mentalarena.training.rows import RowLineage, lineage_of

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
        return {
            "prompt": [m.as_dict() for m in self.prompt],
            "chosen": [{"role": "assistant", "content": self.chosen}],
            "rejected": [{"role": "assistant", "content": self.rejected}],
            "kind": self.kind,
            "lineage": asdict(self.lineage),
        }


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
    pairs = []
    for number, record in enumerate(read_jsonl(path), 1):
        try:
            prompt = tuple(Message(m["role"], m["content"]) for m in record["prompt"])
            chosen, rejected = record["chosen"][0]["content"], record["rejected"][0]["content"]
            pairs.append(PreferencePair(record["kind"], prompt, chosen, rejected, RowLineage(**record["lineage"])))
        except (KeyError, TypeError, IndexError) as error:
            raise DataError(
                f"{path}:{number}: no pair ({error!r}); expected prompt, chosen, rejected, kind, lineage"
            ) from None
    return pairs
