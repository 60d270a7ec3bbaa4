"""Drafts: schema-checked, marked, and nothing is lost of the others when one fails."""

import asyncio
from pathlib import Path

import pytest

from mentalarena.clinic.cognitive_model import Patient
from mentalarena.errors import DataError
from mentalarena.models.scripted import Script, ScriptedModel
from mentalarena.stages.draft import draft, read_vignettes

ANSWER = """history: I moved often.
helpless beliefs: I am stuck; I am weak
unlovable beliefs: unknown
worthless beliefs: none
intermediate beliefs: If I ask, I am weak.
intermediate beliefs during depression: unknown
coping strategies: I stay in bed.
situation: unknown
automatic thoughts: They are tired of me.
emotions: sad
behavior: unknown"""


def drafted(script: Script, *vignettes: str) -> tuple[list[Patient], list[str]]:
    found: list[Patient] = []
    return found, asyncio.run(draft(vignettes, ScriptedModel(script), "full", "CC0-1.0", found.append))


def test_a_draft_holds_what_was_answered_and_says_that_it_is_one() -> None:
    found, failed = drafted(lambda messages, sampling: ANSWER, "someone who moved often")
    assert failed == []
    patient = found[0]
    assert patient.cognitive_model.core_beliefs.helpless == ("I am stuck", "I am weak")
    assert patient.cognitive_model.core_beliefs.worthless == ()
    assert patient.cognitive_model.situation == ""
    assert patient.cognitive_model.emotions == "sad"
    assert (patient.source, patient.licence) == ("draft by scripted from notes, not reviewed", "CC0-1.0")


def test_an_answer_without_a_cognitive_model_is_asked_for_again_and_then_told() -> None:
    asked: list[str] = []

    def script(messages: object, sampling: object) -> str:
        asked.append(messages[-1].content)  # type: ignore[index]
        return ANSWER if "second" in messages[1].content else "emotions: sad"  # type: ignore[index]

    found, failed = drafted(script, "first", "second")
    assert len(found) == 1, "the other is kept"
    assert len(asked) == 3
    assert "expected at least 4" in asked[1]
    assert failed == ["vignette 1: no cognitive model (unreadable: 1 components; expected at least 4 of 9, one a line)"]


def test_a_draft_is_drawn_greedily_and_has_room_for_a_whole_cognitive_model() -> None:
    model = ScriptedModel(lambda messages, sampling: ANSWER)
    asyncio.run(draft(["x"], model, "full", "x", lambda found: None, tokens=20))
    sampling = model.requests[0][1]
    assert sampling.temperature == 0
    assert sampling.max_tokens >= 512


def test_different_vignettes_are_different_and_the_same_one_has_the_same_id_and_comes_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("one is here\n---\ntwo is here\n--- he said\n---\none is here")
    vignettes = read_vignettes(tmp_path / "notes.txt")
    assert vignettes == ["one is here", "two is here\n--- he said"]
    ids = [patient.id for _ in range(2) for patient in drafted(lambda messages, sampling: ANSWER, *vignettes)[0]]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_an_empty_or_absent_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(" \n---\n")
    with pytest.raises(DataError, match=r"notes.txt: empty; expected notes"):
        read_vignettes(tmp_path / "notes.txt")
    (tmp_path / "notes.txt").write_text("a\n---\n" + "b" * 30_000)
    with pytest.raises(DataError, match=r"vignette 2: more than 20000 characters"):
        read_vignettes(tmp_path / "notes.txt")
    with pytest.raises(DataError, match=r"absent.txt: No such file"):
        read_vignettes(tmp_path / "absent.txt")
