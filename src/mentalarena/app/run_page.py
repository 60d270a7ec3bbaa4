"""One run: what it is doing now, what came of it, where to read on."""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Response
from nicegui import ui

from mentalarena.app.blocks import draw
from mentalarena.app.choices import Choice, episode_address, run_address
from mentalarena.app.documents import NO_RUN, missing
from mentalarena.app.folders import Folders, without_place
from mentalarena.app.frame import bar, frame, link, page, section, table, tag
from mentalarena.app.looking import Look, look, remaining, share, spell
from mentalarena.audit.record import AUDIT, FINDINGS, audited_files
from mentalarena.errors import MentalArenaError
from mentalarena.report.html import Story, story_of
from mentalarena.report.terminal import notice
from mentalarena.runs.directory import SETTINGS
from mentalarena.runs.progress import Told

EVERY = 1.0
"""Seconds between two looks at a run."""
MADE_OF = (
    *("summary.json", SETTINGS, AUDIT, FINDINGS, "analysis.json", "bias.json", "ablation.json", "benchmarks/results.json"),
    "evaluation",
)
"""Files whose change makes another story, beside those of rows (which an audit must be as new as); each is written whole, so a
folder changes with its files."""
Stamp = tuple[int, ...]


def register(folders: Folders) -> None:
    """Add the page."""

    @page("/runs/{name}")
    async def run_page(name: str) -> Response | None:
        path = await asyncio.to_thread(folders.run, name)
        if path is None:
            return missing(NO_RUN)
        seen = await asyncio.to_thread(look, name, path)
        with frame(name, "Runs"):
            tag("p", notice(seen.summary or {}), "notice")
            with ui.element("p").classes("row"):
                link("Episodes", run_address(name, "/episodes"))
                link("Report (one file)", run_address(name, "/report.html"))
                link("Compare with others", f"/compare?{urlencode({'run': name})}")
            live = _Live(seen)
            results = _Results(name, path)
            ui.timer(0.01, results.look_again, once=True)

            async def again() -> None:
                live.show(await asyncio.to_thread(look, name, path))
                await results.look_again()

            ui.timer(EVERY, again, immediate=False)
        return None


class _Live:
    """What a command is doing on the run, or how the last one ended."""

    def __init__(self, seen: Look) -> None:
        self._state = tag("p").props("role=status")
        self._trouble = tag("p", "", "bad")
        self._card = ui.element("div").classes("card")
        with (
            ui.expansion("Stages of the last command").classes("wide") as self._past,
            ui.column().classes("wide") as self._stages,
        ):
            pass
        self._told = -1
        self.show(seen)

    def show(self, seen: Look) -> None:
        told = seen.progress
        self._state.set_text(f"State: {seen.state}.")
        self._trouble.set_text(" ".join((*seen.troubles, told.why if told else "")).strip())
        self._card.clear()
        self._card.set_visibility(seen.running and told is not None and told.current is not None)
        self._past.set_visibility(told is not None)
        if told is None:
            return
        if seen.running and (current := told.current):
            with self._card:
                section(f"{current.title}: {share(current):.0%}", 2)
                bar(share(current), f"{share(current):.0%} of {current.title}")
                left = remaining(current)
                words = f"{spell(time.time() - current.started)} so far"
                tag("p", words + (f", about {spell(left)} left of this stage" if left is not None else ""), "soft num")
                if loss := current.measured.get("loss"):
                    tag("p", f"training loss {loss[-1][1]:.3f}, at first {loss[0][1]:.3f}", "soft num")
        ended = sum(stage.ended is not None for stage in told.stages)
        if ended != self._told:
            self._told = ended
            self._stages.clear()
            with self._stages:
                _ended(told)


def _ended(told: Told) -> None:
    rows = [
        [
            stage.title,
            f"{share(stage):.0%}",
            spell(stage.ended - stage.started),
            f"{stage.measured['loss'][-1][1]:.3f}" if stage.measured.get("loss") else "",
        ]
        for stage in reversed(told.stages)
        if stage.ended is not None
    ]
    table(
        ["stage", "done", "time", "last loss"], rows, f"{len(rows)} stages have ended; the newest first.", numbers=(1, 2, 3)
    )


class _Results:
    """The run's report as it would be written now."""

    def __init__(self, name: str, path: Path) -> None:
        self._name, self._path, self._stamp = name, path, Stamp()
        with ui.column().classes("wide") as self._place:
            tag("p", "Reading what has been measured ...", "soft")

    async def look_again(self) -> None:
        """Show it where what it is made of has changed."""
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        story, trouble = None, ""
        try:
            story = await asyncio.to_thread(_story, self._path, stamp)
        except (MentalArenaError, OSError) as error:  # a file may go while it is read
            told = str(error) if isinstance(error, MentalArenaError) else f"{self._name}: {error.strerror}; reload the page"
            trouble = without_place(told, self._path, self._name)
        self._place.clear()
        with self._place:
            if story:
                self._show(story)
            else:
                tag("p", trouble if stamp[0] else "Nothing has been measured yet.", "soft")

    def _show(self, story: Story) -> None:
        tag("p", story.headline.sentence, "headline")
        for more in story.headline.more:
            tag("p", more, "soft")
        for found in story.sections:
            draw(found, lambda episode: episode_address(self._name, "main", episode, Choice()))


def _stamp(path: Path) -> Stamp:
    return tuple(map(_changed, (path / name for name in (*MADE_OF, *audited_files(path)))))


def _changed(file: Path) -> int:
    """When, in nanoseconds; 0 of what is not there, any more or yet."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=32)
def _story(path: Path, stamp: Stamp) -> Story:
    """Kept while the files that it is made of are as they were."""
    return story_of(path)
