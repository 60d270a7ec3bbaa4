"""The practice room without page or terminal, with a person of the library and with models that a server plays.

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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mentalarena.errors import ConfigError, ModelError
from mentalarena.models.base import Heard, Message, Reply, Sampling
from mentalarena.models.scripted import ScriptedModel
from mentalarena.practice import session as change
from mentalarena.practice.partner import people
from mentalarena.practice.room import FULL, KEPT, Practising
from mentalarena.practice.session import Session
from mentalarena.practice.store import Store
from mentalarena.settings import load_config
from tests.practice.rooms import begun_at

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
    return room.backends.run(begun_at(room, PERSON.id, "plain", "normal", 7, by, **more))


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
    silent = again.backends.run(again.speak(session.id, "", lambda _: None, silence=True))
    assert ([who for who, _ in silent.lines], silent.lines[4][1]) == (["therapist", "patient"] * 3, "")
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
    assert lines(first.store.read(session.id))[-2:] == ["Are you there?", "Hello?"], "what is said meanwhile is kept too"
    fake.respond = plainly
    after = say(first, session, "")
    assert lines(after)[-3:] == ["Are you there?", "Hello?", "i feel low."], "one answer is to both"


class Waits(ScriptedModel):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__(lambda messages, sampling: f"after {messages[-1].content!r}")
        self.may = asyncio.Event()

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        await self.may.wait()
        return await super().generate(messages, sampling)

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        return await self.generate(messages, sampling)


def test_3_what_is_noted_and_said_while_the_patient_answers_is_kept_at_once_and_for_good(room: Room) -> None:
    first, model = room("models.all.provider=scripted", "models.all.prompts=full"), Waits()
    session = begun(first)
    session = first.store.save(session.model_copy(update={"model": "scripted"}))  # from here on the model plays

    async def meanwhile() -> None:
        first.backends.scripted = model
        first._partners[session.id] = replace(await first.partner(session), model=model)
        talking = [asyncio.create_task(first.speak(session.id, f"line {n}", lambda _: None)) for n in range(3)]
        for number in range(20):
            await first.change(session.id, lambda now: change.noted(now, "emotions", f"note {number}"))  # noqa: B023
            kept = first.store.read(session.id)
            assert kept.notes == {"emotions": f"note {number}"}, "while the patient still thinks"
        assert lines(kept)[-1] == "line 0"
        model.may.set()
        await asyncio.gather(*talking)

    first.backends.run(meanwhile())
    after = first.store.read(session.id)
    assert lines(after)[2::2] == ["line 0", "line 1", "line 2"]
    assert all(f"line {n}" in answer for n, answer in enumerate(lines(after)[3::2]))
    assert after.notes == {"emotions": "note 19"}
    assert not first._locks, "nothing is left of them"


def test_6_feedback_is_of_the_session_that_it_is_kept_with(room: Room) -> None:
    first = room()
    session = begun(first)
    first.backends.run(first.change(session.id, lambda now: change.noted(now, "emotions", "sad")))

    async def both() -> Session:
        judging = asyncio.create_task(first.judge(session.id))
        await first.change(session.id, lambda now: change.noted(now, "emotions", "angry"))
        return await judging

    judged = first.backends.run(both())
    assert judged.feedback is not None
    assert {score.noted for score in judged.feedback.components} == {"angry", ""}


def test_6_what_is_so_is_shown_by_feedback_alone_and_the_first_one_is_remembered(room: Room) -> None:
    first = room()
    session = begun(first)
    compared = first.backends.run(first.compare(session.id))
    assert compared.rival is not None
    assert {score.encoded for score in compared.rival.components} == {""}
    judged = first.backends.run(first.judge(session.id))
    assert judged.feedback is not None
    copied = judged.feedback.components[-1]
    first.backends.run(first.change(session.id, lambda now: change.noted(now, copied.component, copied.encoded)))
    again = first.backends.run(first.judge(session.id))
    assert again.feedback is not None
    assert (again.first, again.feedback.similarity > judged.feedback.similarity) == (judged.feedback.similarity, True)


def test_5_a_full_session_takes_no_more_and_loses_nothing(room: Room) -> None:
    first = room()
    session = begun(first)
    full = first.store.save(session.model_copy(update={"lines": session.lines * (FULL // 2)}))
    with pytest.raises(ConfigError, match="begin another"):
        say(first, session, "And then?")
    assert first.store.read(session.id) == full


def test_5_settings_that_give_another_model_are_one_clear_error(room: Room, fake: FakeServer) -> None:
    session = begun(room(played_by(fake)), "model")
    with pytest.raises(ConfigError, match="begun with m; expected the same model"):
        say(room(played_by(fake).replace('"model": "m"', '"model": "other"')), session, "Hello?")
    with pytest.raises(ConfigError, match="nobody in the library has this id"):
        room().backends.run(begun_at(room(), "../../etc/passwd", "plain", "normal", 0))


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
