"""Serves the app: on this machine alone, or with a token on another address too."""

from __future__ import annotations

import gc
import logging
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mentalarena.app.access import Door, is_loopback
from mentalarena.app.folders import Folders
from mentalarena.errors import ConfigError

if TYPE_CHECKING:
    from mentalarena.config import Config

TOKEN = "MENTALARENA_APP_TOKEN"  # noqa: S105  (the name of a variable)
"""The environment variable that may hold the token; otherwise one is drawn at each start."""
SHORTEST = 16
"""Characters of a token, at least."""


@dataclass(frozen=True)
class AppSettings:
    """What is served, and to whom."""

    runs: Sequence[Path]
    sessions: Path
    config: Config
    """Models of the practice room."""
    host: str = "127.0.0.1"
    port: int = 8080
    token: str = field(default="", repr=False)
    """Needed where `host` is not this machine alone."""

    @property
    def address(self) -> str:
        """Where the app is, with the token where there is one."""
        anywhere = self.host in ("0.0.0.0", "::")  # noqa: S104  (compared, not bound)
        host = socket.gethostname() if anywhere else f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def token_for(host: str, told: str | None) -> str:
    """The token that a host needs: the one that was told, or a new one; none for this machine alone unless it was told.

    Raises `ConfigError` for one that can be guessed or that no address can hold."""
    if told and (len(told) < SHORTEST or not told.isascii() or not all(c.isalnum() or c in "-_" for c in told)):
        raise ConfigError(f"{TOKEN}: expected {SHORTEST} or more letters, digits, - and _; or none (one is drawn then)")
    return told or ("" if is_loopback(host) else secrets.token_urlsafe(24))


def make_app(settings: AppSettings) -> Any:
    """The whole app behind its door, as an ASGI app. One a process: the pages belong to it."""
    from fastapi import FastAPI
    from nicegui import ui

    from mentalarena.app import (
        compare_page,
        documents,
        downloads,
        episode_page,
        episodes_page,
        practice_page,
        run_page,
        runs_page,
        session_page,
    )
    from mentalarena.practice.room import Practising
    from mentalarena.practice.store import Store

    server, folders, store = (
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        Folders(settings.runs),
        Store(settings.sessions),
    )
    downloads.register(server, folders, store)
    episode_page.register(server, folders)
    for page in (runs_page, run_page, compare_page, episodes_page):
        page.register(folders)
    practising = Practising(store, settings.config)
    practice_page.register(practising, listed=is_loopback(settings.host))
    session_page.register(practising)
    ui.add_css(files("mentalarena.app").joinpath("static/style.css").read_text("utf-8"), shared=True)
    _tell_failures(server)
    # it would write addresses that nobody has, whatever characters are in them, to the terminal
    logging.getLogger("nicegui").setLevel(logging.ERROR)
    ui.run_with(
        server, title="MentalArena", language="en-US", show_welcome_message=False, reconnect_timeout=30.0, tailwind=False
    )
    documents.compile_templates()
    gc.collect()
    gc.freeze()  # what is there now stays; to go through all of it again and again made some pages 0.2 s slower
    return Door(server, settings.token)


def _tell_failures(server: Any) -> None:
    """A page of our own where one could not be made, or where there is none; an error goes to the terminal."""
    from fastapi import Request, Response
    from nicegui import app

    from mentalarena.app.documents import failed, missing

    async def told(request: Request, error: Exception) -> Response:
        return failed()

    async def nowhere(request: Request, error: Exception) -> Response:
        return missing("There is no page of that address.")

    for pages in (server, app):
        pages.exception_handler(Exception)(told)
        pages.exception_handler(404)(nowhere)


def serve(settings: AppSettings, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until stopped; `ready` is called once the address is ours. Raises `ConfigError` for one that cannot be had."""
    import uvicorn

    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as found:
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((settings.host, settings.port))
            found.listen(128)  # who comes before the pages are there waits
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigError(
                f"{settings.host}:{settings.port}: {why}; expected an address of this machine with a free port (--port)"
            ) from None
        ready()
        config = uvicorn.Config(make_app(settings), log_level="warning", access_log=False, timeout_graceful_shutdown=3)
        uvicorn.Server(config).run(sockets=[found])
