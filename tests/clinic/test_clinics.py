"""A clinic is a clinic: the arena, evaluation and calibration ask all of them the same things."""

from pathlib import Path

import pytest

from mentalarena.clinic.clinics import Clinic, open_clinic
from mentalarena.clinic.files import write_patients
from mentalarena.clinic.library import library
from mentalarena.clinic.references import Split
from mentalarena.errors import DataError


@pytest.fixture(params=["generated", "library", "file"])
def clinic(request: pytest.FixtureRequest, tmp_path: Path) -> Clinic:
    if request.param != "file":
        return open_clinic(request.param)
    write_patients(tmp_path / "mine.jsonl", [person.patients()[0] for person in library()[:5]])
    return open_clinic(str(tmp_path / "mine.jsonl"))


@pytest.mark.parametrize("split", ["development", "held_out"])
def test_every_truth_is_a_name_that_an_answer_can_be(clinic: Clinic, split: Split) -> None:
    names = clinic.vocabulary
    met = clinic.draw(split, 500, seed=3)
    assert met
    for _, truth in met:
        assert {truth.disorder, *truth.confusable} <= set(names.disorders)
        assert truth.treatments
        assert set(truth.treatments) <= set(names.treatments)
        assert truth.medicines
        assert set(truth.medicines) <= set(names.medicines)


def test_nobody_who_plays_or_calibrates_is_examined(clinic: Clinic) -> None:
    examined = {p.person or p.id for split in ("development", "held_out") for p, _ in clinic.draw(split, 500, seed=0)}
    assert examined.isdisjoint({p.person or p.id for p in (*clinic.patients(500, seed=0), *clinic.strangers())})


def test_no_two_strangers_are_one_person(clinic: Clinic) -> None:
    strangers = [p.person or p.id for p in clinic.strangers()]
    assert len(set(strangers)) == len(strangers) >= 20


def test_count_is_an_upper_bound_and_the_first_stay_the_first(clinic: Clinic) -> None:
    assert clinic.patients(3, seed=1) == clinic.patients(5, seed=1)[:3]
    assert len(clinic.groups) > 1


def test_a_file_that_is_not_there_is_told_when_somebody_should_come() -> None:
    with pytest.raises(DataError, match=r"nowhere.jsonl: No such file"):
        open_clinic("nowhere.jsonl").patients(1, 0)
