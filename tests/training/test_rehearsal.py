"""Rehearsal: verdicts of a patient, and nothing else."""

import asyncio
from collections.abc import Callable, Sequence

from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Episode
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, toy_player
from mentalarena.training.rehearsal import rehearse
from mentalarena.training.rows import therapist_rows, verifier_rows
from tests.conftest import Player

COMPACT = load_prompts("compact")


def asked(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player], seed: int = 0, script: Script = toy_player
) -> list[Episode]:
    drawn = clinic.draw("play", 12, seed=65)
    return [asyncio.run(rehearse(p, arena, player(script).cast, p.id, seed)) for p, _ in drawn]


def test_a_rehearsal_makes_rows_of_the_verifiers_and_none_of_the_therapists(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    told = asked(arena, clinic, player)
    assert all([t.kind for t in e.trials] == ["treatment", "medicine"] for e in told)
    rows = verifier_rows(told, COMPACT, COMPACT)
    assert {row.kind for row in rows} == {"choice", "outcome", "score"}
    assert all("you are the patient" in row.prompt[0].content for row in rows if row.kind != "score")
    assert therapist_rows(told, COMPACT) == []


def test_the_patient_is_asked_about_what_it_calls_its_problem_against_something_else(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    for (patient, _), episode in zip(clinic.draw("play", 12, seed=65), asked(arena, clinic, player), strict=True):
        model = patient.cognitive_model
        likely = clinic.posterior(line.split(": ", 1)[1] for line in model.profile().splitlines() if ": " in line)
        assert episode.diagnosis
        assert episode.diagnosis.candidates[0] == max(likely, key=lambda d: (likely[d], d))
        assert episode.diagnosis.candidates[1] != episode.diagnosis.candidates[0]


def test_questions_are_drawn_by_seed(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> None:
    proposals = [[[t.proposal for t in e.trials] for e in asked(arena, clinic, player, seed)] for seed in (0, 0, 1)]
    assert proposals[0] == proposals[1] != proposals[2]


def test_a_patient_that_cannot_answer_makes_no_rows(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    def mute(messages: Sequence[Message], sampling: Sampling) -> str:
        return "" if messages[0].content.startswith("you are the patient") else toy_player(messages, sampling)

    told = asked(arena, clinic, player, script=mute)
    assert verifier_rows(told, COMPACT, COMPACT) == []
    assert all(p.kind == "unreadable" for e in told for p in e.problems)
