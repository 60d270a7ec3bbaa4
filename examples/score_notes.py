"""A person's notes scored by the same decoder: talk with somebody of the library offline, take notes, get feedback."""

import asyncio

from mentalarena.practice.feedback import feedback, scoring_of
from mentalarena.practice.partner import choose, partner_of, settings_of
from mentalarena.practice.session import diagnosed, heard, new_session, noted, said

QUESTIONS = (
    "What would you like to talk about?",
    "What went through your mind then?",
    "How did you feel?",
    "What do you do to get through it?",
)


async def practise() -> None:
    """Ask, answer, note; the patient answers from the person's own words, and no model is needed."""
    config = settings_of(None)
    patient, person = choose("reem-haddad", seed=0)
    partner = await partner_of(patient, person, "plain", "normal", 0, config)
    session = said(new_session(patient.id), partner.greeting)
    session = heard(session, await partner.answer(session.lines))
    for question in QUESTIONS:
        session = said(session, question)
        session = heard(session, await partner.answer(session.lines))
    session = noted(session, "automatic_thoughts", session.lines[-5][1])  # what followed the second question
    session = noted(session, "emotions", session.lines[-3][1])
    session = noted(session, "coping_strategies", session.lines[-1][1])
    session = diagnosed(session, "depression?")
    for who, text in session.lines:
        print(f"{who:9}  {text}")
    print()
    told = await feedback(session, partner, scoring_of(config))
    for score in told.components:
        print(
            f"{score.similarity:.2f} of {score.threshold:.2f}  {score.component}{'  understood' if score.understood else ''}"
        )
    print(f"diagnosis: {told.diagnosis.verdict}; open questions: {told.counts.open_questions} of {told.counts.questions}")
    print(told.guidance)


asyncio.run(practise())
print(
    "A simulation of an invented person, read by no clinician. The scores are likeness of words, and no measure of skill."
)
