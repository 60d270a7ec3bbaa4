"""Rehearsal: more verdicts of the same patients, and nothing else."""

import asyncio
from collections.abc import Callable

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Episode, Lineage
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.training.rehearsal import rehearse
from mentalarena.training.rows import therapist_rows, verifier_rows
from tests.conftest import Player

COMPACT = load_prompts("compact")
LINEAGE = Lineage(0, 0, "generated", "Apache-2.0", {"patient": "base", "therapist": "base", "judge": "base"})


def played(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> list[Episode]:
    drawn = clinic.draw("play", 12, seed=65)
    return [asyncio.run(play_episode(p, arena, player().cast, f"00-{p.id}", LINEAGE)) for p, _ in drawn]


def test_a_rehearsal_asks_other_questions_of_the_same_patient_and_makes_no_row_of_the_therapists(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    for episode in played(arena, clinic, player):
        told = asyncio.run(rehearse(episode, 0, arena.vocabulary, player().cast, 0, LINEAGE))
        assert {(t.kind, t.proposal) for t in told.trials}.isdisjoint((t.kind, t.proposal) for t in episode.trials)
        assert [t.kind for t in told.trials] == ["treatment", "medicine"]
        assert episode.diagnosis
        if episode.diagnosis.chosen:
            assert told.diagnosis
            assert told.diagnosis.candidates[0] == episode.diagnosis.chosen
            assert told.diagnosis.candidates[1] not in episode.diagnosis.candidates
        rows = verifier_rows([told], COMPACT, COMPACT)
        assert {row.kind for row in rows} <= {"choice", "outcome", "score"}
        assert all(row.prompt[0] == episode.views["patient"][0] for row in rows if row.kind != "score")
        assert therapist_rows([told], COMPACT) == []


def test_rounds_differ_and_are_drawn_by_seed(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> None:
    episodes = played(arena, clinic, player)

    def asked(number: int, seed: int) -> list[list[str]]:
        told = [asyncio.run(rehearse(e, number, arena.vocabulary, player().cast, seed)) for e in episodes]
        return [[t.proposal for t in e.trials] for e in told]

    assert asked(0, 0) == asked(0, 0) != asked(1, 0)
    assert asked(0, 0) != asked(0, 1)


def test_an_episode_without_a_dialogue_is_not_asked(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    patient, _ = clinic.draw("play", 1, seed=66)[0]
    silent = player(lambda messages, sampling: "")
    episode = asyncio.run(play_episode(patient, arena, silent.cast, "e"))
    asked = player()
    told = asyncio.run(rehearse(episode, 0, arena.vocabulary, asked.cast, 0))
    assert asked.model.requests == []
    assert (told.diagnosis, told.trials) == (None, ())
