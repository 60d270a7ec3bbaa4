"""The verifier is rehearsed: more patients are asked for verdicts, outside of episodes, by the model before any training.

What a therapist puts before a patient is nearly always a confusable pair and something meant to help, and few patients are met.
A shared model that replays that alone forgets how to judge the rest (dev/LOG.md). So other patients are asked how they would
fare with a treatment and a medicine drawn from all, and whether their problem is what they call it or something else. No
reference is used: the answers are the model's own, and are recorded as an episode that has no talk, so that rows are made of
it as of any other.
"""

from __future__ import annotations

import asyncio
import random

from mentalarena.arena import parsing
from mentalarena.arena.diagnosis import choose
from mentalarena.arena.encoder import encode
from mentalarena.arena.episode import Arena
from mentalarena.arena.roles import Cast
from mentalarena.arena.trials import TRIALS, undergo
from mentalarena.arena.types import Episode, Lineage, Trial
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.references import Vocabulary
from mentalarena.errors import Unreadable


async def rehearse(
    patient: Patient, arena: Arena, cast: Cast, episode_id: str, seed: int, lineage: Lineage | None = None
) -> Episode:
    """The verdicts of one patient on two proposals and on two names, all drawn by seed."""
    rng = random.Random(f"{seed}-{episode_id}")
    encoded = await encode(patient, arena.groups, arena.embedder, cast)
    proposed = [Trial(kind, rng.choice(arena.vocabulary.of(kind)), "") for kind in TRIALS]
    trials = await asyncio.gather(*(undergo(trial, f"{trial.kind}-1", encoded.view, cast) for trial in proposed))
    called = {name for trial in trials if (name := _problem_of(trial.reason, arena.vocabulary))}
    own = called.pop() if len(called) == 1 else rng.choice(arena.vocabulary.disorders)
    other = rng.choice([name for name in arena.vocabulary.disorders if name != own])
    diagnosis = await choose((own, other), encoded.view, arena.vocabulary, cast)
    ledger = cast.patient.ledger
    return Episode(
        id=episode_id,
        patient_id=patient.id,
        principles=encoded.principles.id,
        views={"patient": encoded.view.messages},
        decodings=(),
        diagnosis=diagnosis,
        diagnosis_messages=(),
        trials=tuple(trials),
        stop_reason="rehearsal",
        problems=tuple(ledger.problems),
        usage=ledger.usage,
        lineage=lineage,
    )


def _problem_of(reason: str, vocabulary: Vocabulary) -> str | None:
    """What the patient calls its problem when it gives a reason; None where it names none or several."""
    try:
        return parsing.name(reason.rsplit("problem", 1)[-1], "diagnosis", vocabulary)
    except Unreadable:
        return None
