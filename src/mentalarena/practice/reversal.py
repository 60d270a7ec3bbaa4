"""The other way round: a person plays the patient, with a cognitive model to play by, and a model is the therapist.

What the therapist understood is scored by the same decoder, from its own view, so that one can see what it does with what it was
told. Where no model is configured the checklist asks (rival.py), which is a yardstick and no therapist.
"""

from __future__ import annotations

from collections.abc import Sequence

from mentalarena.arena import parsing
from mentalarena.arena.decoder import decode
from mentalarena.arena.roles import Cast, Direct
from mentalarena.arena.types import Talk, View
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS
from mentalarena.config import Config
from mentalarena.errors import ModelError, Unreadable
from mentalarena.models.backends import Backends
from mentalarena.models.base import Heard, streamed
from mentalarena.practice.feedback import Scoring, asked_by_component, scores
from mentalarena.practice.partner import Partner
from mentalarena.practice.rival import cast_of, record_of
from mentalarena.practice.session import Rival, Session, Speaker


def card(partner: Partner) -> list[tuple[str, str]]:
    """What the person plays by: (label, text), as the patient's own prompt has it."""
    patient = partner.patient
    own = patient.cognitive_model
    parts = [("about you", patient.about()), *((LABELS[c], own.text(c)) for c in COMPONENTS)]
    return [(label, text) for label, text in parts if text]


def therapist_view(cast: Cast, lines: Sequence[tuple[Speaker, str]]) -> View:
    """The talk as the therapist has it; the greeting, with which every talk begins, is not in it (arena/therapist.py)."""
    view = cast.therapist.view()
    for who, text in lines[1:]:
        view = view.said(text) if who == "therapist" else view.heard(text or "...")
    return view


async def question(session: Session, partner: Partner, config: Config, backends: Backends, listen: Heard) -> str:
    """The therapist's next line, heard while it comes. Raises `ModelError` when none can be had."""
    cast = cast_of(partner, config, backends, session.seed)
    role, view = cast.therapist, therapist_view(cast, session.lines)
    assert isinstance(role.voice, Direct)  # noqa: S101  (cast_of made it)
    reply = await streamed(role.voice.model, view.messages, role.sampling, listen)
    try:
        return parsing.spoken(reply.text)
    except Unreadable as error:
        raise ModelError(f"{role.voice.model.name}: {error}") from None


async def understood(session: Session, partner: Partner, config: Config, scoring: Scoring, backends: Backends) -> Rival:
    """What the therapist has understood of the person who played, and how near it is to what was to be played."""
    cast = cast_of(partner, config, backends, session.seed)
    view = therapist_view(cast, session.lines)
    decoding = await decode(Talk(partner.encoded.view, view), partner.encoded, scoring.embedder, scoring.thresholds, cast)
    return record_of(cast, session.lines, scores(decoding, asked_by_component(session.lines)))
