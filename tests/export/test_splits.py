"""Splits: nobody in both, for good."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.clinic.cognitive_model import CognitiveModel, Patient
from mentalarena.clinic.counterfactual import counterfactuals
from mentalarena.clinic.library import library
from mentalarena.export.splits import people, person_of, split_people

names = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=40, unique=True)


def patient(identifier: str, history: str, person: str = "") -> Patient:
    return Patient(CognitiveModel(identifier, "x", history=history), person=person)


def test_the_situations_of_a_person_and_its_counterfactuals_are_one_person() -> None:
    persons = library()[:6]
    made = counterfactuals([p for person in persons for p in person.patients()])
    known = people(made)
    assert len(made) > 100
    assert len(set(known.values())) == 6
    for person in persons:
        own = {known[p.id] for p in made if p.id.startswith(f"{person.id}-")}
        assert own == {person.id}


def test_equal_minds_under_several_ids_are_one_person_through_any_chain() -> None:
    same = [patient("a", "one"), patient("b", "one"), patient("c", "two", "b"), patient("d", "two"), patient("e", "three")]
    assert people(same) == {"a": "a", "b": "a", "c": "a", "d": "a", "e": "e"}
    assert people(same[::-1]) == people(same)
    renamed = [replace(p, cognitive_model=replace(p.cognitive_model, name=p.id)) for p in same]
    assert people(renamed) == people(same), "a name makes no other mind"


def test_a_patient_that_nobody_knows_is_the_original_that_it_was_varied_from() -> None:
    assert person_of("p-1~age=62", {"p-1": "anna"}) == "anna"
    assert person_of("q-1~age=62", {}) == "q-1"


@given(names, st.floats(0.01, 0.99), st.integers())
def test_each_person_is_in_one_split_and_none_is_empty(persons: list[str], share: float, seed: int) -> None:
    splits = split_people([*persons, *persons], share, seed)
    assert splits.keys() == set(persons)
    assert set(splits.values()) == {"train", "dev"}
    assert splits == split_people(persons[::-1], share, seed)


@given(names, st.integers())
def test_who_stays_keeps_its_split_when_others_come(persons: list[str], seed: int) -> None:
    fixed = [f"person {number}" for number in range(100)]  # enough that neither split is filled by force
    before, after = split_people(fixed, 0.3, seed), split_people([*fixed, *persons], 0.3, seed)
    assert all(after[person] == split for person, split in before.items())


def test_the_share_is_kept_and_the_seed_draws_others() -> None:
    many = [str(number) for number in range(4000)]
    first, second = split_people(many, 0.1, 0), split_people(many, 0.1, 1)
    assert abs(sum(split == "dev" for split in first.values()) / 4000 - 0.1) < 0.02
    assert first != second
    assert set(split_people(many, 0.0, 0).values()) == {"train"}
    assert set(split_people(many, 1.0, 0).values()) == {"dev"}
    assert split_people(["alone"], 0.5, 0).keys() == {"alone"}
