"""Feedback after a session: what the trainee understood, by the arena's own decoder; what was missed; what would have helped.

This is the evaluation of a person and may therefore read what is true of the patient (the library's references), which no
clinician has reviewed. The scores are similarities of words or sentence vectors: they are no measure of anybody's skill.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from mentalarena.arena.decoder import calibrate, compare, guide
from mentalarena.arena.types import Decoding, Talk, View
from mentalarena.clinic.clinics import open_clinic
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, Component
from mentalarena.clinic.library import LibraryReference, library_references
from mentalarena.clinic.naming import normalise_diagnosis
from mentalarena.config import Config
from mentalarena.models.backends import embedder_of
from mentalarena.models.base import Embedder
from mentalarena.practice.hearing import hear
from mentalarena.practice.partner import Partner, groups_of
from mentalarena.practice.rapport import course, needed
from mentalarena.practice.safety import safety
from mentalarena.practice.sayings import repertoire
from mentalarena.practice.session import (
    ComponentScore,
    Counts,
    DiagnosisFeedback,
    Feedback,
    Session,
    Speaker,
    Trust,
    Verdict,
    notes_of,
)

LEXICAL = (
    "This one compares words and no meaning: right notes in other words score low, and the whole talk pasted in would score. "
    "With --set play.embedder=NAME a sentence-transformers model compares meanings."
)
"""What lexical similarities are."""
SHOWN = 4
"""Things a component that the person could have said are shown."""
QUOTED = 160
"""Characters of a line that is told again."""
ASKED = 3
"""Gaps that the offline guidance speaks of."""


@dataclass(frozen=True)
class Scoring:
    """By what notes are compared: an embedder, and the thresholds that the clinic's strangers set."""

    embedder: Embedder
    thresholds: Mapping[str, float]


_KEPT: dict[tuple[object, ...], Scoring] = {}


def scoring_of(config: Config) -> Scoring:
    """The scoring that settings name; calibrated once a process."""
    key = (config.clinic.source, config.clinic.principles, config.play.embedder, config.play.threshold_quantile)
    if key not in _KEPT:
        embedder, strangers = embedder_of(config.play.embedder), open_clinic(config.clinic.source).strangers()
        _KEPT[key] = Scoring(embedder, calibrate(strangers, groups_of(config), embedder, config.play.threshold_quantile))
    return _KEPT[key]


async def feedback(session: Session, partner: Partner, scoring: Scoring) -> Feedback:
    """All that a trainee is told of a session. With a configured judge model its guidance is the judge's; otherwise prepared
    questions are chosen for the gaps. Equal sessions get equal feedback, as far as the judge answers alike."""
    decoding = compare(notes_of(session), partner.encoded, scoring.embedder, scoring.thresholds)
    asked = asked_by_component(session.lines)
    components = scores(decoding, asked)
    if partner.person is not None:
        components = tuple(_with_sayings(score, session, partner) for score in components)
    reference = library_references().get(partner.patient.person)
    return Feedback(
        components=components,
        similarity=decoding.similarity,
        embedder=scoring.embedder.name,
        guidance=await _guidance(decoding, session, partner) or prepared_guidance(decoding.gaps, asked),
        safety=safety(session.lines, reference),
        diagnosis=diagnosis_feedback(session.diagnosis, reference),
        counts=counts(session.lines),
        trust=trust_of(session, partner),
    )


def scores(decoding: Decoding, asked: Mapping[Component, int]) -> tuple[ComponentScore, ...]:
    """A decoding as scores by component; the manner of talking is left out, since nobody takes notes on it."""
    known: dict[str, Component] = {c: c for c in COMPONENTS}
    return tuple(
        ComponentScore(
            component=known[c.component],
            similarity=c.similarity,
            threshold=c.threshold,
            understood=c.understood,
            noted=c.decoded or "",
            encoded=c.encoded,
            asked=asked.get(known[c.component], 0),
            questions=() if c.understood else tuple(questions()[c.component]),
        )
        for c in decoding.comparisons
        if c.component in known
    )


def asked_by_component(lines: Sequence[tuple[Speaker, str]]) -> dict[Component, int]:
    """How many of the trainee's lines ask for each component (the greeting left out)."""
    found: dict[Component, int] = dict.fromkeys(COMPONENTS, 0)
    for text in _own(lines):
        line = hear(text)
        for component in line.components if line.asks else ():
            found[component] += 1
    return found


def side_by_side(own: Sequence[ComponentScore], other: Sequence[ComponentScore]) -> tuple[float, float]:
    """The mean similarity of each over the components that both have: a therapist model is not probed for the history."""
    shared = {c.component for c in own} & {c.component for c in other}
    means = (
        [sum(c.similarity for c in one if c.component in shared) / len(shared) for one in (own, other)]
        if shared
        else [0, 0]
    )
    return means[0], means[1]


