"""A clinic: who comes, how they talk, and what they may be called. The arena works with any.

`generated` is the embedded demo's toy clinic, `library` the people that the package ships; anything else is a file of own
patients, who talk by the library's principles and are named by the taxonomy.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from mentalarena.clinic.cognitive_model import Patient, PrincipleGroup
from mentalarena.clinic.files import read_patients
from mentalarena.clinic.generated import generated_clinic
from mentalarena.clinic.library import LibraryClinic
from mentalarena.clinic.references import Reference, Split, Vocabulary
from mentalarena.errors import DataError

ENOUGH = 20
"""People of a file that make strangers unnecessary for calibration."""


class Clinic(Protocol):
    """Who comes, how they talk, what they may be called."""

    @property
    def name(self) -> str: ...

    @property
    def groups(self) -> Sequence[PrincipleGroup]: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    def patients(self, count: int, seed: int) -> list[Patient]:
        """Who comes to play: at most `count`, of the play split; other seeds bring others or another order."""
        ...

    def draw(self, split: Split, count: int, seed: int) -> list[tuple[Patient, Reference]]:
        """At most `count` patients of a split with what is true of them, for evaluation."""
        ...

    def strangers(self) -> list[Patient]:
        """By whom thresholds are calibrated: no two of them the same person, none of the other splits."""
        ...


class FileClinic(LibraryClinic):
    """Own patients from a file. What is true of them nobody knows: evaluation meets the library's people."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    @cached_property
    def _own(self) -> list[Patient]:
        return read_patients(self._path)

    def patients(self, count: int, seed: int) -> list[Patient]:
        """The first `count` of the file, whatever the seed."""
        return self._own[:count]

    def draw(self, split: Split, count: int, seed: int) -> list[tuple[Patient, Reference]]:
        """The library's people of a split, without any who stands in the file. Raises `DataError` when nobody is left."""
        own = {patient.person for patient in self._own}
        met = [pair for pair in super().draw(split, sys.maxsize, seed) if pair[0].person not in own]
        if not met:
            raise DataError(
                f"{self.name}: everybody of the library's {split} split is in this file; expected some who are not"
            )
        return met[:count]

    def strangers(self) -> list[Patient]:
        """The file's own people when they are many, with the library's otherwise."""
        known = {patient.person or patient.id: patient for patient in reversed(self._own)}
        people = list(known.values())[::-1]
        return people if len(people) >= ENOUGH else [*people, *(p for p in super().strangers() if p.person not in known)]


def open_clinic(source: str) -> Clinic:
    """`generated`, `library`, or a JSON or JSONL file of patients (read when somebody comes; raises `DataError` then)."""
    if source == "generated":
        return generated_clinic()
    return LibraryClinic() if source == "library" else FileClinic(Path(source))
