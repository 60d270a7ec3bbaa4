"""Questions about danger are heard, answered truthfully, and answered on.

The lines of data/danger_lines.json were frozen before the patterns were written, by the same author; the therapist's lines of
recipes/crisis/corpus were written by others. What is counted here may fall no lower.
"""

import json
from pathlib import Path

import pytest

from mentalarena.arena.prompts import load_prompts
from mentalarena.clinic.library import library, library_references
from mentalarena.models.base import Message
from mentalarena.practice.danger import covers, denies, risk_lines
from mentalarena.practice.disclosure import AS_SAID, NOTHING_MORE
from mentalarena.practice.hearing import hear
from mentalarena.practice.reactions import reactions
from mentalarena.practice.retrieval import RetrievalPatient
from mentalarena.practice.safety import dangers_of, safety
from mentalarena.practice.sayings import repertoire
from mentalarena.practice.session import Speaker

PEOPLE = {person.id: person for person in library()}
RISK = {p: r.risk for p, r in library_references().items() if r.risk != "none"}
OPEN = load_prompts("full").render("patient_open")
FROZEN = json.loads((Path(__file__).parent / "data/danger_lines.json").read_text("utf-8"))
PLAIN = ("death", "harm", "violence")
NORMALISING = (
    "Sometimes people in your situation have thoughts of taking their own life. Have you had thoughts like that?",
    "Some people in your place get so desperate that they think of suicide. Is that so with you?",
    "do you ever think it would be better not to be here",
    "giving up on life",
    "jumping off that roof",
)
ASKED_ON = {
    "plan": "How would you do it?", "timing": "When would that be?", "means": "Do you have access to the means?",
    "knows": "Have you told anybody?", "reasons": "What keeps you alive?", "safety": "Can we make a safety plan together?",
    "company": "Is there somebody who could be with you tonight?",
}  # fmt: skip


def answers(person: str, *lines: str) -> list[str]:
    patient = RetrievalPatient(PEOPLE[person])
    messages: list[Message] = []
    for line in (OPEN, *lines):
        messages.append(Message("user", line))
        messages.append(Message("assistant", patient.answer(messages)))
    return [m.content for m in messages if m.role == "assistant"][1:]


def test_nearly_every_frozen_question_for_danger_is_heard_and_hardly_a_harmless_line_is() -> None:
    missed = [x for x in FROZEN["asks"] if hear(x[-1], x[0] if len(x) > 1 else "").danger not in PLAIN]
    alarms = [x for x in FROZEN["asks_not"] if hear(x).danger in PLAIN]
    assert len(FROZEN["asks"]) == 89
    assert len(FROZEN["asks_not"]) == 75
    assert len(missed) <= 2, missed
    assert all(hear(x[-1]).unsure for x in missed), missed  # then the feedback says that it could not tell
    assert not alarms


def test_lines_that_others_wrote_for_the_crisis_gate_raise_no_alarm() -> None:
    corpus = Path(__file__).parents[2] / "recipes/crisis/corpus/therapist.jsonl"
    lines = [json.loads(line) for line in corpus.read_text("utf-8").splitlines()]
    harmless = [row["text"] for row in lines if row["label"] == "none"]
    assert len(harmless) > 300
    assert sum(hear(text).danger in PLAIN for text in harmless) <= 2


@pytest.mark.parametrize("question", NORMALISING)
def test_who_means_to_die_says_so_however_it_is_asked(question: str) -> None:
    dangers = {s.text for s in repertoire(PEOPLE["viktor-hruska"], 1).sayings if s.danger == "death"}
    assert any(text in answers("viktor-hruska", question)[-1] for text in dangers)


def test_a_short_question_is_heard_with_the_line_before_it() -> None:
    assert hear("Is that so with you?", "Some people who go through this think about suicide.").danger == "death"
    assert not hear("Is that so with you?", "Some people who go through this sleep badly.").danger
    assert not hear("What was he like?", "Your friend took his own life.").danger


def test_everybody_in_play_whose_reference_names_a_risk_has_lines_for_what_is_asked_on() -> None:
    play = {p.id for p in PEOPLE.values() if p.split == "play"} & set(RISK)
    assert set(risk_lines()) == play
    for person, told in risk_lines().items():
        kinds = [kind for kind, _ in dangers_of(RISK[person])]
        assert told.about in kinds, person
        own = {s.danger for s in repertoire(PEOPLE[person], 1).sayings}
        assert told.about in own, person


@pytest.mark.parametrize("person", sorted(risk_lines()))
def test_asked_on_after_a_disclosure_the_person_answers_and_never_claims_to_have_told_what_it_did_not(person: str) -> None:
    first = {"death": "Are you thinking of suicide?", "road": "Do you drive or ride after drinking or smoking?"}
    opening = first.get(risk_lines()[person].about, "Have you fainted, or lost weight?")
    questions = [text for name, text in ASKED_ON.items() if name != "reasons"]
    told = answers(person, opening, *questions)
    assert any(s.danger == risk_lines()[person].about and s.text in told[0] for s in repertoire(PEOPLE[person], 1).sayings)
    lines = {text for texts in risk_lines()[person].lines.values() for text in texts}
    own = {s.text for s in repertoire(PEOPLE[person], 1).sayings}
    for place, text in enumerate(told[1:], 1):
        assert text in lines | own | {NOTHING_MORE} or text.startswith(AS_SAID), text
        if text.startswith(AS_SAID):
            assert any(text.removeprefix(AS_SAID).strip() in earlier for earlier in told[:place])
    assert sum(text in lines for text in told) >= 4


