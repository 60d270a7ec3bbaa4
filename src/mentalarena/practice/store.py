"""Where sessions are kept: a folder with one JSON file a session, each written whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mentalarena.errors import DataError, RunError
from mentalarena.practice.session import Session
from mentalarena.runs.directory import write_whole

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
MOST = 20_000_000
"""Bytes of a session's file that are read."""


@dataclass(frozen=True)
class Store:
    """A folder of sessions. It is made when the first session is saved."""

    folder: Path

    def path(self, session_id: str) -> Path:
        """Where a session lies. Raises `DataError` for an id that is none: nothing outside the folder has one."""
        if not _ID.fullmatch(session_id):
            raise DataError(f"session {session_id[:80]!r}: no id of a session; expected letters, digits, - and _")
        return self.folder / f"{session_id}.json"

    def save(self, session: Session) -> Session:
        """Write it, whole or not at all. Raises `RunError` when the folder cannot be written."""
        path = self.path(session.id)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people typed is nobody else's
            write_whole(path, session.model_dump_json(indent=1) + "\n")
        except OSError as error:
            raise RunError(f"{self.folder}: {error.strerror}; expected a folder that can be written") from None
        return session

    def read(self, session_id: str) -> Session:
        """A session by its id. Raises `DataError` when it is not there, or torn, or another's."""
        session = _read(self.path(session_id))
        if session.id != session_id:
            raise DataError(f"{self.path(session_id)}: id: {session.id[:80]!r}; expected {session_id}")
        return session

    def list(self, tell: Callable[[str], None] = lambda problem: None) -> list[Session]:
        """All sessions, newest first. What cannot be read is told in one line each, and left out."""
        found = []
        for path in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else ():
            try:
                found.append(self.read(path.stem))
            except DataError as error:
                tell(str(error))
        return sorted(found, key=lambda session: (session.created, session.id), reverse=True)


def _read(path: Path) -> Session:
    try:
        if path.stat().st_size > MOST:
            raise DataError(f"{path}: more than {MOST} bytes; expected a session")
        return Session.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a session of `mentalarena practise`") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: {f'{field}: ' if field else ''}{first['msg']}; expected a session") from None
