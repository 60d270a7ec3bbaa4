"""What was said, by whom, as the clinical checks read it."""

import pytest

from mentalarena.arena.prompts import load_prompts
from mentalarena.audit.dialogue import facts_of, heard_in_row
from mentalarena.audit.rows import Example
from mentalarena.clinic.cognitive_model import CognitiveModel, CoreBeliefs, Patient, Voice
from mentalarena.models.base import Message

LINES = (("patient", "I lie awake."), ("therapist", "Since when?"), ("patient", "Since March."))


def told(*messages: tuple[str, str]) -> tuple[Message, ...]:
    return tuple(Message(role, text) for role, text in messages)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["compact", "full"])
def test_notes_supervision_intake_and_what_is_asked_are_no_talk(name: str) -> None:
    prompts = load_prompts(name)
    prompt = told(
        ("system", prompts.render("therapist_system")),
        ("user", f"{prompts.render('intake', about='age 34')}\nI lie awake."),
        ("assistant", "Since when?"),
        ("user", f"Since March.\n{prompts.render('guidance_note', guidance='ask about death.')}\n"
                 f"{prompts.render('diagnose', notes='situation: I want to die', options='a, b')}"),
        ("assistant", "diagnosis: insomnia disorder"),
        ("user", prompts.render("propose", kind="medicine", options="a, b")),
    )  # fmt: skip
    heard = heard_in_row(Example("medicine", prompt, ("medicine: melatonin",)))
    assert heard.lines == LINES
    assert heard.spoken


@pytest.mark.parametrize("name", ["compact", "full"])
@pytest.mark.parametrize("kind", ["talk", ""])
def test_of_the_patients_own_talk_the_answer_is_left_out(name: str, kind: str) -> None:
    system = load_prompts(name).render("patient_system", principles="i am brief", profile="history: i had a stroke in May")
    prompt = told(("system", system), ("user", "Since when?"), ("assistant", "Since March."), ("user", "And now?"))
    heard = heard_in_row(Example(kind, prompt, ("I want to die.",)))
    assert heard.lines == (("therapist", "Since when?"), ("patient", "Since March."), ("therapist", "And now?"))
    assert heard.facts == ("i had a stroke in May",)


def test_rows_without_talk_have_no_dialogue_and_foreign_rows_are_read_whole() -> None:
    prompt = told(("user", "Which fits you better?"))
    assert not heard_in_row(Example("choice", prompt, ("choice: a",))).spoken
    assert not heard_in_row(Example("diagnosis", prompt, ("diagnosis: a",))).spoken
    foreign = heard_in_row(Example("", told(("user", "I want to die.")), ("Are you safe now?",)))
    assert foreign.lines == (("patient", "I want to die."), ("therapist", "Are you safe now?"))


def test_facts_are_a_life_and_no_thoughts() -> None:
    model = CognitiveModel(
        "p",
        "Ada",
        "she had a stroke",
        CoreBeliefs(("i am dying",)),
        situation="in the lift",
        automatic_thoughts="my heart stops",
    )
    patient = Patient(model, (("age", "70"),), voice=Voice(offered=("I take lithium.", "I am tired.")))
    assert facts_of(patient.encoded()) == ("age 70", "she had a stroke", "in the lift", "I take lithium.", "I am tired.")
    assert facts_of("") == ()
