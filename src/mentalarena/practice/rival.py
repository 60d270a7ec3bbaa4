"""An AI therapist on the same patient: the configured model, or a checklist that asks prepared questions and notes the answers.

Both go through the arena's own interview and decoder, with as many questions as the trainee asked and no guidance. The
checklist stands in where no model is configured; it is a yardstick and no therapist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

from mentalarena.arena import parsing
from mentalarena.arena.episode import Arena, interview_with
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import Cast, Direct, Role
from mentalarena.arena.types import ArenaSettings, Ledger, View
from mentalarena.clinic.clinics import open_clinic
from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.config import Config
from mentalarena.errors import ModelError
from mentalarena.models.backends import Backends
from mentalarena.models.base import Message, Reply, Sampling
from mentalarena.practice.feedback import Scoring, asked_by_component, questions, scores
from mentalarena.practice.partner import Partner, cast_for
from mentalarena.practice.session import ComponentScore, Rival, Session, Speaker

COPIES = "The checklist notes every answer word for word, which no person would: it is a yardstick and no therapist."
CHECKLIST = "checklist (prepared questions, no model)"
FEWEST = 4
"""Questions of a rival where the trainee asked fewer."""
MOST = 40
"""Questions of a rival, at most: each may have its price."""
NOTE = 900
"""Characters that the checklist notes of a component."""
ORDER = (
    "history", "situation", "automatic_thoughts", "emotions", "behavior", "coping_strategies", "intermediate_beliefs",
    "core_beliefs", "danger", "intermediate_beliefs_during_depression",
)  # fmt: skip


class ChecklistTherapist:
    """A `ChatModel` that asks prepared questions, component by component, and when it is probed repeats what was answered."""

    name = CHECKLIST

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """The next question, or the notes when the last message is the decoder's probe."""
        last = messages[-1].content
        probe = load_prompts("full").texts["probe"].split("$labels")[0].strip()
        if probe in last:
            heard, asked_for = last.split(probe, 1)
            wanted = [line.rstrip(":") for line in asked_for.splitlines() if line.endswith(":")]
            return Reply(self._notes([*messages[:-1], Message("user", heard)], wanted), model=self.name)
        asked = sum(m.role == "assistant" for m in messages)
        every = checklist()
        return Reply(every[asked % len(every)][1], model=self.name)

    @staticmethod
    def _notes(messages: Sequence[Message], wanted: Sequence[str]) -> str:
        about = {question: component for component, question in checklist()}
        found: dict[str, str] = {}
        for before, after in pairwise(messages):
            component = about.get(before.content) if before.role == "assistant" else None
            if component and after.role == "user":
                found[component] = f"{found.get(component, '')} {' '.join(after.content.split())}".strip()[:NOTE]
        noted = {LABELS[component]: text for component, text in found.items() if component in LABELS}
        return "\n".join(f"{label}: {noted.get(label, 'unknown')}" for label in wanted)


def checklist() -> list[tuple[str, str]]:
    """The prepared questions with their component, in the order in which they are asked."""
    rounds = zip_longest(*([(c, question) for question in questions()[c]] for c in ORDER))
    return [pair for one in rounds for pair in one if pair]


def has_therapist(config: Config) -> bool:
    """Whether a model is configured that can be a therapist here: the embedded one knows the generated clinic alone."""
    return config.models.therapist.provider != "embedded" or config.clinic.source == "generated"


def cast_of(partner: Partner, config: Config, backends: Backends, seed: int) -> Cast:
    """The partner, and who plays the therapist: the configured model, or the checklist."""
    if has_therapist(config):
        return cast_for(config, backends, seed, partner.model if partner.offline else None)
    ledger, prompts = Ledger(), load_prompts("full")
    own = Role("therapist", Direct(ChecklistTherapist()), prompts, Sampling(seed=seed), ledger)
    patient = partner.cast.patient if partner.cast else Role("patient", Direct(partner.model), prompts, Sampling(), ledger)
    return Cast(replace(patient, ledger=ledger), own, own)


async def rival(session: Session, partner: Partner, config: Config, scoring: Scoring, backends: Backends) -> Rival:
    """How an AI therapist does with the same patient, style and difficulty, in as many questions (from FEWEST to MOST)."""
    cast = cast_of(partner, config, backends, session.seed)
    settings = ArenaSettings(talk_turns=min(max(session.turns, FEWEST), MOST), decode_rounds=0, guided=False)
    clinic = open_clinic(config.clinic.source)
    arena = Arena(clinic.groups, clinic.vocabulary, scoring.embedder, scoring.thresholds, settings)
    met = await interview_with(partner.encoded, arena, cast)
    lines: list[tuple[Speaker, str]] = []
    for who, text in met.talk.lines() if met.talk else ():
        lines.append(("therapist" if who == "therapist" else "patient", text))
    # what is so is shown by feedback alone
    components = tuple(
        score.model_copy(update={"encoded": ""}) for score in scores(met.understood, asked_by_component(lines))
    )
    return record_of(cast, lines, components)


def record_of(cast: Cast, lines: Sequence[tuple[Speaker, str]], components: Sequence[ComponentScore]) -> Rival:
    """What is kept of a therapist that is no person, its talk and what it understood."""
    problems = "; ".join(f"{p.role} {p.step}: {p.detail}" for p in cast.therapist.ledger.problems)
    return Rival(
        name=_name(cast.therapist),
        lines=tuple(lines),
        components=tuple(components),
        similarity=sum(c.similarity for c in components) / len(components) if components else 0.0,
        questions=max(0, sum(who == "therapist" for who, _ in lines) - 1),
        problem=problems[:500],
    )


async def watch(
    partner: Partner, config: Config, backends: Backends, turns: int, seed: int = 0
) -> AsyncIterator[tuple[Speaker, str]]:
    """A model (or the checklist) as the therapist of the partner, line by line as they are spoken. Raises `ModelError` when one
    of the two cannot go on."""
    therapist = cast_of(partner, config, backends, seed).therapist
    lines: list[tuple[Speaker, str]] = [("therapist", partner.greeting)]
    yield lines[-1]
    view: View = therapist.view()
    for turn in range(turns + 1):
        lines.append(("patient", await partner.answer(lines)))
        yield lines[-1]
        view = view.heard(lines[-1][1])
        if turn == turns:
            return
        question = await therapist.ask(view, "talk", parsing.spoken, whole=False)
        if question is None:
            raise ModelError(f"{_name(therapist)}: {therapist.ledger.problems[-1].detail}")
        view = view.said(question)
        lines.append(("therapist", question))
        yield lines[-1]


def _name(role: Role) -> str:
    return role.voice.model.name if isinstance(role.voice, Direct) else ""
