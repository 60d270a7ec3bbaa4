"""Files that pages link to: a run's report, a session to take away."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from mentalarena.app.documents import HEADERS
from mentalarena.app.folders import Folders
from mentalarena.errors import MentalArenaError
from mentalarena.practice.export import FORMATS, exported
from mentalarena.practice.store import Store
from mentalarena.runs.directory import own_file, read_text

TYPES = {"md": "text/markdown", "json": "application/json", "jsonl": "application/jsonl"}


def register(server: FastAPI, folders: Folders, store: Store) -> None:
    """Add the addresses."""

    @server.get("/runs/{name}/report.html")
    async def report(name: str) -> Response:
        path = await asyncio.to_thread(folders.run, name)
        text = await asyncio.to_thread(_report, path) if path else None
        if text is None:
            return PlainTextResponse(f"No report of this run yet: mentalarena report --out {name}\n", 404)
        return HTMLResponse(text, headers=dict(HEADERS))

    @server.get("/practice/{session_id}/session.{kind}")
    async def session(session_id: str, kind: str) -> Response:
        try:
            found = await asyncio.to_thread(store.read, session_id)
        except MentalArenaError:
            return PlainTextResponse("There is no session of that address.\n", 404)
        if kind not in FORMATS:
            return PlainTextResponse(f"Expected one of {', '.join(FORMATS)}.\n", 404)
        named = f'attachment; filename="practice-{session_id[:8]}.{kind}"'
        return Response(
            exported(found, kind), media_type=f"{TYPES[kind]}; charset=utf-8", headers={"content-disposition": named}
        )


def _report(run: Path) -> str | None:
    """A run's report; None where there is none of its own that can be read."""
    try:
        path = own_file(run, "report.html")
        return read_text(path) if path else None
    except (MentalArenaError, OSError, UnicodeDecodeError):
        return None
