"""The Symptom Encoder: a human-like patient from a cognitive model and a behaviour pattern (paper, section 3.1).

The groups of principles nearest to the patient's coping strategies are found by embedding (a group counts as its best
principle), and the judge picks one of the best five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mentalarena.arena import parsing
from mentalarena.arena.roles import Cast, Role
from mentalarena.arena.types import ArenaSettings, View
from mentalarena.clinic.cognitive_model import Patient, PrincipleGroup
from mentalarena.errors import Unreadable
from mentalarena.models.base import Embedder

SHORTLIST = 5
NO_PRINCIPLES = PrincipleGroup("none", ())


@dataclass(frozen=True)
class EncodedPatient:
    """The encoded symptom S0: the patient, how it talks, and the view from which it speaks and judges."""

    patient: Patient
    principles: PrincipleGroup
    view: View


async def encode(
    patient: Patient,
    groups: Sequence[PrincipleGroup],
    embedder: Embedder,
    cast: Cast,
    settings: ArenaSettings = ArenaSettings(),  # noqa: B008  (frozen)
) -> EncodedPatient:
    """Choose the behaviour pattern and write the patient's system prompt. Falls back to the nearest group when the
    judge's choice cannot be read (recorded as a problem).

    Without `settings.cognition` the patient that comes out has its history and situation alone (the behaviour pattern is still
    the one that its coping strategies call for); without `settings.principles` there is no pattern."""
    group = NO_PRINCIPLES
    if settings.principles:
        nearest = shortlist(patient, groups, embedder)
        group = (await _choose(patient, nearest, cast.judge) if len(nearest) > 1 else None) or nearest[0]
    who = patient if settings.cognition else patient.presenting()
    return EncodedPatient(who, group, cast.patient.view(principles=group.text(), profile=who.encoded()))


def shortlist(patient: Patient, groups: Sequence[PrincipleGroup], embedder: Embedder) -> list[PrincipleGroup]:
    """The five groups with the highest cosine between coping strategies and their best principle, best first. The coping
    strategies that a group goes with, where it names them, count like its principles."""
    coping = embedder.embed([patient.cognitive_model.coping_strategies])[0]
    best = [float((embedder.embed([*group.coping, *group.principles]) @ coping).max()) for group in groups]
    order = sorted(range(len(groups)), key=lambda i: (-best[i], i))
    return [groups[i] for i in order[:SHORTLIST]]


async def _choose(patient: Patient, groups: Sequence[PrincipleGroup], judge: Role) -> PrincipleGroup | None:
    def parse(text: str) -> PrincipleGroup:
        value = parsing.required(text, "choice").strip(" .")
        if not value.isdigit() or not 1 <= int(value) <= len(groups):
            raise Unreadable(f"expected 'choice:' and a number from 1 to {len(groups)}")
        return groups[int(value) - 1]

    options = "\n".join(f"{number}. {group.text()}" for number, group in enumerate(groups, 1))
    question = judge.prompt("principles", coping=patient.cognitive_model.coping_strategies, options=options)
    return await judge.judging().ask(judge.view().heard(question), "principles", parse)
