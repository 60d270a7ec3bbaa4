"""The verifier is rehearsed: patients are asked again, outside of episodes, by the model before any training.

What a therapist puts before a patient is nearly always a confusable pair and something meant to help. A shared model that
replays that alone forgets how to judge the rest (dev/LOG.md). So each patient is asked for its choice against another name of
the clinic, and how it would fare with a treatment and a medicine drawn from all. No reference is used: the answers are the
model's own, and are recorded as an episode that has no talk, so that rows are made of it as of any other.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from mentalarena.arena.diagnosis import choose
from mentalarena.arena.roles import Cast
from mentalarena.arena.trials import TRIALS, undergo
from mentalarena.arena.types import Episode, Lineage, Trial, View
from mentalarena.clinic.references import Vocabulary
from mentalarena.models.base import Usage


async def rehearse(
    episode: Episode, number: int, vocabulary: Vocabulary, cast: Cast, seed: int, lineage: Lineage | None = None
) -> Episode:
    """The verdicts of one more round of questions to an episode's patient. Nothing is asked where it had no dialogue."""
    rng = random.Random(f"{seed}-{episode.id}-{number}")
    view = View(episode.views.get("patient", ())[:1])
    found = episode.diagnosis
    bare = replace(
        episode,
        id=f"{episode.id}-rehearsal-{number}",
        views={"patient": view.messages} if view.messages else {},
        decodings=(),
        diagnosis=None,
        diagnosis_messages=(),
        trials=(),
        stop_reason="rehearsal",
        problems=(),
        usage=Usage(),
        lineage=lineage,
    )
    if not view.messages:
        return bare

    known = {*(t.proposal for t in episode.trials), *(found.candidates if found else ())}

    def drawn(kind: str) -> str:
        names = [name for name in vocabulary.of(kind) if not found or name != found.chosen]
        return rng.choice([name for name in names if name not in known] or names)

    bare_trials = [Trial(kind, drawn(kind), "") for kind in TRIALS]
    trials = await asyncio.gather(*(undergo(trial, f"{trial.kind}-{number}", view, cast) for trial in bare_trials))
    diagnosis = None
    if found and found.chosen:
        diagnosis = await choose((found.chosen, drawn("diagnosis")), view, vocabulary, cast, f"-{number}")
    return replace(
        bare,
        diagnosis=diagnosis,
        trials=tuple(trials),
        problems=tuple(cast.patient.ledger.problems),
        usage=cast.patient.ledger.usage,
    )
