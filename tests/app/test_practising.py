"""The practice room without its pages, with a person of the library and with models that a server plays.

1  what is said is kept before it is answered, so that nothing is lost whatever happens to the answer
2  an answer that is missing is asked for again, by an empty text, and by nobody twice
3  two tabs take turns
4  another process goes on where this one was
5  a model that fails is a ModelError, and what was said stands
6  notes, a diagnosis, feedback and the other therapist are kept as well
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mentalarena.app.practising import KEPT, Practising
from mentalarena.errors import ConfigError, ModelError
from mentalarena.practice import session as change
from mentalarena.practice.partner import people
from mentalarena.practice.session import Session
from mentalarena.practice.store import Store
from mentalarena.settings import load_config

if TYPE_CHECKING:  # aiohttp may be missing where the rest is tested
    from tests.models.fake_server import FakeServer

PERSON = people()[0]
Room = Callable[..., Practising]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A practice room on the same folder, as another process would open it."""

    def make(*settings: str) -> Practising:
        return Practising(Store(tmp_path / "sessions"), load_config(None, ["clinic.source=library", *settings]))

    return make


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    pytest.importorskip("aiohttp")
    from tests.models.fake_server import serving

    with serving() as server:
        yield server


def played_by(fake: FakeServer) -> str:
    return f"models.all={json.dumps({'provider': 'openai', 'model': 'm', 'base_url': fake.url, 'retries': 0})}"


def begun(room: Practising, by: Any = "library", **more: Any) -> Session:
    return room.backends.run(room.begin(PERSON.id, "plain", "normal", 7, by, **more))


def say(room: Practising, session: Session, text: str) -> Session:
    return room.backends.run(room.speak(session.id, text, lambda _: None))


def lines(session: Session) -> list[str]:
    return [text for _, text in session.lines]


def test_a_session_begins_with_the_patients_first_words_and_is_kept(room: Room) -> None:
    first = room()
    session = begun(first)
    assert [who for who, _ in session.lines] == ["therapist", "patient"]
    assert first.store.read(session.id) == session
    assert (session.patient, session.seed, session.source) == (f"{PERSON.id}-1", 7, "library")
    assert first.name_of(session) == PERSON.name


def test_1_what_is_said_is_kept_before_it_is_answered_and_heard_while_it_comes(room: Room, fake: FakeServer) -> None:
    from aiohttp import web

    from tests.models.fake_server import completion

    first = room(played_by(fake))
    session = begun(first, "model")
    found: list[list[str]] = []

    def respond(body: dict[str, Any], number: int) -> web.StreamResponse:
        found.append(lines(first.store.read(session.id)))
        return web.json_response(completion("I see."))

    fake.respond = respond
    heard: list[str] = []
    after = first.backends.run(first.speak(session.id, "What brings you here?", heard.append))
    assert found == [[*lines(session), "What brings you here?"]]
    assert lines(after)[-2:] == ["What brings you here?", "I see."]
    assert heard[-1] == "I see."


def test_2_an_answer_that_is_missing_is_asked_for_again_and_by_nobody_twice(room: Room) -> None:
    first = room()
    session = begun(first)
    first.store.save(change.said(session, "How did you feel then?"))  # and then the process ended
    again = room()
    after = say(again, session, "")
    assert [who for who, _ in after.lines] == ["therapist", "patient"] * 2
    assert lines(after)[2] == "How did you feel then?"
    assert say(again, session, "") == after
    assert say(again, session, "  \n ") == after, "nothing was said"
    assert lines(say(room(), begun(first), "How did you feel then?"))[3] == lines(after)[3], (
        "as it would have been answered"
    )


