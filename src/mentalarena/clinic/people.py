"""The people of a library: one mind, a few situations, and what the person says about them, by how readily.

A person with three situations is three patients. Demographics are apart from the mind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from mentalarena.clinic.cognitive_model import CognitiveModel, Component, CoreBeliefs, Patient, Voice
from mentalarena.clinic.records import Strict, read_records
from mentalarena.clinic.references import Split

SOURCE, LICENCE = "mentalarena library", "CC-BY-4.0"
DEGREES = ("offered", "asked", "trust")
Attribute = Literal["age", "gender", "occupation", "culture"]


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
    fixed: tuple[Attribute, ...] = ()
    """Demographics that the mind depends on (a retired person's empty days): a counterfactual must leave them."""

    def patients(self) -> list[Patient]:
        """A patient for each situation; ids are the person's with a number."""
        said = {degree: tuple(u.text for u in self.utterances if u.disclosure == degree) for degree in DEGREES}
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
                person=self.id,
                voice=Voice(**said),
                fixed=self.fixed,
            )
            for number, moment in enumerate(self.situations, 1)
        ]


def read_people(path: Path) -> list[Person]:
    """The people of a file in the library's form. Raises `DataError` with file, line, field and what was expected."""
    return read_records(path, Person, "id", "a person of the library's form")
