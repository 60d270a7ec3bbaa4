"""The requests of a journal, to be read again: whole conversations from messages that are kept once. For audits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from mentalarena.errors import RunError
from mentalarena.models.base import Reply, Usage
from mentalarena.runs.directory import refuse_unless_file

Request = tuple[str, str, list[dict[str, str]], str]
"""What a journal holds of a request: item, scope, messages, and the reply's text."""

LONGEST = 10_000
"""Messages of a conversation, at most: more than any has, and an end to one that leads back into itself."""
PATIENCE = 20.0
"""Seconds that the requests of one item may take."""
MOST = 64_000_000
"""Characters of them, at most."""
_ALL = """SELECT item, scope, turn, reply FROM replies JOIN answers USING (digest)
ORDER BY iteration, stage, item, scope, position"""
_AT = """SELECT item, scope, turn, reply FROM replies JOIN answers USING (digest)
WHERE iteration=? AND stage=? AND item=? ORDER BY scope, position"""


class Requests:
    """The requests of a journal that nobody writes now, as often as they are asked for; the file is read and never changed.

    Raises `RunError` where it is no journal of this version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __len__(self) -> int:
        with self._open() as db:
            return int(db.execute("SELECT count(*) FROM replies").fetchone()[0])

    def __iter__(self) -> Iterator[Request]:
        with self._open() as db:
            yield from requests_of(db)

    def at(self, key: tuple[int, str, str]) -> list[Request]:
        """The requests of one item of a stage (`journal.Place.key`), in the order of their scopes; also while somebody writes.
        One that takes longer than `PATIENCE`, or holds more than `MOST`, is refused: a journal may be anybody's."""
        with self._open() as db:
            end = monotonic() + PATIENCE
            db.set_progress_handler(lambda: monotonic() > end, 10_000)
            found, size = list[Request](), 0
            for request in requests_of(db, key):
                found.append(request)
                size += sum(len(message["content"]) for message in request[2]) + len(request[3])
                if size > MOST:
                    raise ValueError(f"more than {MOST // 1_000_000} million characters in one episode's requests")
            return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = None
        try:
            refuse_unless_file(self._path)
            # what is in the write-ahead log counts too; without one the file may lie in a folder that cannot be written
            how = "mode=ro" if self._path.with_name(f"{self._path.name}-wal").exists() else "immutable=1"
            db = sqlite3.connect(f"{self._path.absolute().as_uri()}?{how}", uri=True)
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
            if not {"replies", "answers", "turns"} <= tables:  # a view could be a program that never ends
                raise ValueError("tables are missing")
            yield db
        except (sqlite3.Error, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise RunError(
                f"{self._path}: cannot be read as a journal ({error}); expected an intact one of this version"
            ) from None
        finally:
            if db:
                db.close()


def requests_of(db: sqlite3.Connection, key: tuple[int, str, str] | None = None) -> Iterator[Request]:
    """Every request in an open journal, or those of one place, in the order of its key."""
    rows = db.execute(_AT if key else _ALL, key or ())
    known: dict[bytes, list[dict[str, str]]] = {}
    before = None
    for item, scope, turn, reply in rows:
        if item != before:
            known, before = {}, item  # views grow within an item: what stands before a message is looked up once
        yield item, scope, list(_messages(db, turn, known)), reply_of(reply).text


def _messages(db: sqlite3.Connection, turn: bytes, known: dict[bytes, list[dict[str, str]]]) -> list[dict[str, str]]:
    new: list[tuple[bytes, dict[str, str]]] = []
    while turn and turn not in known:
        if len(new) >= LONGEST:
            raise ValueError(f"a conversation of more than {LONGEST} messages")
        before, role, content = db.execute("SELECT before, role, content FROM turns WHERE turn=?", (turn,)).fetchone()
        new.append((turn, {"role": role, "content": content}))
        turn = before
    messages = known.get(turn, [])
    for turn, message in reversed(new):
        messages = known[turn] = [*messages, message]
    return messages


def reply_of(text: str) -> Reply:
    """A kept reply."""
    fields = json.loads(text)
    return Reply(fields["text"], fields["finish_reason"], Usage(**fields["usage"]), fields["model"])
