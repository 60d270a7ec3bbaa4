"""The evaluation of a therapist: right answers are right by the references, and a dead or mute model gets nothing.

1  exact probabilities where the model can tell them, shares of draws elsewhere
2  a model that always fails scores nothing and is wholly invalid
3  several names in one answer, and none, are invalid and never right
4  the constant baseline is what the best constant answer gets
"""

import asyncio
import math
from collections.abc import Sequence

import pytest

from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import ROLES, Cast, Direct, Role
from mentalarena.arena.types import Ledger
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.clinic.references import Reference
from mentalarena.errors import ModelError
from mentalarena.evaluation.therapist import TASKS, Answer, constant_baseline, examine
from mentalarena.models.base import ChatModel, Message, Sampling
from mentalarena.models.scripted import Script, ScriptedModel, toy_player


class Telling(ScriptedModel):
    """A scripted model that tells probabilities: `share` for the names it favours, split evenly, 0.1 of the rest lost."""

    def __init__(self, favoured: Sequence[str], share: float) -> None:
        super().__init__(toy_player)
        self._favoured, self._share = favoured, share

    async def score(self, messages: Sequence[Message], answers: Sequence[str], ended: bool = True) -> list[float]:
        names = [answer.split(": ", 1)[1] for answer in answers]
        hits = sum(name in self._favoured for name in names)
        rest = (0.9 - self._share * bool(hits)) / (len(names) - hits)
        return [math.log(self._share / hits if name in self._favoured else rest) for name in names]

    def tokens(self, text: str) -> int:
        return len(text.split())


def met(arena: Arena, clinic: GeneratedClinic, therapist: ChatModel, samples: int = 5) -> tuple[list[Answer], Reference]:
    patient, truth = clinic.draw("held_out", 1, seed=71)[0]
    ledger, prompts = Ledger(), load_prompts("compact")
    models = {"patient": ScriptedModel(toy_player), "therapist": therapist, "judge": ScriptedModel(toy_player)}
    roles = [Role(name, Direct(models[name]), prompts, Sampling(), ledger) for name in ROLES]
    return asyncio.run(examine(patient, truth, arena, Cast(*roles), samples, seed=0)), truth


def test_1_exact_probabilities(arena: Arena, clinic: GeneratedClinic) -> None:
    _, truth = clinic.draw("held_out", 1, seed=71)[0]
    knowing = Telling([truth.disorder, *truth.treatments, *truth.medicines], 0.7)
    answers, _ = met(arena, clinic, knowing)
    assert [a.task for a in answers] == list(TASKS)
    assert [a.probability for a in answers] == pytest.approx([0.7, 0.9 * 0.7, 0.9 * 0.7]), (
        "a treatment counts as far as there is a diagnosis"
    )
    assert [a.invalid for a in answers] == pytest.approx([0.1, 1 - 0.9 * 0.9, 1 - 0.9 * 0.9])
    assert all(a.right for a in answers)
    assert not [r for r, _ in knowing.requests if "score" in r[-1].content], "the judge's work is not the therapist's"


def test_1_draws_where_a_model_only_talks(arena: Arena, clinic: GeneratedClinic) -> None:
    def stubborn(messages: Sequence[Message], sampling: Sampling) -> str:
        if messages[-1].content.endswith("what is the diagnosis?"):
            return f"diagnosis: {clinic.disorders[0]}"
        return toy_player(messages, sampling)

    answers, truth = met(arena, clinic, ScriptedModel(stubborn))
    assert answers[0].probability == float(truth.disorder == clinic.disorders[0])
    assert answers[0].invalid == 0


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        ("", "what is the diagnosis?"),
        ("diagnosis: panic disorder or bulimia nervosa", "what is the diagnosis?"),
        ("diagnosis: A, B, C, D", "what is the diagnosis?"),
        ("i cannot say", "what is the diagnosis?"),
        ("diagnosis: Doctor 2's diagnosis", "what is the diagnosis?"),
    ],
)
def test_3_no_single_name_is_invalid_and_never_right(reply: str, step: str, arena: Arena, clinic: GeneratedClinic) -> None:
    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        return reply if messages[-1].content.endswith(step) else toy_player(messages, sampling)

    answers, _ = met(arena, clinic, ScriptedModel(script))
    assert (answers[0].probability, answers[0].invalid, answers[0].right) == (0.0, 1.0, False)


def down(messages: Sequence[Message], sampling: Sampling) -> str:
    raise ModelError("503 from the server")


def down_when_asked(messages: Sequence[Message], sampling: Sampling) -> str:
    if messages[-1].content.endswith(("diagnosis?", "suggest?")):
        raise ModelError("503 from the server")
    return toy_player(messages, sampling)


@pytest.mark.parametrize("script", [down, down_when_asked])
def test_2_a_dead_model_gets_nothing(script: Script, arena: Arena, clinic: GeneratedClinic) -> None:
    answers, _ = met(arena, clinic, ScriptedModel(script))
    assert [(a.probability, a.right, a.invalid) for a in answers] == [(0.0, False, 1.0)] * 3


def test_4_the_constant_baseline_is_the_most_frequent_right_answer() -> None:
    references = [Reference(d, (f"t{d}", "any"), (f"m{d}",)) for d in ("a", "b", "b", "c")]
    assert constant_baseline("diagnosis", references) == 0.5
    assert constant_baseline("treatment", references) == 1.0
    assert constant_baseline("medicine", references) == 0.5
    assert constant_baseline("diagnosis", []) == 0.0


def test_1_the_reason_is_no_part_of_a_drawn_answer(arena: Arena, clinic: GeneratedClinic) -> None:
    _, truth = clinic.draw("held_out", 1, seed=71)[0]

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        if messages[-1].content.endswith("which medicine do you suggest?"):
            return f"medicine: a walk\nreason: i would avoid {truth.medicines[0]}"
        if messages[-1].content.endswith("which treatment do you suggest?"):
            return f"treatment: {truth.treatments[0]}\nreason: better than {clinic.fads['treatment']}"
        return toy_player(messages, sampling)

    answers, _ = met(arena, clinic, ScriptedModel(script))
    assert (answers[2].probability, answers[2].invalid) == (0.0, 1.0)
    assert (answers[1].probability, answers[1].invalid) == (1.0, 0.0)
