"""How good is a model as a therapist? It interviews patients that no row came from, and its answers are held against the
references. Patient and judge are always the *base* model, so that two therapists meet the same people.

Where the model can tell probabilities, the figure is the exact probability that it states a right answer; elsewhere it is
the share of right answers among several draws at temperature 1. Greedy accuracy stands beside it: it flips on near-ties
and hides what a model has learnt (dev/LOG.md).
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mentalarena.arena import diagnosis, parsing, trials
from mentalarena.arena.episode import Arena, Interview, interview
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import View
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.references import Reference, Vocabulary
from mentalarena.errors import ModelError, Unreadable

TASKS = ("diagnosis", "treatment", "medicine")


@dataclass(frozen=True, slots=True)
class Answer:
    """One patient, one task."""

    patient: str
    task: str
    probability: float
    """That the therapist states a right answer; 0 where the interview failed."""
    right: bool
    """Whether its likeliest answer is right."""
    invalid: float
    """The probability of saying something that is no single name of the clinic."""
    said: str | None = None
    """Its likeliest answer; None where that is no single name."""
    similarity: float = 0.0
    """Of the last decoding, mean over components: how well the patient was understood (the same for all three tasks)."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a therapist came to in one interview."""

    answers: tuple[Answer, ...]
    """One a task."""
    told: View | None
    """Its view once it has stated a diagnosis, from which it may be asked more; None where the interview failed."""


async def examine(patient: Patient, truth: Reference, arena: Arena, cast: Cast, samples: int, seed: int) -> list[Answer]:
    """Interview one patient and answer the three tasks. Treatment and medicine follow on a diagnosis as it is drawn among the
    names, and count only as far as a diagnosis is stated at all: probability (treatment) x probability (some diagnosis)."""
    return list((await conclude(await interview(patient, arena, cast), truth, arena, cast, samples, seed)).answers)


async def conclude(met: Interview, truth: Reference, arena: Arena, cast: Cast, samples: int, seed: int) -> Conclusion:
    """What `examine` asks after the interview."""
    patient = met.encoded.patient
    if not met.talk:
        return Conclusion(tuple(Answer(patient.id, task, 0.0, False, 1.0) for task in TASKS), None)
    view = diagnosis.diagnosis_view(met.talk, met.understood, arena.vocabulary, cast)
    stated = await _answers(view, "diagnosis", arena.vocabulary, cast, samples)
    name = _drawn(stated, random.Random(f"{seed}-{patient.id}"))
    told = diagnosis.told_view(view, name) if name else view
    proposed = await asyncio.gather(
        *(_answers(trials.proposal_view(told, kind, arena.vocabulary, cast), kind, arena.vocabulary, cast, samples)
          for kind in ("treatment", "medicine"))
    )  # fmt: skip
    valid = min(1.0, sum(stated.values()))
    right = {"diagnosis": (truth.disorder,), "treatment": truth.treatments, "medicine": truth.medicines}
    similarity = met.understood.similarity
    return Conclusion(
        tuple(
            replace(
                _held_against(right[task], shares, whole), patient=patient.id, task=task, similarity=round(similarity, 6)
            )
            for task, shares, whole in zip(TASKS, (stated, *proposed), (1.0, valid, valid), strict=True)
        ),
        told,
    )


async def _answers(view: View, kind: str, vocabulary: Vocabulary, cast: Cast, samples: int) -> Mapping[str, float]:
    """The probability of each name of the clinic; what is missing to 1 is no answer."""

    def read(text: str) -> str:
        return parsing.name(parsing.labelled(text, [kind, "reason"])[kind] or "", kind, vocabulary)

    write: Callable[[str], str] = diagnosis.answer if kind == "diagnosis" else lambda name: trials.answer(kind, name)
    return await probabilities(view, kind, vocabulary.of(kind), write, read, cast, samples)


async def probabilities(
    view: View,
    step: str,
    names: Sequence[str],
    write: Callable[[str], str],
    read: Callable[[str], str],
    cast: Cast,
    samples: int,
) -> Mapping[str, float]:
    """How probable the therapist finds each of some answers: exactly where its model can tell, else by their shares among
    `samples` draws at temperature 1. `write` says how an answer is stated, `read` reads a reply (`Unreadable`: it is none).
    What is missing to 1 is no answer."""
    if cast.therapist.voice.can_score:
        try:
            scores = await cast.therapist.score(view, f"{step}-score", [write(name) for name in names])
        except ModelError as error:
            cast.therapist.failed(f"{step}-score", error)
            return {}
        return {name: math.exp(score) for name, score in zip(names, scores, strict=True)}
    drawing = replace(cast.therapist, sampling=replace(cast.therapist.sampling, temperature=1.0, top_p=1.0))

    def parse(text: str) -> str:
        try:
            return read(text)
        except Unreadable:
            return ""  # counted as invalid: asking again would hide it

    drawn = await asyncio.gather(*(drawing.ask(view, f"{step}-sample-{n}", parse) for n in range(samples)))
    return {name: drawn.count(name) / samples for name in names if name in drawn}


def _drawn(shares: Mapping[str, float], rng: random.Random) -> str | None:
    total = sum(shares.values())
    return rng.choices(list(shares), list(shares.values()))[0] if total > 0 else None


def _held_against(right: Sequence[str], shares: Mapping[str, float], whole: float) -> Answer:
    """`whole` is the probability that it came to this question at all."""
    likeliest = max(shares, key=lambda name: shares[name], default=None)
    probability = whole * sum(shares.get(name, 0.0) for name in right)
    invalid = max(0.0, 1.0 - whole * sum(shares.values()))
    sensible = likeliest is not None and whole * shares[likeliest] > invalid  # else it may be no name at all
    said = likeliest if sensible else None
    return Answer("", "", round(probability, 6), said in right, round(invalid, 6), said)


def constant_baseline(task: str, references: Sequence[Reference]) -> float:
    """The share of patients that the best constant answer gets right: what knowing nothing scores."""
    right = [{"diagnosis": (r.disorder,), "treatment": r.treatments, "medicine": r.medicines}[task] for r in references]
    names = {name for answers in right for name in answers}
    return max((sum(name in answers for answers in right) / len(right) for name in names), default=0.0)
