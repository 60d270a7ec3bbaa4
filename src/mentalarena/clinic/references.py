"""What is true of a patient. Evaluation alone holds this; nothing in the arena imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Split = Literal["play", "development", "held_out"]
"""Of people: who is played with, who steers the loop, and who is met at the end, when all is decided."""


NO_DISORDER, NO_PSYCHOTHERAPY, NO_MEDICINE = "no disorder", "no psychotherapy", "no medicine"
"""Answers like any other: not everybody is ill, and not everybody who is needs a medicine."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The truth about one patient: names as they stand in the clinic's `Vocabulary`."""

    disorder: str
    treatments: tuple[str, ...]
    medicines: tuple[str, ...]
    confusable: tuple[str, ...] = ()
    """Disorders that it is easily taken for."""


References = Mapping[str, Reference]
"""Keyed by patient id."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names a clinic knows: what a free-text diagnosis, treatment or medicine is normalised to."""

    disorders: tuple[str, ...]
    treatments: tuple[str, ...]
    medicines: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    """(other name, name in the vocabulary) pairs, both lower case."""

    def of(self, kind: str) -> tuple[str, ...]:
        """Names of one kind: `diagnosis`, `treatment` or `medicine`."""
        return {"diagnosis": self.disorders, "treatment": self.treatments, "medicine": self.medicines}[kind]
