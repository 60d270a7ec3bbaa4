"""Train and dev by person: whoever stands in one of them has no row in the other.

Counterfactuals, several cognitive models of a person, and equal minds under several ids are one person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Literal

from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.counterfactual import original_of

Split = Literal["train", "dev"]
SPLITS: tuple[Split, ...] = ("train", "dev")


def people(patients: Iterable[Patient]) -> dict[str, str]:
    """The person behind each patient id. Of ids that belong together the first in order of the alphabet is the name."""
    leader: dict[object, object] = {}

    def root(key: object) -> object:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    names: dict[str, str] = {}
    for patient in patients:
        names[patient.id] = patient.person or original_of(patient.id)
        mind = asdict(patient.cognitive_model) | {"id": "", "name": ""}
        for key in (names[patient.id], original_of(patient.id), repr(mind)):
            leader[root(key)] = root(patient.id)
    told: dict[object, str] = {}
    for identifier, name in names.items():
        told[root(identifier)] = min(told.get(root(identifier), name), name)
    return {identifier: told[root(identifier)] for identifier in names}


def person_of(patient: str, known: Mapping[str, str]) -> str:
    """The person of a patient id; of one that is not known the id itself, or that of the original it was varied from."""
    return known.get(patient) or known.get(original_of(patient)) or original_of(patient)


def split_people(persons: Iterable[str], dev_share: float, seed: int) -> dict[str, Split]:
    """Each person's split, by a digest of seed and name alone: who stays keeps its split when others come. With two persons or
    more, and a share that is neither 0 nor 1, none of the two is empty."""
    drawn = {person: _drawn(person, seed) for person in sorted(set(persons))}
    splits: dict[str, Split] = {person: "dev" if place < dev_share else "train" for person, place in drawn.items()}
    if len(drawn) > 1 and 0 < dev_share < 1:
        for split, pick in (("dev", min), ("train", max)):
            if split not in splits.values():
                splits[pick(drawn, key=lambda person: drawn[person])] = split  # type: ignore[assignment]
    return splits


def _drawn(person: str, seed: int) -> float:
    """A number in [0, 1)."""
    return int.from_bytes(hashlib.sha256(f"{seed} {person}".encode()).digest()[:6]) / 2**48
