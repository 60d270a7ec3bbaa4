"""Verifier reliability: how often are the patient's choice and the score right?

The loop learns from these verdicts, so their quality bounds what it can learn, and training the shared model may erode
them. Each patient is put before questions whose answer its reference settles:
- choice: its own disorder against any other one, asked in both orders; right is its own disorder both times;
- confusable: the same against a disorder that it is easily taken for, which is what a therapist mostly offers;
- health: one suitable and one unsuitable proposal of each kind, tried and scored; right is the higher score for the
  suitable one. A score that cannot be had is never right.
The other disorder and the unsuitable proposals are drawn by seed from the other patients' references.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mentalarena.arena.diagnosis import choose
from mentalarena.arena.encoder import encode
from mentalarena.arena.episode import Arena
from mentalarena.arena.roles import Cast
from mentalarena.arena.trials import TRIALS, undergo
from mentalarena.arena.types import Trial, TrialKind
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.references import NO_MEDICINE, NO_PSYCHOTHERAPY, Reference

CHECKS = ("choice", "confusable", "health")
CHANCE = 0.5
"""What each check would have by tossing a coin: it is between two."""
NOTHING = {NO_PSYCHOTHERAPY, NO_MEDICINE}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One patient, one check: the share of its questions that were judged rightly."""

    patient: str
    check: str
    right: float


async def verify(
    patient: Patient, truth: Reference, others: Sequence[Reference], arena: Arena, cast: Cast, seed: int
) -> list[Verdict]:
    """All checks with one patient; `confusable` only where its reference names such a disorder, `health` only where something
    suits this patient and something else the other."""
    rng = random.Random(f"{seed}-{patient.id}")
    encoded = await encode(patient, arena.groups, arena.embedder, cast)
    foreign = rng.choice([r for r in others if r.disorder != truth.disorder] or [_anything_else(truth, arena, rng)])

    async def chooses(rival: str) -> float:
        told = await choose((truth.disorder, rival), encoded.view, arena.vocabulary, cast)
        return float(told.chosen == truth.disorder)

    found = {"choice": await chooses(foreign.disorder)}
    if truth.confusable:
        found["confusable"] = await chooses(rng.choice(truth.confusable))

    async def score(kind: TrialKind, name: str, step: str) -> int | None:
        return (await undergo(Trial(kind, name, ""), step, encoded.view, cast)).score

    def suitable(reference: Reference) -> Mapping[TrialKind, tuple[str, ...]]:
        return {"treatment": reference.treatments, "medicine": reference.medicines}

    right = []
    for kind in TRIALS:
        good = rng.choice(suitable(truth)[kind])
        unsuitable = [name for name in suitable(foreign)[kind] if name not in suitable(truth)[kind]]
        if not unsuitable or {good, *unsuitable} & NOTHING:
            continue  # what suits both settles nothing, and nothing cannot be tried
        bad = rng.choice(unsuitable)
        scores = await asyncio.gather(score(kind, good, f"verify-{kind}-good"), score(kind, bad, f"verify-{kind}-bad"))
        right.append(scores[0] is not None and scores[1] is not None and scores[0] > scores[1])
    if right:
        found["health"] = sum(right) / len(right)
    return [Verdict(patient.id, check, value) for check, value in found.items()]


def _anything_else(truth: Reference, arena: Arena, rng: random.Random) -> Reference:
    """For a patient whom nobody differs from: another name of the clinic, of which nothing is known."""
    return Reference(rng.choice([name for name in arena.vocabulary.disorders if name != truth.disorder]), (), ())
