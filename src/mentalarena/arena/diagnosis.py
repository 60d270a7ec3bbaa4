"""Two different candidate diagnoses by the therapist; the patient chooses, asked in both orders (paper, section 3.3)."""

from __future__ import annotations

import asyncio

from mentalarena.arena import parsing
from mentalarena.arena.encoder import EncodedPatient
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import Decoding, Diagnosis, Talk, View
from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.clinic.references import Vocabulary
from mentalarena.errors import Unreadable


def diagnosis_view(talk: Talk, decoding: Decoding, vocabulary: Vocabulary, cast: Cast) -> View:
    """What the therapist has when it diagnoses: the dialogue and its own notes. The input of a diagnosis row."""
    noted = {c: text for c, text in decoding.notes().items() if text and c != "principles"}
    notes = "\n".join(f"{LABELS[c]}: {text}" for c, text in noted.items()) or "nothing yet"
    options = ", ".join(vocabulary.disorders)
    return talk.therapist.heard(cast.therapist.prompt("diagnose", notes=notes, options=options))


async def diagnose(view: View, encoded: EncodedPatient, vocabulary: Vocabulary, cast: Cast) -> Diagnosis:
    """The candidates and the patient's choice; `chosen` is None without two candidates, or where the orders disagree."""

    def parse(text: str) -> str:
        return parsing.name(parsing.required(text, "diagnosis"), "diagnosis", vocabulary)

    first = await cast.therapist.ask(view, "diagnosis-1", parse)
    if first is None:
        return Diagnosis((), None)

    def parse_second(text: str) -> str:
        if (other := parse(text)) == first:
            raise Unreadable(f"expected a diagnosis other than {first}")
        return other

    again = view.said(f"diagnosis: {first}").heard(cast.therapist.prompt("diagnose_again", first=first))
    second = await cast.therapist.ask(again, "diagnosis-2", parse_second)
    if second is None:
        return Diagnosis((first,), None)
    votes = await asyncio.gather(
        _vote(encoded, (first, second), "choice-1", vocabulary, cast),
        _vote(encoded, (second, first), "choice-2", vocabulary, cast),
    )
    choices = tuple(vote[0] if vote else None for vote in votes)
    agreed = None not in choices and choices[0] == choices[1]
    if not agreed and None not in choices:
        cast.patient.ledger.problem("choice", "patient", "inconsistent", f"{choices[0]} / {choices[1]} when asked in turn")
    reasons = tuple(vote[1] for vote in votes if vote and vote[1])
    return Diagnosis((first, second), choices[0] if agreed else None, choices, reasons)


async def _vote(
    encoded: EncodedPatient, pair: tuple[str, str], step: str, vocabulary: Vocabulary, cast: Cast
) -> tuple[str, str] | None:
    """The choice and the patient's reason for it."""

    def parse(text: str) -> tuple[str, str]:
        fields = parsing.labelled(text, ["choice", "reason"])
        choice = parsing.name(fields["choice"] or "", "diagnosis", vocabulary)
        if choice not in pair:
            raise Unreadable(f"expected one of {pair[0]} and {pair[1]}")
        return choice, fields["reason"] or ""

    question = cast.patient.prompt("choose", first=pair[0], second=pair[1])
    return await cast.patient.ask(encoded.view.heard(question), step, parse)
