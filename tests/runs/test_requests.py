"""The requests of a journal, read again: all of them, as often as asked, and never a changed file."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mentalarena.errors import RunError
from mentalarena.models.base import Message, Reply
from mentalarena.runs.journal import Journal, Place, chain, spent_in
from mentalarena.runs.requests import Requests
from tests.promptly import promptly


def test_requests_are_read_again_and_again_and_the_file_is_not_changed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    views = [(Message("system", "you are"), *(Message("user", f"line {n}") for n in range(turn))) for turn in (1, 2, 3)]
    for item in ("a", "b"):
        for position, view in enumerate(views):
            place = Place(0, "play", item)
            journal.keep(
                place, "therapist/talk", position, f"{item}{position}", view, chain(view), Reply(f"reply {position}")
            )
    open_one = list(Requests(tmp_path / "journal.sqlite"))  # its write-ahead log is there still
    assert open_one == list(journal.requests())
    assert [len(messages) for _, _, messages, _ in open_one] == [2, 3, 4] * 2
    journal.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    requests = Requests(tmp_path / "journal.sqlite")
    assert list(requests) == list(requests) == open_one
    assert len(requests) == 6
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_no_journal_is_one_line(tmp_path: Path) -> None:
    for name, content in (("text", b"no database"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RunError, match="cannot be read as a journal"):
            list(Requests(tmp_path / name))
    with pytest.raises(RunError, match="cannot be read as a journal"):
        len(Requests(tmp_path / "nowhere"))


def test_one_item_is_read_alone_while_the_journal_is_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    for place in (Place(0, "play", "a"), Place(0, "play", "b"), Place(1, "play", "a"), Place(0, "play", "a", "unselected")):
        view = (Message("user", f"to {place.key}"),)
        journal.keep(place, "therapist/talk", 0, str(place.key), view, chain(view), Reply(f"from {place.key}"))
    requests = Requests(tmp_path / "journal.sqlite")
    for place in (Place(1, "play", "a"), Place(0, "play", "a", "unselected")):
        [(item, scope, messages, reply)] = requests.at(place.key)
        assert (item, scope, reply) == ("a", "therapist/talk", f"from {place.key}")
        assert messages == [{"role": "user", "content": f"to {place.key}"}]
    assert requests.at((9, "play", "a")) == []
    journal.close()


@pytest.mark.parametrize("name", ["journal.sqlite", "journal.sqlite-wal"])
def test_nobody_waits_at_a_pipe_for_a_journal(tmp_path: Path, name: str) -> None:
    Journal(tmp_path / "journal.sqlite").close()
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    for read in (lambda: len(Requests(tmp_path / "journal.sqlite")), lambda: spent_in(tmp_path / "journal.sqlite")):
        with pytest.raises(RunError, match="expected the journal of a run"):
            promptly(read)


HOSTILE = {
    "a conversation that leads back into itself": "UPDATE turns SET before=turn",
    "a view that never ends": (
        "ALTER TABLE replies RENAME TO other; "
        "CREATE VIEW replies AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) "
        "SELECT 0 AS iteration, 'play' AS stage, 'a' AS item, 's' AS scope, i AS position, x'' AS turn, '' AS digest FROM n"
    ),
    "a reply of another shape": "UPDATE answers SET reply='[]'",
    "a reply that is too deep": "UPDATE answers SET reply=replace(hex(zeroblob(50000)), '0', '[')",
}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_journal_that_somebody_made_up_is_one_line_and_soon(tmp_path: Path, why: str) -> None:
    path, place = tmp_path / "journal.sqlite", Place(0, "play", "a")
    journal = Journal(path)
    view = (Message("user", "hello"),)
    journal.keep(place, "therapist/talk", 0, "d", view, chain(view), Reply("yes"))
    journal.close()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(HOSTILE[why])
    with pytest.raises(RunError, match="cannot be read as a journal"):
        promptly(lambda: Requests(path).at(place.key))
    with pytest.raises(RunError, match="cannot be read as a journal"):
        Requests(path).at((10**30, "play", "a"))
