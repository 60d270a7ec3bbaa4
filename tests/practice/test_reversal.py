"""Promises of the reversal: 1 the therapist hears what the person says and never the card; 2 its notes are scored by the decoder;
3 a model that cannot answer loses nothing."""

from __future__ import annotations

import asyncio

import pytest

from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.errors import ModelError
from mentalarena.models.backends import Backends
from mentalarena.models.scripted import ScriptedModel
from mentalarena.practice.feedback import scoring_of
from mentalarena.practice.partner import Partner, choose, partner_of
from mentalarena.practice.reversal import card, question, therapist_view, understood
from mentalarena.practice.rival import cast_of, checklist
from mentalarena.practice.session import Session, heard, new_session, said
from mentalarena.settings import load_config

LIBRARY = load_config(None, ["clinic.source=library"])
SCRIPTED = load_config(None, ["clinic.source=library", "models.all.provider=scripted", "models.all.prompts=full"])


def partner() -> Partner:
    patient, person = choose(None, 4)
    return asyncio.run(partner_of(patient, person, "plain", "normal", 4, LIBRARY))


def talked(one: Partner, *answers: str) -> Session:
    """A session in which the person gave these answers to the checklist."""
    session = said(new_session(one.patient.id, part="patient", model=one.model.name), one.greeting)
    for number, answer in enumerate(answers):
        session = heard(session, answer)
        session = said(session, checklist()[number][1])
    return session


def test_the_checklist_asks_one_prepared_question_after_the_other() -> None:
    one, backends = partner(), Backends(alone=True)
    session = said(new_session(one.patient.id, part="patient"), one.greeting)
    for _, wanted in checklist()[:3]:
        session = heard(session, "I would rather not say.")
        told: list[str] = []
        asked = asyncio.run(question(session, one, LIBRARY, backends, told.append))
        assert asked == wanted
        assert told[-1] == wanted
        session = said(session, asked)
        assert not session.owed


def test_the_therapist_sees_what_was_said_and_nothing_of_the_card() -> None:
    one = partner()
    session = talked(one, "I came because I cannot sleep.", "It is the nights.")
    view = therapist_view(cast_of(one, LIBRARY, Backends(alone=True), 0), session.lines)
    spoken = "\n".join(message.content for message in view.messages)
    assert "I came because I cannot sleep." in spoken
    assert [message.role for message in view.messages] == ["system", "user", "assistant", "user", "assistant"]
    for component in COMPONENTS:
        if text := one.patient.cognitive_model.text(component):
            assert text not in spoken


def test_what_was_told_word_for_word_is_understood_and_what_was_not_is_not() -> None:
    one = partner()
    own = one.patient.cognitive_model
    by_component = [component for component, _ in checklist()]
    answers = ["Something brings me here."]  # the answer to the greeting
    answers += [own.text(c) if c in ("situation", "emotions") else "I do not know." for c in by_component[:4]]
    found = asyncio.run(understood(talked(one, *answers), one, LIBRARY, scoring_of(LIBRARY), Backends(alone=True)))
    known = {score.component for score in found.components if score.understood}
    assert {"situation", "emotions"} <= known
    assert "coping_strategies" not in known
    assert found.problem == ""


def test_the_card_holds_what_the_person_is_to_play() -> None:
    one = partner()
    told = dict(card(one))
    assert told["core beliefs"] == one.patient.cognitive_model.text("core_beliefs")
    assert told["about you"] == one.patient.about()


def test_a_configured_model_asks_and_a_failing_one_is_an_error() -> None:
    one, backends = partner(), Backends(alone=True)
    session = heard(said(new_session(one.patient.id, part="patient"), one.greeting), "I am tired.")
    backends.scripted = ScriptedModel(lambda messages, sampling: "And what is that like?")
    assert asyncio.run(question(session, one, SCRIPTED, backends, lambda text: None)) == "And what is that like?"
    backends.scripted = ScriptedModel(lambda messages, sampling: "  ")
    with pytest.raises(ModelError):
        asyncio.run(question(session, one, SCRIPTED, backends, lambda text: None))
