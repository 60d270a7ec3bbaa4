"""What pages read of a run directory. A file that is damaged or of another version is told on the page, and the rest is shown."""

from __future__ import annotations

import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from mentalarena.app.folders import without_place
from mentalarena.errors import MentalArenaError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.export.results import looks_of
from mentalarena.report.headline import further_looks
from mentalarena.report.terminal import percent, with_interval
from mentalarena.runs.directory import SETTINGS, read_json
from mentalarena.runs.progress import PROGRESS, Stage, Told, progress_of
from mentalarena.stages.episode_lines import stamp_of
from mentalarena.stages.evaluate import HELD_OUT_LOOKS

Found = TypeVar("Found")
LONGEST = 300
"""Characters of a cell in the list of runs."""
ROWS = 2000
"""Rows of that list that are kept."""
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """A run directory at one moment."""

    name: str
    path: Path
    config: Json
    summary: Json | None
    progress: Told | None
    looks: tuple[str, ...] = ()
    """Who has met held-out patients, by the run's own record."""
    troubles: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """In a few words."""
        told = self.progress
        if told and told.current and told.state == "running":
            return f"running: {told.current.title}, {share(told.current):.0%}"
        if told and told.state in ("stopped", "gone"):
            return "stopped; the same command goes on"
        if self.summary and self.summary.get("held_out"):
            return "finished"
        return "played" if self.summary else "begun"

    @property
    def running(self) -> bool:
        return self.progress is not None and self.progress.state == "running"

    @property
    def clinic(self) -> str:
        """Where its patients are from."""
        told = self.config.get("clinic")
        return str(told.get("source", "")).rsplit("/", 1)[-1] if isinstance(told, dict) else ""

    @property
    def models(self) -> str:
        """Who plays, each once."""
        roles = self.config.get("models", {})
        told = roles.values() if isinstance(roles, dict) else ()
        names = [f"{own.get('provider')} {own.get('model') or ''}".strip() for own in told if isinstance(own, dict)]
        return ", ".join(dict.fromkeys(names))

    @property
    def met(self) -> str:
        """How often held-out patients were met; with more looks than a finished loop takes its figures are no fresh test."""
        if not self.looks:
            return "not on record" if self.gain(TASKS[0]) else ""
        try:
            further = len(further_looks(self.summary or {}, self.looks)) if self.gain(TASKS[0]) else 0
        except (LookupError, TypeError, ValueError):
            return f"{len(self.looks)}, how many of them further nobody can tell"
        return f"{len(self.looks)}" + (f", {further} of them further" if further else "")

    def gain(self, task: str) -> str:
        """Held-out probability of a right answer, base and best; empty until it was measured."""
        try:
            held_out = (self.summary or {})["held_out"]
            base, best = held_out["base"][task], held_out["best"][task]
            return f"{percent(base['probability'])} → {with_interval(best['probability'], best['ci95'])}"
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError):
            return ""


def look(name: str, path: Path) -> Look:
    """A run directory as it is now; never raises for what is in it."""
    troubles: list[str] = []

    def read(what: Callable[[], Found], otherwise: Found) -> Found:
        try:
            return what()
        except MentalArenaError as error:
            troubles.append(without_place(error, path, name))
        except OSError as error:
            troubles.append(f"{name}: {error.strerror}; expected files that can be read")
        return otherwise

    config: Json = read(lambda: read_json(path / SETTINGS, "the settings of a run"), {})
    summary: Json | None = None
    if os.path.lexists(path / "summary.json"):
        summary = read(lambda: read_json(path / "summary.json", "the summary of a run"), None)
    if summary is not None and not isinstance(summary.get("iterations"), list):
        troubles.append(f"{name}/summary.json: no iterations; expected the file of `mentalarena run` or `play`")
        summary = None
    looks: tuple[str, ...] = read(lambda: looks_of(path), tuple[str, ...]())
    return Look(name, path, config, summary, read(lambda: progress_of(path), None), looks, tuple(troubles))


@dataclass(frozen=True)
class Row:
    """A run directory in the list of all."""

    name: str
    state: str
    clinic: str
    models: str
    iterations: str
    gains: tuple[str, ...]
    """By task."""
    met: str


_LOCK, _ROWS = Lock(), OrderedDict[Path, tuple[object, Row]]()


def row_of(name: str, path: Path) -> Row:
    """A run directory in the list; kept while its files are as they were, unless it works: then time and process count too."""
    stamp = name, tuple(stamp_of(path / file) for file in (SETTINGS, "summary.json", PROGRESS, HELD_OUT_LOOKS))
    with _LOCK:
        kept = _ROWS.get(path)
    if kept and kept[0] == stamp:
        return kept[1]
    seen = look(name, path)
    texts = (seen.state, seen.clinic, seen.models, str(len(seen.summary["iterations"]) - 1) if seen.summary else "")
    state, clinic, models, iterations = (text[:LONGEST] for text in texts)
    row = Row(name, state, clinic, models, iterations, tuple(seen.gain(task)[:LONGEST] for task in TASKS), seen.met)
    with _LOCK:
        _ROWS.pop(path, None)
        if not seen.running:
            _ROWS[path] = stamp, row
            while len(_ROWS) > ROWS:
                _ROWS.popitem(last=False)
    return row


def share(stage: Stage) -> float:
    """How much of a stage is done, 0 to 1."""
    return min(max(stage.done / stage.total, 0.0), 1.0) if stage.total > 0 else 0.0


def remaining(stage: Stage, now: float | None = None) -> float | None:
    """Seconds until a stage ends at the pace so far; None as long as there is none."""
    done = share(stage)
    left = ((now or time.time()) - stage.started) * (1 - done) / done if done else math.inf
    return left if math.isfinite(left) else None


def spell(seconds: float) -> str:
    """A span of time in words."""
    if not math.isfinite(seconds):
        return "no time that can be told"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