def prepared_guidance(gaps: Sequence[str], asked: Mapping[Component, int]) -> str:
    """Without a judge: prepared questions for what was not understood, first for what was never asked about."""
    if not gaps:
        return "You have understood every side of this person that is compared. You could now summarise it to them."
    known: dict[str, Component] = {c: c for c in COMPONENTS}
    order = sorted((known[gap] for gap in gaps if gap in known), key=lambda c: asked.get(c, 0) > 0)
    told = [f'{LABELS[c]}: "{questions()[c][asked.get(c, 0) % len(questions()[c])]}"' for c in order[:ASKED]]
    return "Questions that may help. " + " ".join(told)


def diagnosis_feedback(text: str, reference: LibraryReference | None) -> DiagnosisFeedback:
    """The diagnosis in the trainee's words (clinic/naming.py reads it) beside the reference."""
    named = normalise_diagnosis(text).entries if text.strip() else ()
    if reference is None:
        return DiagnosisFeedback(verdict="unknown", named=named)
    main, *others = reference.disorders
    verdict: Verdict = "wrong"
    if not named:
        verdict = "not named"
    elif set(named) <= set(reference.disorders):
        verdict = "right" if main in named else "also present"
    elif len(named) > 1:
        verdict = "several named"
    elif named[0] in reference.confusable_with:
        verdict = "easily confused"
    return DiagnosisFeedback(
        verdict=verdict,
        named=named,
        reference=(main, *others),
        differential=reference.confusable_with,
        rule_out=reference.rule_out,
        cues=reference.cues,
        treatments=reference.psychotherapy,
        medicines=reference.medicine,
        guideline=reference.guideline,
        clinician_reviewed=reference.clinician_reviewed == "yes",
    )


def counts(lines: Sequence[tuple[Speaker, str]]) -> Counts:
    """Plain counts; questions, reflections and advice are read by cue words (hearing.py)."""
    own = [hear(text) for text in _own(lines)]
    return Counts(
        questions=sum(line.asks for line in own),
        open_questions=sum(line.open for line in own),
        reflections=sum(line.has("reflective", "empathic") for line in own),
        advice=sum(line.has("advice") for line in own),
        words=sum(len(text.split()) for text in _own(lines)),
        patient_words=sum(len(text.split()) for who, text in lines if who == "patient"),
    )


def trust_of(session: Session, partner: Partner) -> Trust | None:
    """How the trust of a patient without a model went."""
    if not partner.offline or not session.lines:
        return None
    messages, _ = partner.request(session.lines)  # as the patient hears the talk
    heard, said = ([m.content for m in messages if m.role == role] for role in ("user", "assistant"))
    points, enough = course(heard, said), needed(session.style, session.difficulty)
    lines = list(zip(heard, points, [0.0, *points], strict=False))
    return Trust(
        points=points[-1],
        needed=enough,
        reached=next((_short(text) for text, now, _ in lines if now >= enough), ""),
        cost=tuple(_short(text) for text, now, before in lines if now < before),
    )


def _short(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED].rstrip()} ..."


@lru_cache
def questions() -> dict[str, list[str]]:
    """Prepared questions by component, and for `danger`; written for this project."""
    found: dict[str, list[str]] = json.loads(
        files("mentalarena.practice").joinpath("data/questions.json").read_text("utf-8")
    )
    return found


async def _guidance(decoding: Decoding, session: Session, partner: Partner) -> str | None:
    if partner.cast is None or not decoding.gaps or not session.lines:
        return None
    messages, _ = partner.request(session.lines)
    talk = Talk(View(messages), partner.cast.therapist.view())
    named = Decoding(tuple(c for c in decoding.comparisons if c.component in COMPONENTS))
    return await guide(named, talk, partner.cast)


def _with_sayings(score: ComponentScore, session: Session, partner: Partner) -> ComponentScore:
    """With what the person could have said about a component that was not understood."""
    person = partner.person
    if person is None or score.understood:
        return score
    number = [one.id for one in person.patients()].index(partner.patient.id) + 1
    said = "\n".join(text for who, text in session.lines if who == "patient")
    left = [
        s for s in repertoire(person, number).sayings if s.component == score.component and not s.own and s.text not in said
    ]
    left.sort(key=lambda s: -s.near)
    return score.model_copy(update={"could_say": tuple(s.text for s in left[:SHOWN])})


def _own(lines: Sequence[tuple[Speaker, str]]) -> list[str]:
    """The trainee's lines after the greeting."""
    return [text for who, text in lines if who == "therapist"][1:]