def test_3_two_tabs_take_turns(room: Room) -> None:
    first = room()
    session = begun(first)
    asked = [f"What happened on day {number}?" for number in range(6)]

    async def both() -> list[Session]:
        talk = [first.speak(session.id, text, lambda _: None) for text in asked]
        notes = [
            first.change(session.id, lambda now: change.noted(now, "emotions", "low")),
            first.change(session.id, lambda now: change.noted(now, "behavior", "waits")),
        ]
        return list(await asyncio.gather(*talk, *notes))

    first.backends.run(both())
    after = first.store.read(session.id)
    assert [who for who, _ in after.lines] == ["therapist", "patient"] * 7
    assert sorted(lines(after)[2::2]) == asked
    assert after.notes == {"emotions": "low", "behavior": "waits"}
    assert first._locks == {}, "nothing is left of it"


def test_4_another_process_goes_on_and_answers_as_this_one_would(room: Room) -> None:
    first = room()
    session = begun(first)
    say(first, session, "Can you tell me about a moment lately when it was bad?")
    copy = first.store.save(first.store.read(session.id).model_copy(update={"id": "another-session"}))
    here = say(first, session, "How did you feel at that moment?")
    there = say(room(), copy, "How did you feel at that moment?")
    assert here.lines == there.lines


def test_4_patients_that_nobody_talks_with_are_forgotten_and_come_back(room: Room) -> None:
    first = room()
    session = begun(first)
    partner = first._partners[session.id]
    for number in range(KEPT):
        first._keep(f"other-{number}", partner)
    assert session.id not in first._partners
    assert len(first._partners) == KEPT
    assert len(say(first, session, "How are you?").lines) == 4


def test_5_a_model_that_fails_is_told_and_what_was_said_stands(room: Room, fake: FakeServer) -> None:
    from aiohttp import web

    from tests.models.fake_server import plainly

    first = room(played_by(fake))
    session = begun(first, "model")
    fake.respond = lambda body, number: web.Response(status=500, text="<b>down</b>")
    with pytest.raises(ModelError, match="500"):
        say(first, session, "Are you there?")
    kept = first.store.read(session.id)
    assert kept.owed
    assert lines(kept)[-1] == "Are you there?"
    with pytest.raises(ModelError):
        say(first, session, "Hello?")
    assert first.store.read(session.id) == kept, "what is said while an answer is missing asks for that answer"
    fake.respond = plainly
    after = say(first, session, "")
    assert lines(after)[-2:] == ["Are you there?", "i feel low."]


def test_5_settings_that_give_another_model_are_one_clear_error(room: Room, fake: FakeServer) -> None:
    session = begun(room(played_by(fake)), "model")
    with pytest.raises(ConfigError, match="begun with m; expected the same model"):
        say(room(played_by(fake).replace('"model": "m"', '"model": "other"')), session, "Hello?")
    with pytest.raises(ConfigError, match="nobody in the library has this id"):
        room().backends.run(room().begin("../../etc/passwd", "plain", "normal", 0))


def test_6_notes_feedback_and_the_other_therapist_are_kept(room: Room) -> None:
    first = room()
    session = begun(first)
    say(first, session, "What happened?")
    first.backends.run(first.change(session.id, lambda now: change.noted(now, "emotions", PERSON.situations[0].emotions)))
    first.backends.run(first.change(session.id, lambda now: change.diagnosed(now, "panic disorder")))
    judged = first.backends.run(first.judge(session.id))
    assert judged.feedback is not None
    assert "emotions" in judged.feedback.understood
    compared = room().backends.run(room().compare(session.id))
    assert compared.rival is not None
    assert compared.feedback == judged.feedback
    assert first.store.read(session.id) == compared
    assert say(first, session, "And then?").feedback is None, "it was of another talk"


def test_6_a_person_may_play_the_patient(room: Room) -> None:
    first = room()
    session = begun(first, part="patient")
    assert [who for who, _ in session.lines] == ["therapist"]
    after = say(first, session, "I hardly sleep.")
    assert [who for who, _ in after.lines] == ["therapist", "patient", "therapist"]
    assert first.backends.run(first.compare(session.id)).rival is not None
