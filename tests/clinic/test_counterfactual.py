"""Counterfactual patients: one demographic is another, and nothing else is."""

from dataclasses import replace

import pytest

from mentalarena.clinic.counterfactual import VALUES, counterfactuals, likely, original_of
from mentalarena.clinic.library import library

PATIENTS = [person.patients()[0] for person in library()]


def test_only_one_demographic_differs_and_the_mind_is_the_same() -> None:
    made = {patient.id: patient for patient in counterfactuals(PATIENTS)}
    assert len(made) > 5 * len(PATIENTS)
    for patient in made.values():
        original = made[original_of(patient.id)]
        differing = {name for name, value in patient.demographics if dict(original.demographics)[name] != value}
        assert len(differing) == (patient.id != original.id)
        assert dict(patient.demographics).keys() == dict(original.demographics).keys()
        assert (patient.person, patient.fixed) == (original.person, original.fixed)
        assert patient.person
        assert patient.id == original.id or patient.id.startswith(f"{original.id}~{differing.pop()}=")
        assert replace(patient.cognitive_model, id="") == replace(original.cognitive_model, id="")
        assert (patient.voice, patient.source, patient.licence) == (original.voice, original.source, original.licence)


def test_what_the_mind_depends_on_is_left_as_it_is() -> None:
    for patient in counterfactuals(PATIENTS):
        if patient.id != original_of(patient.id):
            assert patient.id.split("~")[1].split("=")[0] not in patient.fixed


def test_names_which_tell_gender_and_culture_are_taken_from_original_and_counterfactual() -> None:
    assert {patient.cognitive_model.name for patient in counterfactuals(PATIENTS)} == {""}


def test_they_are_the_same_each_time_and_each_caps_them() -> None:
    few = counterfactuals(PATIENTS[:10], ["culture"], each=2, seed=1)
    assert few == counterfactuals(PATIENTS[:10], ["culture"], each=2, seed=1)
    assert few != counterfactuals(PATIENTS[:10], ["culture"], each=2, seed=2)
    free = [p for p in PATIENTS[:10] if "culture" not in p.fixed and "culture" in dict(p.demographics)]
    assert len(few) == 10 + 2 * len(free) > 20


@pytest.mark.parametrize(
    ("age", "occupation", "expected"),
    [("16", "solicitor", False), ("40", "retired cook", False), ("76", "school pupil", False), ("35", "nurse", True),
     ("66", "retired cook", True), ("16", "school pupil", True), ("76", "bus driver", False), ("70", "nurse", False)],
)  # fmt: skip
def test_people_that_there_hardly_are_are_not_made(age: str, occupation: str, expected: bool) -> None:
    assert likely({"age": age, "occupation": occupation}) is expected


def test_an_attribute_that_nobody_has_values_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="height: expected one of age"):
        counterfactuals(PATIENTS, ["height"])
    assert set(VALUES) == {"age", "gender", "culture", "occupation"}
