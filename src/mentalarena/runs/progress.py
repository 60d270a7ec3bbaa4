"""How a stage tells how far it is. The command line shows bars; Python users hear nothing unless they listen.

A run directory keeps it too (`progress.json`), for whoever looks on from outside: the browser's room, another terminal.
"""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mentalarena.errors import DataError
from mentalarena.runs.directory import read_json

PROGRESS = "progress.json"
INTERVAL = 0.5
"""Seconds between two writings of the file, at least; what begins and what ends is written at once."""
MOST = 400
"""Measurements that are kept of a stage: with more, every other one goes."""


class Progress(Protocol):
    """Hears of one stage at a time."""

    def start(self, title: str, total: float) -> None:
        """A stage begins; `total` is in its own units (episodes, patients, or 1.0 for a share)."""
        ...

    def advance(self, amount: float = 1) -> None:
        """Some more of the current stage is done."""
        ...

    def measure(self, name: str, value: float) -> None:
        """Something that the current stage has measured of itself, such as its training loss."""
        ...


class Silence:
    """Nobody listens."""

    def start(self, title: str, total: float) -> None:
        pass

    def advance(self, amount: float = 1) -> None:
        pass

    def measure(self, name: str, value: float) -> None:
        pass


@dataclass
class Stage:
    """One stage as far as it has come. Times are seconds since 1970."""

    title: str
    total: float
    started: float
    done: float = 0.0
    ended: float | None = None
    measured: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """By name: (done, value) pairs."""


@dataclass(frozen=True)
class Told:
    """What `progress.json` tells. `state`: `running`, `finished`, `stopped` (its last error in `why`), or `gone`: the process
    that wrote it is no longer there."""

    state: str
    why: str
    updated: float
    stages: tuple[Stage, ...]

    @property
    def current(self) -> Stage | None:
        """The stage that is worked on."""
        return self.stages[-1] if self.stages and self.stages[-1].ended is None else None


class Kept:
    """A `Progress` that also writes what it hears into a run directory, and passes it on. As a context it ends its record."""

    def __init__(self, folder: Path, listener: Progress) -> None:
        self._path, self._listener = folder / PROGRESS, listener
        self._stages: list[Stage] = []
        self._written = 0.0

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._stages:  # a command that found everything done leaves what the one before has told
            self._end()
            why = f"{type(error).__name__}: {error}" if error and str(error) else type(error).__name__ if error else ""
            self._write("stopped" if error else "finished", why)

    def start(self, title: str, total: float) -> None:
        self._end()
        self._stages.append(Stage(title, total, time.time()))
        self._write("running")
        self._listener.start(title, total)

    def advance(self, amount: float = 1) -> None:
        if self._stages:
            self._stages[-1].done += amount
            if time.time() - self._written >= INTERVAL:
                self._write("running")
        self._listener.advance(amount)

    def measure(self, name: str, value: float) -> None:
        if self._stages:
            kept = self._stages[-1].measured.setdefault(name, [])
            kept.append((round(self._stages[-1].done, 4), value))
            if len(kept) > MOST:
                del kept[1:-1:2]
        self._listener.measure(name, value)

    def _end(self) -> None:
        if self._stages and self._stages[-1].ended is None:
            self._stages[-1].ended = time.time()

    def _write(self, state: str, why: str = "") -> None:
        self._written = time.time()
        told = {"state": state, "why": why, "updated": self._written, "host": socket.gethostname(), "pid": os.getpid()}
        part = self._path.with_name(self._path.name + ".part")
        try:
            # not flushed to the disk as a record is: it is for the eye, and written often
            part.write_text(json.dumps(told | {"stages": [asdict(stage) for stage in self._stages]}), "utf-8")
            part.replace(self._path)
        except OSError:  # a full disk must not end the run by way of what only tells of it
            pass


def progress_of(folder: Path) -> Told | None:
    """What a run directory tells of the command that works on it, or worked on it last; None where nothing was told.

    Raises `DataError` for a file that is none of ours."""
    if not os.path.lexists(folder / PROGRESS):
        return None
    record = read_json(folder / PROGRESS, "what a command tells of itself, delete it")
    try:
        state = "gone" if record["state"] == "running" and _is_gone(record) else str(record["state"])
        stages = tuple(_stage(told) for told in record["stages"])
        return Told(state, str(record["why"]), _finite(record["updated"]), stages)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise DataError(
            f"{folder / PROGRESS}: not as this version writes it; expected what a command tells, delete it"
        ) from None


def _stage(told: Mapping[str, Any]) -> Stage:
    # a loss may be no number: a training that has gone wrong
    measured = {str(name): [(_finite(at), float(value)) for at, value in found] for name, found in told["measured"].items()}
    ended = None if told["ended"] is None else _finite(told["ended"])
    total, started, done = (_finite(told[name]) for name in ("total", "started", "done"))
    return Stage(str(told["title"]), total, started, done, ended, measured)


def _finite(told: Any) -> float:
    found = float(told)
    if not math.isfinite(found):
        raise ValueError("no finite number")
    return found


def _is_gone(record: Mapping[str, Any]) -> bool:
    """Whether the process that wrote a record has ended; not to be told from another machine."""
    if record["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(record["pid"]), 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's process
        return False
    return False
