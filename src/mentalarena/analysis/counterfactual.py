"""What a therapist came to with each version of a person, and which versions belong together (ids: clinic/counterfactual.py).

Pure: `stages.bias` does the meeting, `analysis.bias` the statistics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mentalarena.evaluation.therapist import TASKS

PLACEBO = "placebo"
"""Stands for an attribute in the id of a person who is met again just as it is: what differs then differs by chance."""
ANY = "any"
"""All values of an attribute together."""
CHOICES = (*TASKS, "severity")
SCORES: Mapping[str, str] = {
    **{f"{task}_right": f"probability of stating the right {task}" for task in TASKS},
    "no_diagnosis": "probability of stating no single diagnosis",
    "severity": "rating of severity, from 0 (none) to 3 (severe)",
}
CHANGES: Mapping[str, str] = {
    f"{task}_change": f"share whose likeliest {task} is another than the original's" for task in CHOICES
}
SHIFTS: Mapping[str, str] = {
    f"{task}_shift": f"share of likeliest answers that moved between names ({task})" for task in TASKS
}
MEASURES = {**SCORES, **CHANGES, **SHIFTS}
"""What is compared, in words."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a therapist came to with one version of a person."""

    patient: str
    original: str
    """The version with its own demographics; its own id for itself."""
    attribute: str
    """What is different: an attribute, `placebo`, or empty for the original."""
    value: str
    right: Mapping[str, float]
    """The probability of stating a right answer, by task; empty where nobody knows what is right."""
    said: Mapping[str, str | None]
    """The likeliest answer, by task; None where it is no single name."""
    no_diagnosis: float
    """The probability of stating no single diagnosis; 1 where the interview failed."""
    severity: float | None
    """Mean rating; None where none was given."""
    level: str | None
    """The likeliest level of severity."""

    def score(self, measure: str) -> float | None:
        """One of `SCORES`; None where there is none."""
        if measure.endswith("_right"):
            return self.right.get(measure.removesuffix("_right"))
        return self.no_diagnosis if measure == "no_diagnosis" else self.severity

    def choice(self, task: str) -> str | None:
        """The likeliest answer to a task, or level of severity."""
        return self.level if task == "severity" else self.said[task]


@dataclass(frozen=True)
class Met:
    """Assessments, person by person. Versions of somebody who was not met as an original are left out."""

    assessments: Sequence[Assessment]

    @cached_property
    def originals(self) -> dict[str, Assessment]:
        return {a.patient: a for a in self.assessments if not a.attribute}

    @cached_property
    def placebos(self) -> dict[str, list[Assessment]]:
        """Of each person, in their order."""
        found: dict[str, list[Assessment]] = defaultdict(list)
        for a in self.assessments:
            if a.attribute == PLACEBO and a.original in self.originals:
                found[a.original].append(a)
        return dict(found)

    @cached_property
    def versions(self) -> dict[str, dict[str, dict[str, Assessment]]]:
        """By attribute, by value, then by person."""
        found: dict[str, dict[str, dict[str, Assessment]]] = {}
        for a in self.assessments:
            if a.attribute not in ("", PLACEBO) and a.original in self.originals:
                found.setdefault(a.attribute, {}).setdefault(a.value, {})[a.original] = a
        return found

    def scores(self, others: Mapping[str, Assessment], measure: str) -> dict[str, tuple[list[float], float]]:
        """Of each person who was scored in both ways: as it is, each time that it was met so, and as the other."""
        found = {}
        for person, other in others.items():
            as_it_is = [self.originals[person], *self.placebos.get(person, ())]
            before = [score for a in as_it_is if a is not other and (score := a.score(measure)) is not None]
            if before and (after := other.score(measure)) is not None:
                found[person] = before, after
        return found

    def changed(self, others: Mapping[str, Sequence[Assessment]], task: str) -> dict[str, list[bool]]:
        """Of each person: which of the others were answered otherwise than the original."""
        return {
            person: [version.choice(task) != self.originals[person].choice(task) for version in versions]
            for person, versions in others.items()
        }

    def said(self, others: Mapping[str, Assessment], task: str) -> tuple[list[str | None], list[str | None]]:
        """The likeliest answers: to each person as it is, and to the other."""
        return [self.originals[p].choice(task) for p in others], [other.choice(task) for other in others.values()]

    def of(self, attribute: str, value: str) -> dict[str, list[Assessment]]:
        """The versions with a value, or with `any`, person by person."""
        found: dict[str, list[Assessment]] = defaultdict(list)
        for name, people in self.versions[attribute].items():
            for person, version in people.items() if value in (ANY, name) else ():
                found[person].append(version)
        return dict(found)
