"""The dialogue: patient and therapist, each with its own view. What one says is all that the other hears."""

from __future__ import annotations

from mentalarena.arena import parsing
from mentalarena.arena.encoder import EncodedPatient
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import Talk, View
from mentalarena.models.base import Message


async def open_talk(encoded: EncodedPatient, intake: bool, cast: Cast) -> Talk | None:
    """The patient says why it came. None when it cannot be had. With `intake` the therapist has its demographics."""
    patient = encoded.view.heard(cast.patient.prompt("patient_open"))
    opening = await cast.patient.ask(patient, "talk", parsing.spoken, whole=False)
    if opening is None:
        return None
    therapist = cast.therapist.view()
    if intake and (about := encoded.patient.about()):
        therapist = therapist.heard(cast.therapist.prompt("intake", about=about))
    return Talk(patient.said(opening), therapist.heard(opening))


def with_intake(talk: Talk, before: str, after: str, cast: Cast) -> Talk:
    """The same talk, word for word, behind an intake sheet that tells `after` in place of `before` (`Patient.about`).

    Raises `ValueError` for a talk that does not begin with that sheet.
    """
    system, first, *rest = talk.therapist.messages
    old, new = (cast.therapist.prompt("intake", about=about) for about in (before, after))
    if not first.content.startswith(old):
        raise ValueError(f"a talk without the sheet {old!r}; expected one with it")
    return Talk(talk.patient, View((system, Message("user", new + first.content.removeprefix(old)), *rest)))


async def exchange(talk: Talk, cast: Cast) -> Talk | None:
    """One question and its answer. None when one of the two cannot be had."""
    question = await cast.therapist.ask(talk.therapist, "talk", parsing.spoken, whole=False)
    if question is None:
        return None
    patient = talk.patient.heard(question)
    answer = await cast.patient.ask(patient, "talk", parsing.spoken, whole=False)
    if answer is None:
        return None
    return Talk(patient.said(answer), talk.therapist.said(question).heard(answer))


async def exchanges(talk: Talk | None, turns: int, cast: Cast) -> Talk | None:
    """Several of them in a row; None as soon as one fails."""
    for _ in range(turns):
        talk = await exchange(talk, cast) if talk else None
    return talk
