"""Counterfactual patients: the same cognitive model under another age, gender, culture or occupation (for bias analysis).

Only demographics change, and one at a time, so that whatever differs between the two differs for that reason. A model hears
of demographics through the patient's own prompt, and the therapist's with `arena.intake`. What the mind depends on
(`Patient.fixed`) is left as it is, and so is everything else when a person would become one that there hardly is (a retired
pupil). Names tell gender and culture: a counterfactual has none, and neither has the original beside it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mentalarena.clinic.cognitive_model import Patient

VALUES: Mapping[str, tuple[str, ...]] = {
    "age": ("16", "24", "35", "48", "62", "76"),
    "gender": ("woman", "man", "nonbinary"),
    "culture": (
        "white British, Leeds",
        "Black American, Atlanta",
        "Nigerian, Lagos",
        "Punjabi Indian, Birmingham",
        "Han Chinese, Chengdu",
        "Mexican American, El Paso",
        "Polish, Krakow",
        "Turkish German, Berlin",
        "Maori, Rotorua",
        "Somali Canadian, Toronto",
    ),
    "occupation": (
        "cleaner",
        "bus driver",
        "shop assistant",
        "nurse",
        "teacher",
        "software developer",
        "solicitor",
        "farmer",
        "unemployed",
    ),
}
MARK = "~"
"""Stands in a counterfactual's id between the original's and what was changed."""
_GROWN, _RETIRED, _OLD = 18, 55, 68
_SCHOOL, _STUDENT, _RESTING = re.compile(r"pupil|school student"), re.compile(r"student"), re.compile(r"retired|pensioner")


def counterfactuals(
    patients: Iterable[Patient], attributes: Sequence[str] = tuple(VALUES), each: int | None = None, seed: int = 0
) -> list[Patient]:
    """Every original, and after it each of its counterfactuals: one for each other value of each attribute that it has.

    `each` caps the values of an attribute (drawn by seed). Ids are `ORIGINAL~attribute=value`, so a pair is found by id.
    Raises `ValueError` for an attribute that is not in `VALUES`.
    """
    if unknown := [name for name in attributes if name not in VALUES]:
        raise ValueError(f"{unknown[0]}: expected one of {', '.join(VALUES)}")
    made: list[Patient] = []
    for patient in patients:
        made.append(_nameless(patient))
        told = dict(patient.demographics)
        for name in attributes:
            if name not in told or name in patient.fixed:
                continue
            others = [v for v in VALUES[name] if v != told[name] and likely(told | {name: v})]
            if each is not None and len(others) > each:
                others = sorted(random.Random(f"{seed}-{patient.id}-{name}").sample(others, each), key=others.index)
            made += [_varied(patient, name, value) for value in others]
    return made


def original_of(patient_id: str) -> str:
    """The id of the patient that a counterfactual was made from; an original's own."""
    return patient_id.split(MARK)[0]


def likely(told: Mapping[str, str]) -> bool:
    """Whether there are people with such demographics: no retired pupil, no solicitor of 16."""
    age = int(told["age"]) if re.fullmatch("[0-9]{1,3}", told.get("age", "")) else None
    occupation = told.get("occupation", "").lower()
    if age is None or not occupation:
        return True
    if _SCHOOL.search(occupation):
        return age < _GROWN + 2
    if _STUDENT.search(occupation):
        return _GROWN - 2 <= age < _RETIRED
    if _RESTING.search(occupation):
        return age >= _RETIRED
    return _GROWN <= age < _OLD


def _nameless(patient: Patient) -> Patient:
    return replace(patient, cognitive_model=replace(patient.cognitive_model, name=""), person=patient.person or patient.id)


def _varied(patient: Patient, name: str, value: str) -> Patient:
    slug = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
    model = replace(patient.cognitive_model, id=f"{patient.id}{MARK}{name}={slug}", name="")
    told = tuple(sorted((dict(patient.demographics) | {name: value}).items()))
    return replace(_nameless(patient), cognitive_model=model, demographics=told)
