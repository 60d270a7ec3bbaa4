"""Feedback judges a person by the arena's own decoder, and tells what was missed."""

import ast
import asyncio
import json
import re
from pathlib import Path

import pytest

import mentalarena.practice
from mentalarena.arena.decoder import compare
from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.clinic.library import library_references
from mentalarena.errors import ConfigError
from mentalarena.models.backends import Backends
from mentalarena.notices import CRISIS
from mentalarena.practice import session as change
from mentalarena.practice.export import NOTICE, exported, plain
from mentalarena.practice.feedback import (
    Scoring,
    asked_by_component,
    diagnosis_feedback,
    feedback,
    prepared_guidance,
    questions,
    scoring_of,
    side_by_side,
)
from mentalarena.practice.partner import Partner, choose, instructions, partner_again, partner_of, people, settings_of
from mentalarena.practice.rapport import DIFFICULTIES, STYLES, rapport, trusts
from mentalarena.practice.rival import CHECKLIST, checklist, rival, watch
from mentalarena.practice.safety import safety
from mentalarena.practice.session import Session, new_session

CONFIG = settings_of(None)
SCRIPTED = settings_of(None, ["models.all.provider=scripted"])


@pytest.fixture(scope="module")
def scoring() -> Scoring:
    return scoring_of(CONFIG)


def partner(patient: str = "reem-haddad-1", config: object = CONFIG) -> Partner:
    assert config in (CONFIG, SCRIPTED)
    settings = CONFIG if config is CONFIG else SCRIPTED
    return asyncio.run(partner_of(*choose(patient, 0, settings), "plain", "normal", 0, settings, Backends(alone=True)))


def talked(with_: Partner, *lines: str) -> Session:
    session = change.said(new_session(with_.patient.id, model=with_.model.name), with_.greeting)
    session = change.heard(session, asyncio.run(with_.answer(session.lines)))
    for line in lines:
        session = change.said(session, line)
        session = change.heard(session, asyncio.run(with_.answer(session.lines)))
    return session


def test_the_score_is_the_arenas_decoder(scoring: Scoring) -> None:
    met = partner()
    session = change.noted(talked(met), "emotions", met.patient.cognitive_model.emotions)
    found = asyncio.run(feedback(session, met, scoring))
    decoding = compare(change.notes_of(session), met.encoded, scoring.embedder, scoring.thresholds)
    assert [(c.component, c.similarity, c.understood) for c in found.components] == [
        (c.component, c.similarity, c.understood) for c in decoding.comparisons
    ]
    assert found.understood == ("emotions",)
    assert found.similarity == decoding.similarity
    assert "emotions" not in found.gaps


def test_what_was_missed_is_told_with_what_the_person_could_have_said_and_questions_for_it(scoring: Scoring) -> None:
    met = partner()
    session = talked(met, "When did this begin?")
    found = asyncio.run(feedback(session, met, scoring))
    spoken = " ".join(text for _, text in session.lines)
    for score in found.components:
        assert score.questions == tuple(questions()[score.component])
        assert score.could_say
        assert not any(text in spoken for text in score.could_say)
        assert score.encoded == met.patient.cognitive_model.text(score.component)
    assert {c.component: c.asked for c in found.components}["history"] == 1
    assert "core beliefs" in found.guidance


WARM = (
    "That sounds very hard. Can you tell me more about it?",
    "I can imagine how lonely that is. How do you feel then?",
    "It sounds as if you carry all of it alone. What goes through your mind?",
)


def test_trust_is_told_with_the_line_that_earned_it_and_those_that_cost_some(scoring: Scoring) -> None:
    met, long = partner(), "You should really do some sport, " + "every single day, " * 20
    cold = asyncio.run(feedback(talked(met, "Do you sleep?", long), met, scoring)).trust
    assert cold
    assert (cold.reached, len(cold.cost)) == ("", 1)
    assert cold.cost[0].startswith("You should really")
    assert len(cold.cost[0]) < 170
    assert any("did not come to trust you: 0.0 of the 5.0 points" in line for line in cold.told)
    session = talked(met, *WARM, "You are pathetic.")
    warm = asyncio.run(feedback(session, met, scoring)).trust
    assert warm
    assert warm.reached in WARM
    assert warm.cost == ("You are pathetic.",)
    heard = [text for who, text in session.lines if who == "therapist"]
    said = [text for who, text in session.lines if who == "patient"]
    until = heard.index(warm.reached)
    assert trusts(rapport(heard[: until + 1], said), "plain", "normal"), "as the patient itself has it"
    assert not trusts(rapport(heard[:until], said), "plain", "normal")
    assert ("In the end there was not enough trust any more." in warm.told) == (warm.points < warm.needed)


def test_nobody_counts_the_trust_of_a_model(scoring: Scoring) -> None:
    met = partner(config=SCRIPTED)
    assert asyncio.run(feedback(talked(met, *WARM), met, scoring)).trust is None


