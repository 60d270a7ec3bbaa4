"""The generated clinic: reproducible, splits apart, nothing true of a patient in the patient."""

import dataclasses
import json
import random

from mentalarena.clinic.cognitive_model import COMPONENTS, Patient
from mentalarena.clinic.generated import GeneratedClinic


def phrases(patient: Patient) -> tuple[str, ...]:
    return tuple(patient.cognitive_model.text(c) for c in COMPONENTS)


def test_twelve_disorders_in_confusable_pairs_and_eight_manners(clinic: GeneratedClinic) -> None:
    assert len(clinic.disorders) >= 12
    assert all(clinic.partner[clinic.partner[d]] == d != clinic.partner[d] for d in clinic.disorders)
    assert len(clinic.groups) >= 6


def test_the_same_seed_draws_the_same_patients_and_another_seed_others(clinic: GeneratedClinic) -> None:
    assert clinic.draw("play", 30, seed=1) == clinic.draw("play", 30, seed=1)
    assert {phrases(p) for p, _ in clinic.draw("play", 30, seed=1)} != {
        phrases(p) for p, _ in clinic.draw("play", 30, seed=2)
    }


def test_held_out_wordings_are_never_used_in_play(clinic: GeneratedClinic) -> None:
    def words(split: str) -> set[str]:
        return {t for p, _ in clinic.draw(split, 300, seed=3) for t in phrases(p) if t}  # type: ignore[arg-type]

    assert not words("held_out") & (words("play") | words("development"))


def test_play_and_development_share_no_combination_at_any_seed(clinic: GeneratedClinic) -> None:
    play = {phrases(p) for seed in range(5) for p, _ in clinic.draw("play", 200, seed)}
    development = {phrases(p) for seed in range(5) for p, _ in clinic.draw("development", 200, seed)}
    assert not play & development


def test_a_patient_holds_nothing_of_its_reference(clinic: GeneratedClinic) -> None:
    names = (*clinic.vocabulary.disorders, *clinic.vocabulary.treatments, *clinic.vocabulary.medicines)
    for patient, _ in clinic.draw("play", 120, seed=4):
        text = json.dumps(dataclasses.asdict(patient))
        assert not [name for name in names if name in text]


def test_neither_id_nor_place_of_a_patient_tells_its_disorder(clinic: GeneratedClinic) -> None:
    for split in ("play", "development", "held_out"):
        drawn = clinic.draw(split, 240, seed=9)
        truths = [truth.disorder for _, truth in drawn]
        for number in range(len(clinic.disorders)):  # no arithmetic of the id, and no period of the list
            assert len({t for (p, _), t in zip(drawn, truths, strict=True) if int(p.id[-8:], 16) % 12 == number}) > 3
            assert len(set(truths[number :: len(clinic.disorders)])) > 3


def test_more_patients_begin_with_the_same_ones_and_none_comes_twice(clinic: GeneratedClinic) -> None:
    few, many = clinic.draw("play", 30, seed=1), clinic.draw("play", 300, seed=1)
    assert many[:30] == few
    assert len({phrases(p) for p, _ in many}) == 300


def test_the_best_reader_beats_any_single_phrase_but_is_sometimes_wrong(clinic: GeneratedClinic) -> None:
    drawn = clinic.draw("play", 600, seed=5)

    def right(use: int) -> float:
        rng = random.Random(0)
        hits = 0
        for patient, reference in drawn:
            known = [t for t in phrases(patient) if t]
            posterior = clinic.posterior(rng.sample(known, min(use, len(known))))
            hits += max(posterior, key=lambda d: posterior[d]) == reference.disorder
        return hits / len(drawn)

    assert right(1) < 0.75 < 0.9 < right(9) < 1.0


def test_some_patients_have_no_beliefs_during_depression(clinic: GeneratedClinic) -> None:
    empty = [not p.cognitive_model.intermediate_beliefs_during_depression for p, _ in clinic.draw("play", 200, seed=6)]
    assert 0.2 < sum(empty) / len(empty) < 0.6
