"""READ FIRST: one episode of MentalArena (arXiv 2410.06845), as the paper intends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mentalarena.arena.decoder import decode, guide, guided
from mentalarena.arena.diagnosis import diagnose, diagnosis_view
from mentalarena.arena.encoder import EncodedPatient, encode
from mentalarena.arena.roles import Cast
from mentalarena.arena.therapist import exchanges, open_talk
from mentalarena.arena.trials import try_out
from mentalarena.arena.types import ArenaSettings, Decoding, Diagnosis, Episode, Lineage, Talk, Trial
from mentalarena.clinic.cognitive_model import Patient, PrincipleGroup
from mentalarena.clinic.references import Vocabulary
from mentalarena.models.base import Embedder, Message


@dataclass(frozen=True)
class Arena:
    """What all episodes share: behaviour principles, names, embedder, thresholds, settings. Nothing about any patient."""

    groups: Sequence[PrincipleGroup]
    vocabulary: Vocabulary
    embedder: Embedder
    thresholds: Mapping[str, float]
    settings: ArenaSettings


async def play_episode(
    patient: Patient, arena: Arena, cast: Cast, episode_id: str, lineage: Lineage | None = None
) -> Episode:
    """Encode, talk, decode and guide, diagnose, try. A step that fails is a problem on the episode, never a lost run."""
    encoded = await encode(patient, arena.groups, arena.embedder, cast)
    talk = await exchanges(await open_talk(encoded, cast), arena.settings.talk_turns, cast)
    decodings: list[Decoding] = []
    while talk:
        decoding = await decode(talk, encoded, arena.embedder, arena.thresholds, cast)
        decodings.append(decoding)
        if decoding.aligned or len(decodings) > arena.settings.decode_rounds:
            break
        if arena.settings.guided and (guidance := await guide(decoding, talk, cast)):
            decodings[-1] = Decoding(decoding.comparisons, guidance)
            talk = guided(talk, guidance, cast)
        talk = await exchanges(talk, arena.settings.turns_per_round, cast)
    if not talk:
        return _episode(episode_id, encoded, None, decodings, None, (), (), "dialogue failed", cast, lineage)

    view = diagnosis_view(talk, decodings[-1], arena.vocabulary, cast)
    diagnosis = await diagnose(view, encoded, arena.vocabulary, cast)
    trials: tuple[Trial, ...] = ()
    if diagnosis.chosen:
        told = view.said(f"diagnosis: {diagnosis.chosen}")
        treatments, medicines = await asyncio.gather(
            try_out("treatment", told, encoded, arena.vocabulary, arena.settings, cast),
            try_out("medicine", told, encoded, arena.vocabulary, arena.settings, cast),
        )
        trials = treatments + medicines
    reason = "aligned" if decodings[-1].aligned else "rounds used up"
    return _episode(episode_id, encoded, talk, decodings, diagnosis, view.messages, trials, reason, cast, lineage)


def _episode(
    episode_id: str,
    encoded: EncodedPatient,
    talk: Talk | None,
    decodings: Sequence[Decoding],
    diagnosis: Diagnosis | None,
    diagnosis_messages: tuple[Message, ...],
    trials: tuple[Trial, ...],
    stop_reason: str,
    cast: Cast,
    lineage: Lineage | None,
) -> Episode:
    ledger = cast.patient.ledger
    views = {"patient": talk.patient.messages, "therapist": talk.therapist.messages} if talk else {}
    # branches run side by side: their problems are put in the order of their steps, not of their arrival
    problems = tuple(sorted(ledger.problems, key=lambda p: (p.step, p.role, p.kind, p.detail)))
    return Episode(
        id=episode_id,
        patient_id=encoded.patient.id,
        principles=encoded.principles.id,
        views=views,
        decodings=tuple(decodings),
        diagnosis=diagnosis,
        diagnosis_messages=diagnosis_messages,
        trials=trials,
        stop_reason=stop_reason,
        problems=problems,
        usage=ledger.usage,
        lineage=lineage,
    )
