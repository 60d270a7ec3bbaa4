"""The library of people: openly licensed cognitive models, written for this project (data/library/DATA_CARD.md).

A person has two or three situations and so two or three cognitive models; splits are by person. What is true of a person
lies in another file (references.jsonl), which nothing here reads.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mentalarena.clinic.cognitive_model import CognitiveModel, Component, CoreBeliefs, Patient
from mentalarena.clinic.generated import Split
from mentalarena.errors import DataError
from mentalarena.runs.directory import read_jsonl

SOURCE, LICENCE = "mentalarena library", "CC-BY-4.0"
AGE_BOUNDS, AGES = (18, 30, 50, 65), ("under 18", "18 to 29", "30 to 49", "50 to 64", "65 and over")
RUN = 12
"""Words in a row that no two people may share."""


class Strict(BaseModel):
    """A part of a person: frozen, every field known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Situation(Strict):
    """One moment, and what went on in the person."""

    situation: str = Field(min_length=1)
    automatic_thoughts: str = Field(min_length=1)
    emotions: str = Field(min_length=1)
    behavior: str = Field(min_length=1)


class Utterance(Strict):
    """Something that the person says, and how readily."""

    text: str = Field(min_length=1)
    component: Component
    disclosure: Literal["offered", "asked", "trust"]


class Person(Strict):
    """One person of the library. Demographics are apart from the mind, which makes sense under others as well."""

    id: str = Field(min_length=1)
    name: str
    split: Split
    demographics: dict[str, str]
    history: str = Field(min_length=1)
    core_beliefs: CoreBeliefs
    intermediate_beliefs: str = Field(min_length=1)
    intermediate_beliefs_during_depression: str
    coping_strategies: str = Field(min_length=1)
    situations: tuple[Situation, ...] = Field(min_length=1)
    utterances: tuple[Utterance, ...]

    def patients(self) -> list[Patient]:
        """A patient for each situation; ids are the person's with a number."""
        return [
            Patient(
                CognitiveModel(
                    id=f"{self.id}-{number}",
                    name=self.name,
                    history=self.history,
                    core_beliefs=self.core_beliefs,
                    intermediate_beliefs=self.intermediate_beliefs,
                    intermediate_beliefs_during_depression=self.intermediate_beliefs_during_depression,
                    coping_strategies=self.coping_strategies,
                    **moment.model_dump(),
                ),
                tuple(sorted(self.demographics.items())),
                SOURCE,
                LICENCE,
            )
            for number, moment in enumerate(self.situations, 1)
        ]

    def texts(self) -> list[str]:
        """Everything that the person could say, each text once."""
        standing = [self.history, self.intermediate_beliefs, self.intermediate_beliefs_during_depression]
        beliefs = (*self.core_beliefs.helpless, *self.core_beliefs.unlovable, *self.core_beliefs.worthless)
        moments = [text for moment in self.situations for text in moment.model_dump().values()]
        return [t for t in (*standing, self.coping_strategies, *beliefs, *moments, *(u.text for u in self.utterances)) if t]


def read_people(path: Path) -> list[Person]:
    """The people of a file in the library's form. Raises `DataError` with file, line, field and what was expected."""
    people: dict[str, Person] = {}
    for number, record in enumerate(read_jsonl(path), 1):
        try:
            person = Person.model_validate(record)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{path}:{number}: {field}: {first['msg']}; expected a person of the library's form") from None
        if person.id in people:
            raise DataError(f"{path}:{number}: id: {person.id!r} is there already; expected unique ids")
        people[person.id] = person
    if not people:
        raise DataError(f"{path}: no people; expected at least one")
    return list(people.values())


@lru_cache
def library() -> tuple[Person, ...]:
    """The people that the package ships."""
    with as_file(files("mentalarena.clinic").joinpath("data/library/people.jsonl")) as path:
        return tuple(read_people(path))


def library_patients(split: Split) -> list[Patient]:
    """The patients of one split: everyone's first situation, then everyone's second, and so on."""
    each = [person.patients() for person in library() if person.split == split]
    return [patients[n] for n in range(max(map(len, each))) for patients in each if n < len(patients)]


def shared_runs(people: Sequence[Person], words: int = RUN) -> list[tuple[str, str, str]]:
    """Every run of so many words that two people share: (one, other, the words)."""
    owners: dict[tuple[str, ...], set[str]] = {}
    for person in people:
        for text in person.texts():
            plain = _words(text)
            for start in range(len(plain) - words + 1):
                owners.setdefault(tuple(plain[start : start + words]), set()).add(person.id)
    return sorted(
        (one, other, " ".join(run))
        for run, ids in owners.items()
        if len(ids) > 1
        for one, other in combinations(sorted(ids), 2)
    )


def coverage(people: Iterable[Person]) -> dict[str, Counter[str]]:
    """How many people there are by split, age group and gender."""
    found: dict[str, Counter[str]] = {"split": Counter(), "age": Counter(), "gender": Counter()}
    for person in people:
        group = AGES[bisect(AGE_BOUNDS, int(person.demographics["age"]))]
        found["split"][person.split] += 1
        found["age"][group] += 1
        found["gender"][person.demographics["gender"]] += 1
    return found


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower().replace("\u2019", "'")).split()