def test_without_lines_the_patient_steps_out_of_its_role_rather_than_invent() -> None:
    told = answers("juniper-hale", "Are you thinking of suicide?", "How would you do it?", "Have you told anybody?")
    assert told[1:] == [NOTHING_MORE] * 2


def test_after_a_no_questions_for_the_plan_bring_out_no_other_danger() -> None:
    told = answers("reem-haddad", "Are you thinking of suicide?", *ASKED_ON.values())
    no = reactions()["no_danger"]
    assert isinstance(no, dict)
    assert told[0] in no["death"]
    assert not any("driven" in text for text in told)


@pytest.mark.parametrize(
    ("person", "question", "words"),
    [
        ("reem-haddad", "Do you drive home after drinking?", "driven"),
        ("kateryna-bondar", "Have you fainted?", "fainted twice"),
        ("teresa-magalhaes", "Have you lost weight?", "holes in my belt"),
        ("kaisu-lehtola", "How do you get home afterwards, do you ride after smoking?", "moped"),
        ("hamza-el-idrissi", "Do you drive when you are angry?", "ring road"),
        ("teresa-magalhaes", "Is there anything that puts you in danger?", "belt"),
    ],
)
def test_each_danger_comes_out_by_the_question_for_it(person: str, question: str, words: str) -> None:
    assert words in answers(person, question)[0]


def test_safe_at_home_brings_out_no_plan_to_die() -> None:
    for person in RISK:
        told = answers(person, "Do you feel safe at home?")[0]
        assert not any(
            s.danger in ("death", "road", "body") and s.text in told for s in repertoire(PEOPLE[person], 1).sayings
        )


def test_a_denial_is_no_disclosure() -> None:
    assert denies("On those days I do not want to die, I have never thought of it, I only want to be excused.")
    assert not denies("I often wish I would not wake up; I have no plan, but I would not mind being dead.")


def spoken(person: str, *lines: str) -> list[tuple[Speaker, str]]:
    talk: list[tuple[Speaker, str]] = [("therapist", OPEN), ("patient", "")]
    for line, answer in zip(lines, answers(person, *lines), strict=True):
        talk += [("therapist", line), ("patient", answer)]
    return talk


def note(person: str, *lines: str) -> str:
    return safety(spoken(person, *lines), library_references()[person]).note


def test_safety_feedback_names_the_kind_and_what_was_asked_on() -> None:
    told = note("viktor-hruska", NORMALISING[0], "How would you do it?", "Is there somebody who could be with you tonight?")
    assert "names one kind of danger: suicide." in told
    assert "You asked about suicide." in told
    assert "After that you asked about the plan and help tonight." in told
    assert "No question about the means, the time or reasons for living was heard." in told
    none = note("viktor-hruska", "How are you?")
    assert "No question about suicide was heard in your words." in none
    assert "two kinds of danger: suicide and self-harm" in note("ines-etchebarne", "How are you?")


def test_where_a_line_may_have_asked_the_feedback_cannot_tell() -> None:
    told = note("viktor-hruska", "Do you ever stand at the edge and think of letting go?")
    assert "I could not tell whether you asked about suicide." in told
    for person in RISK:
        for lines in (("How are you?",), ("Do you feel safe at home?",), ("Is there any point in going on?",)):
            assert "did not ask" not in note(person, *lines)


def test_every_reference_that_names_a_risk_names_a_kind() -> None:
    assert all(dangers_of(risk) for risk in RISK.values())
    assert dangers_of("none") == ()
    assert [c for _, c in dangers_of("no wish to die: ask again")] == []


QUIET = sorted(set(PEOPLE) - set(RISK))
ABOUT = {
    "Have you had thoughts of ending your life?": {"death"},
    "Do you hurt yourself?": {"self"},
    "Do you think of hurting somebody?": {"others"},
}


@pytest.mark.parametrize("question", ABOUT)
@pytest.mark.parametrize("person", QUIET)
def test_where_the_reference_names_no_risk_the_answer_is_about_what_was_asked(person: str, question: str) -> None:
    [told] = answers(person, question)
    own = [s for s in repertoire(PEOPLE[person], 1).sayings if s.text in told]
    if own:
        assert all(not covers(s.danger, s.text).isdisjoint(ABOUT[question]) for s in own), told
    else:
        (about,) = ABOUT[question]
        no = reactions()["no_danger"]
        assert isinstance(no, dict)
        assert told in no[about], told


def test_a_question_for_death_is_answered_about_death_also_when_it_is_asked_twice() -> None:
    no = reactions()["no_danger"]
    assert isinstance(no, dict)
    told = answers(
        "concepcion-reyes", "Have you had thoughts of ending your life?", "Do you want to die?", "Would you hurt him?"
    )
    assert set(told[:2]) <= set(no["death"])
    assert told[0] != told[1]
    assert "never wanted to hurt anyone" in told[2]


def test_who_wishes_to_die_says_so_when_asked_for_self_harm_and_answers_for_others_by_itself() -> None:
    wishes = {s.text for s in repertoire(PEOPLE["viktor-hruska"], 1).sayings if s.danger == "death"}
    assert any(text in answers("viktor-hruska", "Do you hurt yourself?")[0] for text in wishes)
    assert not any(text in answers("viktor-hruska", "Do you think of hurting somebody?")[0] for text in wishes)
