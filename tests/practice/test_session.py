"""A session never changes under one's hands, and nothing that was said is lost between the folder and the room."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.errors import DataError
from mentalarena.practice import session as change
from mentalarena.practice.export import NOTICE, NOTICE_AS_PATIENT, exported
from mentalarena.practice.session import Session, new_session
from mentalarena.practice.store import Store


def session() -> Session:
    return change.heard(change.said(new_session("reem-haddad-1", model="m"), "hello"), "I am tired.")


def test_changes_make_new_sessions_and_forget_what_was_judged_before() -> None:
    first = session()
    second = change.noted(first, "emotions", " sad ")
    assert first.notes == {}
    assert second.notes == {"emotions": "sad"}
    assert change.noted(second, "emotions", "").notes == {}
    assert change.diagnosed(second, "PTSD").diagnosis == "PTSD"
    assert change.said(first, "x").waiting
    assert change.notes_of(second) == {**dict.fromkeys(COMPONENTS), "emotions": "sad"}
    with pytest.raises(ValueError, match="expected one of"):
        change.noted(first, "mood", "x")  # type: ignore[arg-type]


def test_what_is_taken_away_says_which_part_a_person_took() -> None:
    for part, notice, other in (("therapist", NOTICE, NOTICE_AS_PATIENT), ("patient", NOTICE_AS_PATIENT, NOTICE)):
        taken = session().model_copy(update={"part": part})
        assert json.loads(exported(taken, "jsonl"))["played"] == part
        for kind in ("md", "json", "jsonl"):
            text = exported(taken, kind)
            assert notice in text
            assert other not in text


def test_ids_cannot_be_guessed_and_are_no_options_of_a_command_line() -> None:
    ids = {new_session("p").id for _ in range(200)}
    assert len(ids) == 200
    assert all(len(one) >= 24 and one[0] != "-" for one in ids)


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_was_said_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, asked: str, answered: str) -> None:
    store = Store(tmp_path_factory.mktemp("sessions"))
    told = change.diagnosed(change.heard(change.said(new_session("p"), asked), answered), answered)
    store.save(told)
    assert store.read(told.id) == told


def test_half_a_surrogate_pair_does_not_stop_a_session_from_being_kept(tmp_path: Path) -> None:
    told = change.said(new_session("p"), "\ud800 and more")
    assert Store(tmp_path).read(Store(tmp_path).save(told).id) == told


def test_sessions_are_listed_newest_first_and_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions")
    assert store.list() == []
    older = session().model_copy(update={"created": "2026-01-01T00:00:00+00:00"})
    newer = session().model_copy(update={"created": "2026-02-01T00:00:00+00:00"})
    for one in (older, newer):
        store.save(one)
    (store.folder / "torn-session.json").write_text('{"id": "torn-')
    (store.folder / "other-session.json").write_text(older.model_dump_json())
    (store.folder / "no-session.json").write_text(json.dumps({"colour": "red"}))
    problems: list[str] = []
    assert [s.id for s in store.list(problems.append)] == [newer.id, older.id]
    assert len(problems) == 3
    assert all("\n" not in problem and ".json" in problem for problem in problems)


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/passwd", "a/b/c/d/e/f", "", "short", "x" * 65, "..%2f..%2fetc", "a\x00bcdefgh", "aaaaaaaa\n"],
)
def test_no_id_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="no id of a session"):
        Store(tmp_path).path(name)
