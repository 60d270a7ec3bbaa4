"""The library of people that the package ships: openly licensed, written for this project (data/library/DATA_CARD.md).

Splits are by person. What is true of a person lies in another file (references.jsonl), which is read for evaluation alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from pydantic import Field

from mentalarena.clinic.cognitive_model import Patient, PrincipleGroup
from mentalarena.clinic.people import Person, read_people
from mentalarena.clinic.principles import principle_groups
from mentalarena.clinic.records import Strict, read_records
from mentalarena.clinic.references import NO_MEDICINE, NO_PSYCHOTHERAPY, Reference, Split, Vocabulary
from mentalarena.clinic.taxonomy import Checked, taxonomy

DATA = "data/library"


class LibraryReference(Strict):
    """What only an examiner may know of a person. Names are the taxonomy's; what must be ruled out is free text."""

    id: str
    disorders: tuple[str, ...] = Field(min_length=1)
    """The main one first, then what comes with it."""
    severity: Literal["none", "mild", "moderate", "severe"]
    psychotherapy: tuple[str, ...]
    """First-line, per the guideline; empty for people without a disorder."""
    psychotherapy_note: str
    medicine: tuple[str, ...]
    guideline: str
    rule_out: tuple[str, ...]
    risk: str
    """`none`, or the risk and the safety step that it needs."""
    confusable_with: tuple[str, ...] = Field(min_length=1)
    cues: tuple[str, ...]
    """What in the person's words speaks for the disorder."""
    verified: Checked
    clinician_reviewed: Checked

    @property
    def reference(self) -> Reference:
        """For scoring: the main disorder; where the guideline names nothing, nothing is the right answer."""
        return Reference(
            self.disorders[0],
            self.psychotherapy or (NO_PSYCHOTHERAPY,),
            self.medicine or (NO_MEDICINE,),
            self.confusable_with,
        )


@lru_cache
def library() -> tuple[Person, ...]:
    """The people that the package ships."""
    with as_file(files("mentalarena.clinic").joinpath(f"{DATA}/people.jsonl")) as path:
        return tuple(read_people(path))


@lru_cache
def library_references() -> dict[str, LibraryReference]:
    """What is true of them, by person."""
    with as_file(files("mentalarena.clinic").joinpath(f"{DATA}/references.jsonl")) as path:
        return {r.id: r for r in read_references(path)}


def read_references(path: Path) -> list[LibraryReference]:
    """A file of references in the library's form. Raises `DataError` with file, line, field and what was expected."""
    return read_records(path, LibraryReference, "id", "a reference of the library's form")


class LibraryClinic:
    """The library as a clinic: who comes from it, how they talk, what they may be called."""

    name = "library"

    @cached_property
    def groups(self) -> Sequence[PrincipleGroup]:
        return principle_groups()

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return taxonomy().vocabulary

    def patients(self, count: int, seed: int) -> list[Patient]:
        """At most `count` of the play split: everyone's first situation in an order drawn by seed, then the second, ..."""
        rng = random.Random(f"library-play-{seed}")
        people = [person.patients() for person in library() if person.split == "play"]
        most = max(map(len, people))
        return [own[n] for n in range(most) for own in rng.sample(people, len(people)) if n < len(own)][:count]

    def draw(self, split: Split, count: int, seed: int) -> list[tuple[Patient, Reference]]:
        """At most `count` people of a split, each once, in one situation: intervals over patients are intervals over people."""
        rng = random.Random(f"library-{split}-{seed}")
        people = rng.sample([p for p in library() if p.split == split], sum(p.split == split for p in library()))
        return [(rng.choice(p.patients()), library_references()[p.id].reference) for p in people][:count]

    def strangers(self) -> list[Patient]:
        """By whom thresholds are calibrated: one patient a person of the play split, so that no pair is one person twice."""
        return [person.patients()[0] for person in library() if person.split == "play"]
