"""Verifier reliability: a right verdict counts, a wrong, inconsistent or missing one does not."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from mentalarena.arena.episode import Arena
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.clinic.references import Reference
from mentalarena.evaluation.verifier import verify
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, toy_player
from tests.conftest import Player


def judged(truth: Reference, right_choice: bool, scores: dict[bool, str]) -> Script:
    """A patient that chooses rightly or not, and a judge that gives `scores[suitable]`."""

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        last = messages[-1].content.splitlines()[-1]
        if last.startswith("which fits"):
            pair = last.split("better, ")[1].rstrip("?").split(" or ")
            return f"choice: {next(d for d in pair if (d == truth.disorder) == right_choice)}"
        if last.startswith("imagine"):
            suitable = any(name in last for name in (*truth.treatments, *truth.medicines))
            return f"outcome: it is {'good' if suitable else 'bad'}\nhealth: so"
        if last == "what is the score?":
            return scores["it is good" in messages[-1].content]
        return toy_player(messages, sampling)

    return script


@pytest.mark.parametrize(
    ("right_choice", "scores", "expected"),
    [
        (True, {True: "score: 9", False: "score: 2"}, [1.0, 1.0, 1.0]),
        (False, {True: "score: 2", False: "score: 9"}, [0.0, 0.0, 0.0]),
        (True, {True: "score: 5", False: "score: 5"}, [1.0, 1.0, 0.0]),
        (True, {True: "no idea", False: "score: 2"}, [1.0, 1.0, 0.0]),
        (True, {True: "score: 9", False: "no idea"}, [1.0, 1.0, 0.0]),
    ],
)
def test_verdicts_are_held_against_the_reference(
    right_choice: bool,
    scores: dict[bool, str],
    expected: list[float],
    arena: Arena,
    clinic: GeneratedClinic,
    player: Callable[..., Player],
) -> None:
    drawn = clinic.draw("development", 24, seed=81)
    patient, truth = drawn[0]
    others = [reference for _, reference in drawn]
    cast = player(judged(truth, right_choice, scores)).cast
    verdicts = asyncio.run(verify(patient, truth, others, arena, cast, seed=3))
    assert [v.check for v in verdicts] == ["choice", "confusable", "health"]
    assert [v.right for v in verdicts] == expected


def test_a_choice_that_depends_on_the_order_is_not_right(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    def swaying(messages: Sequence[Message], sampling: Sampling) -> str:
        last = messages[-1].content.splitlines()[-1]
        if last.startswith("which fits"):
            return f"choice: {last.split('better, ')[1].split(' or ')[0]}"
        return toy_player(messages, sampling)

    drawn = clinic.draw("development", 24, seed=82)
    verdicts = asyncio.run(verify(*drawn[0], [r for _, r in drawn], arena, player(swaying).cast, seed=3))
    assert [v.right for v in verdicts[:2]] == [0.0, 0.0]


def test_the_confusable_check_offers_what_the_patient_is_easily_taken_for(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    drawn = clinic.draw("development", 12, seed=83)
    for patient, truth in drawn:
        asked = player()
        asyncio.run(verify(patient, truth, [r for _, r in drawn], arena, asked.cast, seed=3))
        pairs = [m[-1].content for m, _ in asked.model.requests if "which fits you better" in m[-1].content]
        assert len([p for p in pairs if clinic.partner[truth.disorder] in p]) >= 2


def test_nothing_cannot_be_tried_and_what_suits_both_settles_nothing(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    drawn = clinic.draw("development", 12, seed=84)
    patient, truth = drawn[0]
    healthy = replace(truth, treatments=("no psychotherapy",), medicines=("no medicine",))
    alike = replace(truth, disorder=truth.confusable[0])
    for own, others in ((healthy, [reference for _, reference in drawn]), (truth, [alike])):
        cast = player(judged(own, True, {True: "score: 9", False: "score: 2"})).cast
        verdicts = asyncio.run(verify(patient, own, others, arena, cast, seed=3))
        assert [v.check for v in verdicts] == ["choice", "confusable"]


def test_where_nobody_differs_another_name_of_the_clinic_is_the_rival(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    patient, truth = clinic.draw("development", 1, seed=85)[0]
    cast = player(judged(truth, True, {True: "score: 9", False: "score: 2"})).cast
    verdicts = asyncio.run(verify(patient, truth, [truth], arena, cast, seed=3))
    assert [(v.check, v.right) for v in verdicts] == [("choice", 1.0), ("confusable", 1.0)]
