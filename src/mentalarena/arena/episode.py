"""READ FIRST: one episode of MentalArena (arXiv 2410.06845), as the paper intends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mentalarena.arena.decoder import decode, guide, guided
from mentalarena.arena.diagnosis import diagnose, diagnosis_view, told_view
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


@dataclass(frozen=True)
class Interview:
    """The first half of an episode: the talk, and what the therapist understood of it. `talk` is None when it failed."""

    encoded: EncodedPatient
    talk: Talk | None
    decodings: tuple[Decoding, ...]

    @property
    def understood(self) -> Decoding:
        """The last decoding; of nothing where there was none."""
        return self.decodings[-1] if self.decodings else Decoding(())


async def interview(patient: Patient, arena: Arena, cast: Cast) -> Interview:
    """Encode, talk, decode; where symptoms differ, guide and talk on."""
    return await interview_with(await encode(patient, arena.groups, arena.embedder, cast, arena.settings), arena, cast)


async def interview_with(encoded: EncodedPatient, arena: Arena, cast: Cast) -> Interview:
    """The interview of a patient that is encoded already."""
    talk = await exchanges(await open_talk(encoded, arena.settings.intake, cast), arena.settings.first_turns, cast)
    decodings: list[Decoding] = []
    while talk and arena.settings.decoder:
        decoding = await decode(talk, encoded, arena.embedder, arena.thresholds, cast)
        decodings.append(decoding)
        if decoding.aligned or len(decodings) > arena.settings.decode_rounds:
            break
        if arena.settings.guided and (guidance := await guide(decoding, talk, cast)):
            decodings[-1] = Decoding(decoding.comparisons, guidance)
            talk = guided(talk, guidance, cast)
        talk = await exchanges(talk, arena.settings.turns_per_round, cast)
    return Interview(encoded, talk, tuple(decodings))


async def play_episode(
    patient: Patient, arena: Arena, cast: Cast, episode_id: str, lineage: Lineage | None = None
) -> Episode:
    """Interview, diagnose, try. A step that fails is a problem on the episode, never a lost run."""
    met = await interview(patient, arena, cast)
    if not met.talk:
        return _episode(episode_id, met, None, (), (), "dialogue failed", cast, lineage)
    view = diagnosis_view(met.talk, met.understood, arena.vocabulary, cast)
    diagnosis = await diagnose(view, met.encoded, arena.vocabulary, arena.settings, cast)
    trials: tuple[Trial, ...] = ()
    if diagnosis.chosen:
        told = told_view(view, diagnosis.chosen)
        treatments, medicines = await asyncio.gather(
            try_out("treatment", told, met.encoded, arena.vocabulary, arena.settings, cast),
            try_out("medicine", told, met.encoded, arena.vocabulary, arena.settings, cast),
        )
        trials = treatments + medicines
    reason = "nothing decoded" if not met.decodings else "aligned" if met.understood.aligned else "rounds used up"
    return _episode(episode_id, met, diagnosis, view.messages, trials, reason, cast, lineage)


def _episode(
    episode_id: str,
    met: Interview,
    diagnosis: Diagnosis | None,
    diagnosis_messages: tuple[Message, ...],
    trials: tuple[Trial, ...],
    stop_reason: str,
    cast: Cast,
    lineage: Lineage | None,
) -> Episode:
    ledger = cast.patient.ledger
    views = {"patient": met.talk.patient.messages, "therapist": met.talk.therapist.messages} if met.talk else {}
    # branches run side by side: their problems are put in the order of their steps, not of their arrival
    problems = tuple(sorted(ledger.problems, key=lambda p: (p.step, p.role, p.kind, p.detail)))
    return Episode(
        id=episode_id,
        patient_id=met.encoded.patient.id,
        principles=met.encoded.principles.id,
        views=views,
        decodings=met.decodings,
        diagnosis=diagnosis,
        diagnosis_messages=diagnosis_messages,
        trials=trials,
        stop_reason=stop_reason,
        problems=problems,
        usage=ledger.usage,
        lineage=lineage,
    )
