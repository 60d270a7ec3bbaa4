"""The app as a person has it: a process of its own on a free port of this machine, and Chromium to look at it with."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("MENTALARENA_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    # whatever a page asks for elsewhere cannot be reached either
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
CLI = (sys.executable, "-c", "from mentalarena.cli import main; main()")
PWNED = "window.pwned = (window.pwned || 0)"
"""What hostile text tries to run."""


def expecting() -> Any:
    """Playwright's `expect`; a module of browser tests is skipped without it or Chromium, or fails where
    MENTALARENA_BROWSER=required says so."""
    found: Any = None
    try:
        from playwright.sync_api import expect as found

        missing = "" if Path(CHROMIUM).exists() else f"there is no {CHROMIUM}"
    except ImportError:
        missing = "playwright is not installed"
    if missing and os.environ.get("MENTALARENA_BROWSER") == "required":
        raise RuntimeError(f"MENTALARENA_BROWSER=required, but {missing}")
    if missing:
        pytest.skip(missing, allow_module_level=True)
    found.set_options(timeout=30_000)  # as long as a busy machine may take; what comes sooner is seen sooner
    return found


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def command(*arguments: str) -> None:
    """A command of the command line that must succeed."""
    done = subprocess.run([*CLI, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for what another process does; it is looked at again and again, since nobody tells."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        threading.Event().wait(0.05)


@contextmanager
def working(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that works meanwhile, and that a test that fails does not wait for."""
    process = subprocess.Popen([*CLI, *arguments], stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def letting_go(event: threading.Event) -> Iterator[None]:
    """Whoever waits for an event goes on at the end."""
    try:
        yield
    finally:
        event.set()


@dataclass
class Served:
    """A server that runs."""

    base: str
    process: subprocess.Popen[bytes]
    log: Path
    sessions: Path

    def complaints(self) -> str:
        """What its log tells beyond where it is."""
        lines = self.log.read_text("utf-8").splitlines()
        return "\n".join(line for line in lines if not line.startswith(("MentalArena is at", "Whoever has this address")))


@contextmanager
def served(
    folder: Path, runs: Sequence[Path], *more: str, port: int = 0, env: dict[str, str] | None = None
) -> Iterator[Served]:
    """A server of runs, with its sessions and its log in `folder`; it is gone afterwards, and has complained of nothing."""
    port = port or free_port()
    log, sessions = folder / "server.log", folder / "sessions"
    arguments = ("app", *map(str, runs), "--port", str(port), "--sessions", str(sessions), *more)
    with log.open("ab") as out:
        process = subprocess.Popen([*CLI, *arguments], stdout=out, stderr=out, env=os.environ | (env or {}))  # noqa: S603
    try:
        found = Served(f"http://127.0.0.1:{port}", process, log, sessions)
        while not _listens(port):
            try:  # as long as it takes on a busy machine; one that has ended never will
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(log.read_text("utf-8"))
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert not found.complaints(), found.complaints()


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Alarms:
    """What no page of the app may ever do."""

    told: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Hear of dialogs, errors, and requests to other machines."""

        def dialog(found: Any) -> None:
            self.told.append(f"dialog {found.message!r}")
            found.dismiss()

        page.on("dialog", dialog)
        page.on("pageerror", lambda error: self.told.append(f"error {error}"))
        page.on("console", lambda said: self.told.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: self._asked(asked.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            self.told.append(f"asked {url}")

    def check(self, page: Page) -> None:
        """Fail if there was any, or if hostile text has run."""
        if not page.is_closed() and page.evaluate("'pwned' in window"):
            self.told.append("a text has run as a program")
        assert not self.told, self.told


class Visits:
    """New pages in contexts of their own, watched."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: list[Page] = []
        self._alarms: list[Alarms] = []

    def page(self, base: str, **options: Any) -> Page:
        """A page of a new visitor; addresses that begin with / are the app's."""
        context = self._browser.new_context(base_url=base, **options)
        context.set_default_timeout(30_000)
        page = context.new_page()
        alarms = Alarms()
        alarms.watch(page)
        self._pages.append(page)
        self._alarms.append(alarms)
        return page

    def expect(self, alarm: str) -> None:
        """An error of the last page that a test has called for (a 404 is told on the console): it is taken off the list."""
        self._alarms[-1].told = [told for told in self._alarms[-1].told if alarm not in told]

    def leave(self) -> None:
        """Close all pages, and fail for what any of them did that it may not. To be called before a server ends: a page tells
        of a connection that is lost."""
        pages, alarms = self._pages, self._alarms
        self._pages, self._alarms = [], []
        try:
            for page, own in zip(pages, alarms, strict=True):
                own.check(page)
        finally:
            for page in pages:
                page.context.close()
