"""Two different candidate diagnoses by the therapist; the patient chooses, asked in both orders (paper, section 3.3)."""

from __future__ import annotations

import asyncio

from mentalarena.arena import parsing
from mentalarena.arena.encoder import EncodedPatient
from mentalarena.arena.prompts import PromptSet
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import ArenaSettings, Decoding, Diagnosis, Talk, View
from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.clinic.references import Vocabulary
from mentalarena.errors import Unreadable


def diagnosis_view(talk: Talk, decoding: Decoding, vocabulary: Vocabulary, cast: Cast) -> View:
    """What the therapist has when it diagnoses: the dialogue and its own notes. The input of a diagnosis row."""
    noted = {c: text for c, text in decoding.notes().items() if text and c != "principles"}
    notes = "\n".join(f"{LABELS[c]}: {text}" for c, text in noted.items()) or "nothing yet"
    options = ", ".join(vocabulary.disorders)
    return talk.therapist.heard(cast.therapist.prompt("diagnose", notes=notes, options=options))


def answer(diagnosis: str) -> str:
    """How the therapist states a diagnosis: what it is taught to say, and what is scored."""
    return f"diagnosis: {diagnosis}"


def told_view(view: View, diagnosis: str) -> View:
    """The therapist's view once it has stated its diagnosis."""
    return view.said(answer(diagnosis))


async def diagnose(
    view: View, encoded: EncodedPatient, vocabulary: Vocabulary, settings: ArenaSettings, cast: Cast
) -> Diagnosis:
    """The candidates and the patient's choice; `chosen` is None without two candidates, or where the orders disagree.

    With `settings.verdicts` "none" the first candidate stands, and the patient is not asked (the unselected control).
    """

    def parse(text: str) -> str:
        return parsing.name(parsing.required(text, "diagnosis"), "diagnosis", vocabulary)

    first = await cast.therapist.ask(view, "diagnosis-1", parse, form=parsing.form(diagnosis=vocabulary.disorders))
    if first is None:
        return Diagnosis((), None)
    if settings.verdicts == "none":
        return Diagnosis((first,), first)

    def parse_second(text: str) -> str:
        if (other := parse(text)) == first:
            raise Unreadable(f"expected a diagnosis other than {first}")
        return other

    again = told_view(view, first).heard(cast.therapist.prompt("diagnose_again", first=first))
    others = [name for name in vocabulary.disorders if name != first]
    second = await cast.therapist.ask(again, "diagnosis-2", parse_second, form=parsing.form(diagnosis=others))
    if second is None:
        return Diagnosis((first,), None)
    if coin := settings.chance(encoded.patient.id, "choice"):
        return Diagnosis((first, second), coin.choice((first, second)))
    return await choose((first, second), encoded.view, vocabulary, cast)


async def choose(pair: tuple[str, str], encoded: View, vocabulary: Vocabulary, cast: Cast) -> Diagnosis:
    """The patient's choice between two names, asked in both orders."""
    first, second = pair
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
    encoded: View, pair: tuple[str, str], step: str, vocabulary: Vocabulary, cast: Cast
) -> tuple[str, str] | None:
    """The patient's choice between two names, in this order, and its reason; None when it cannot be had."""

    def parse(text: str) -> tuple[str, str]:
        fields = parsing.labelled(text, ["choice", "reason"])
        choice = parsing.name(fields["choice"] or "", "diagnosis", vocabulary)
        if choice not in pair:
            raise Unreadable(f"expected one of {pair[0]} and {pair[1]}")
        return choice, fields["reason"] or ""

    form = parsing.form(reason=None, choice=pair)
    return await cast.patient.judging().ask(choice_view(encoded, pair, cast.patient.prompts), step, parse, form=form)


def choice_view(encoded: View, pair: tuple[str, str], prompts: PromptSet) -> View:
    """The patient's view when it is asked to choose: itself (S0) and the two names, outside the dialogue."""
    return encoded.heard(prompts.render("choose", first=pair[0], second=pair[1]))