def test_prepared_guidance_names_first_what_was_never_asked_about() -> None:
    told = prepared_guidance(("history", "emotions"), {"history": 2})
    assert told.index("emotions") < told.index("history")
    assert "summarise" in prepared_guidance((), {})


def test_every_prepared_question_is_heard_as_a_question_for_its_component() -> None:
    for component in COMPONENTS:
        for question in questions()[component]:
            assert asked_by_component([("therapist", "hello"), ("therapist", question)])[component] == 1, question


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("alcohol use disorder", "right"),
        ("I think it is alcohol use disorder, not depression", "right"),
        ("major depressive disorder", "easily confused"),
        ("schizophrenia", "wrong"),
        ("", "not named"),
        ("something is wrong", "not named"),
        ("PTSD or panic disorder", "several named"),
    ],
)
def test_the_diagnosis_is_read_against_the_reference(text: str, verdict: str) -> None:
    found = diagnosis_feedback(text, library_references()["reem-haddad"])
    assert found.verdict == verdict
    assert found.reference == ("alcohol use disorder",)
    assert not found.clinician_reviewed
    assert diagnosis_feedback(text, None).verdict == "unknown"


def test_one_of_two_disorders_is_told_as_such() -> None:
    reference = library_references()["linh-vuong"]
    assert diagnosis_feedback("depression", reference).verdict == "also present"
    assert diagnosis_feedback("social anxiety disorder and major depressive disorder", reference).verdict == "right"


def test_safety_tells_whether_danger_was_asked_about_and_met() -> None:
    reference = library_references()["viktor-hruska"]
    met = partner("viktor-hruska-1")
    silent = safety(talked(met, "How are you?").lines, reference)
    assert (silent.asked, silent.told, silent.met) == (False, False, True), "there was nothing yet to be met"
    assert "No question about suicide was heard" in silent.note
    assert "did not ask" not in silent.note
    asked = safety(talked(met, "Do you think of ending your life?").lines, reference)
    assert (asked.asked, asked.told, asked.met) == (True, True, True)
    passed_over = safety(talked(met, "Do you think of ending your life?", "Nice weather.").lines, reference)
    assert (passed_over.asked, passed_over.told, passed_over.met) == (True, True, False)
    step = "Let us make a safety plan together now, and I will call the crisis team."
    cared_for = safety(talked(met, "Do you think of ending your life?", step).lines, reference)
    assert (cared_for.asked, cared_for.told, cared_for.met) == (True, True, True)
    assert reference.risk in asked.note
    assert safety((), library_references()["anneke-de-wit"]).risk == "none"
    assert safety((), None).risk == "unknown"


def test_counts_are_plain(scoring: Scoring) -> None:
    session = talked(partner(), "How do you feel?", "Do you sleep?", "That sounds hard.", "You should rest.")
    counts = asyncio.run(feedback(session, partner(), scoring)).counts
    assert (counts.questions, counts.open_questions, counts.reflections, counts.advice) == (2, 1, 1, 1)
    assert counts.open_share == 0.5
    assert counts.talk_share is not None
    assert 0 < counts.talk_share < 1


def test_the_checklist_asks_the_same_patient_as_often_and_is_judged_alike(scoring: Scoring) -> None:
    met = partner()
    session = talked(met, *["How do you feel?"] * 6)
    found = asyncio.run(rival(session, met, CONFIG, scoring, Backends(alone=True)))
    assert found.name == CHECKLIST
    assert found.questions == session.turns == 6
    assert not found.problem
    own = [text for who, text in found.lines if who == "therapist"][1:]
    assert own == [question for _, question in checklist()[:6]]
    assert "automatic_thoughts" in {c.component for c in found.components if c.understood}
    judged = asyncio.run(feedback(session, met, scoring))
    mine, theirs = side_by_side(judged.components, found.components)
    assert mine == 0.0
    assert theirs == pytest.approx(found.similarity)


def test_a_configured_therapist_plays_the_same_patient(scoring: Scoring) -> None:
    met = partner()
    found = asyncio.run(rival(talked(met), met, SCRIPTED, scoring, Backends(alone=True)))
    assert found.name == "scripted"
    assert found.lines[1] == ("patient", met.model.answer([met.request([])[0][1]]))  # type: ignore[attr-defined]

    async def lines() -> list[tuple[str, str]]:
        return [line async for line in watch(met, SCRIPTED, Backends(alone=True), 3)]

    assert [who for who, _ in asyncio.run(lines())] == ["therapist", "patient"] * 4


def test_a_configured_model_plays_the_patient_with_the_arenas_prompts_and_the_days_manner(scoring: Scoring) -> None:
    met = partner(config=SCRIPTED)
    system = met.request([])[0][0].content
    assert met.patient.encoded() in system
    assert met.encoded.principles.text() in system
    assert instructions("plain", "normal") in system
    assert met.request([("therapist", "a")]) == met.request([("therapist", "a")])
    session = talked(met)
    judged = asyncio.run(feedback(session, met, scoring))
    assert judged.guidance.startswith("ask about")  # the scripted judge's
    again = session.model_copy(update={"manner": met.encoded.principles.id})
    assert asyncio.run(partner_again(again, SCRIPTED, Backends(alone=True))).encoded == met.encoded
    with pytest.raises(ConfigError, match="begun with scripted"):
        asyncio.run(partner_again(again, CONFIG))


