"""The intake sheet: the therapist reads it, the patient does not, and another can be put in its place."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from mentalarena.arena.encoder import encode
from mentalarena.arena.episode import Arena
from mentalarena.arena.therapist import open_talk, with_intake
from mentalarena.arena.types import Talk
from mentalarena.clinic.generated import GeneratedClinic
from tests.conftest import Player


def talk_of(arena: Arena, clinic: GeneratedClinic, player: Player, intake: bool) -> Talk:
    patient = replace(clinic.patients(1, seed=1)[0], demographics=(("age", "35"), ("gender", "woman")))

    async def opened() -> Talk | None:
        return await open_talk(await encode(patient, arena.groups, arena.embedder, player.cast), intake, player.cast)

    talk = asyncio.run(opened())
    assert talk
    return talk


def test_another_sheet_changes_its_own_words_and_no_other(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    made = player()
    talk = talk_of(arena, clinic, made, intake=True)
    talk = Talk(talk.patient, talk.therapist.said("age 35, gender woman?").heard("age 35, gender woman."))
    other = with_intake(talk, "age 35, gender woman", "age 76, gender woman", made.cast)
    assert other.patient == talk.patient
    before, after = talk.therapist.messages, other.therapist.messages
    assert after[1].content == before[1].content.replace("intake: age 35", "intake: age 76") != before[1].content
    assert (after[0], after[2:]) == (before[0], before[2:])
    assert with_intake(other, "age 76, gender woman", "age 35, gender woman", made.cast) == talk


def test_a_talk_without_that_sheet_is_refused(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> None:
    made = player()
    for intake, before in ((False, "age 35, gender woman"), (True, "age 36, gender woman")):
        with pytest.raises(ValueError, match="expected one with it"):
            with_intake(talk_of(arena, clinic, made, intake), before, "age 76", made.cast)