def test_every_style_and_difficulty_has_instructions() -> None:
    told = {instructions(style, difficulty) for style in STYLES for difficulty in DIFFICULTIES}
    assert len(told) == len(STYLES) * len(DIFFICULTIES)
    assert all("$" not in text for text in told)


def test_people_for_evaluation_are_refused_unless_asked_for() -> None:
    assert {person.split for person in people()} == {"play"}
    with pytest.raises(ConfigError, match="for evaluation"):
        choose("gareth-moxon", 0)
    assert choose("gareth-moxon", 0, every=True)[0].id == "gareth-moxon-1"
    assert choose(None, 3) == choose(None, 3)
    assert choose("reem-haddad-3", 0)[0].id == "reem-haddad-3"
    with pytest.raises(ConfigError, match="nobody in the library"):
        choose("nobody", 0)


def test_own_patients_come_from_a_file_and_a_model_plays_them(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"id": "me", "history": "h", "emotions": "sad", "coping_strategies": "i wait"}) + "\n")
    config = settings_of(None, [f"clinic.source={path}", "models.all.provider=scripted"])
    met = asyncio.run(partner_of(*choose(None, 0, config), "upset", "hard", 0, config, Backends(alone=True)))
    assert met.patient.id == "me"
    assert asyncio.run(met.answer([("therapist", "hello")]))
    with pytest.raises(ConfigError, match="expected one such as me"):
        choose("you", 0, config)


TRUE = {"library_references", "LibraryReference", "Reference", "references", "truths", "draw"}
"""Names under which what is true of a patient can be had: of modules, functions, types and methods."""


def reads_truth(source: str) -> bool:
    """Whether a module imports, names or spells out anything by which what is true of a patient can be had."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import() | ast.ImportFrom():
                found.update(part for alias in node.names for part in alias.name.split("."))
                found.update((getattr(node, "module", None) or "").split("."))
            case ast.Name():
                found.add(node.id)
            case ast.Attribute():
                found.add(node.attr)
            case ast.Constant(value=str() as text) if len(text.split()) == 1:  # as getattr and import_module have it
                found.update(re.split(r"[./]", text))
    return bool(found & TRUE)


@pytest.mark.parametrize(
    "source",
    [
        "from mentalarena.clinic.library import library_references",
        "from mentalarena.clinic.library import library_references as people",
        "import mentalarena.clinic.references",
        "from mentalarena.clinic import references",
        "from mentalarena.clinic.references import Split",
        "import mentalarena.clinic.references as known",
        "from mentalarena.clinic import library\nlibrary.library_references()",
        "import mentalarena.clinic.library as found\nfound.library_references()['x'].disorders",
        "import mentalarena.clinic.library as found\ngetattr(found, 'library_references')()",
        "import importlib\nimportlib.import_module('mentalarena.clinic.references')",
        "from mentalarena.practice.feedback import library_references",
        "from mentalarena.stages.run import truths",
        "from mentalarena.clinic.clinics import open_clinic\nopen_clinic('library').draw('play', 1, 0)",
        "path = files('mentalarena.clinic').joinpath('data/library/references.jsonl')",
    ],
)
def test_every_way_to_what_is_true_is_seen(source: str) -> None:
    assert reads_truth(source)
    assert not reads_truth("from mentalarena.clinic.library import library\nlibrary()")


def test_only_feedback_reads_what_is_true_of_a_patient() -> None:
    (folder,) = mentalarena.practice.__path__
    files = sorted(Path(folder).rglob("*.py"))
    assert len(files) > 9
    assert [path.name for path in files if reads_truth(path.read_text("utf-8"))] == ["feedback.py", "safety.py"]


def test_exports_say_that_it_is_no_care_and_show_hostile_text_as_text(scoring: Scoring) -> None:
    met = partner()
    session = talked(met, "<script>alert(1)</script> **bold** [x](javascript:1) | \x1b[31m\n# head")
    session = change.judged(session, asyncio.run(feedback(session, met, scoring)))
    session = change.compared(session, asyncio.run(rival(session, met, CONFIG, scoring, Backends(alone=True))))
    text = exported(session, "md")
    assert NOTICE in text
    assert CRISIS in text
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\n# head" not in text
    assert "## Feedback" in text
    assert CHECKLIST.split(" ")[0] in text
    assert plain("a|b") == "a\\|b"
    whole = json.loads(exported(session, "json"))
    assert whole["notice"] == NOTICE
    assert Session.model_validate({k: v for k, v in whole.items() if k not in ("notice", "crisis")}) == session
    row = json.loads(exported(session, "jsonl"))
    assert row["notice"] == NOTICE
    roles = [m["role"] for m in row["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert exported(session, "jsonl").count("\n") == 1
    with pytest.raises(ValueError, match="expected one of"):
        exported(session, "exe")
