"""The episodes of a run: a table to filter, search, sort and page. What is chosen stands in the address."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from nicegui import ui

from mentalarena.app.choices import Choice, episode_address, episodes_address, run_address
from mentalarena.app.documents import NO_RUN, missing
from mentalarena.app.folders import Folders, without_place
from mentalarena.app.frame import NOTICE, frame, link, page, tag
from mentalarena.stages.episodes import EpisodeLine, episodes_of
from mentalarena.stages.filters import VERDICTS, verdict_of

HEADINGS = (
    ("id", "episode"),
    ("diagnosis", "diagnosis"),
    ("right", "verdict"),
    ("similarity", "similarity"),
    ("score", "best score"),
    ("problems", "problems"),
    ("turns", "turns"),
    ("style", "manner of talking"),
    ("stop_reason", "ended"),
)
NOTHING_PLAYED = (
    "Nothing has been played in this run: an iteration is played before it trains (loop.iterations, or mentalarena play)."
)
NUMBERS = ("similarity", "score", "problems", "turns")


def register(folders: Folders) -> None:
    """Add the page."""

    @page("/runs/{name}/episodes")
    async def episodes_page(name: str, request: Request) -> Response | None:
        path = await asyncio.to_thread(folders.run, name)
        if path is None:
            return missing(NO_RUN)
        with frame(f"Episodes of {name}", "Runs"):
            tag("p", NOTICE, "notice")
            with ui.element("p"):
                link(f"Back to {name}", run_address(name))
            with ui.column().classes("wide") as place:
                tag("p", "Reading the episodes; the first time this takes a moment for a large run.", "soft")
            ui.timer(0.01, lambda: _Table(name, path, Choice.of(request.query_params), place).begin(), once=True)
        return None


class _Table:
    """The table of one page that is open in a browser."""

    def __init__(self, name: str, path: Path, choice: Choice, place: ui.element) -> None:
        self._name, self._path, self._choice, self._place = name, path, choice, place

    async def begin(self) -> None:
        self._index = await asyncio.to_thread(episodes_of, self._path)
        if self._choice.arm not in ("any", *self._index.values("arm")):
            self._choice = replace(self._choice, arm="any")
        self._place.clear()
        with self._place:
            for note in self._index.told[:5]:
                tag("p", without_place(note, self._path, self._name), "notice")
            if coming := sum(line.coming for line in self._index.lines):
                tag(
                    "p",
                    f"A play is not finished: {coming} of these are what there is of it. Load the page again for more.",
                    "notice",
                )
            with ui.element("form").classes("row").props('role=search aria-label="Filter the episodes"'):
                self._filters()
            with ui.column().classes("wide") as self._shown:
                pass
        await self._show()

    def _filters(self) -> None:
        index, choice = self._index, self._choice
        if len(arms := index.values("arm")) > 1:
            self._select("arm", "arm", arms, none="any")
        if len(numbers := index.values("iteration")) > 1:
            self._select("iteration", "iteration", [str(number) for number in numbers])
        self._select("verdict", "diagnosis is", VERDICTS)
        self._select("problems", "problems", ("yes", "no"))
        self._select("style", "manner of talking", index.values("style"))
        for field, label in (("least", "similarity from"), ("most", "similarity to"), ("score", "score from")):
            self._input(field, label, "9rem")
        self._input("text", "search", "14rem")
        box = ui.checkbox("in what was said", value=choice.said == "yes")
        box.on_value_change(lambda event: self._choose(said="yes" if event.value else ""))
        link("Clear", episodes_address(self._name, Choice()))

    def _select(self, field: str, label: str, options: Sequence[str], none: str = "") -> None:
        value = getattr(self._choice, field)
        known = {none: "any", **{option: option for option in options}}
        made = (
            ui.select(known, label=label, value=value if value in known else none).classes("narrow").props("dense outlined")
        )
        made.on_value_change(lambda event: self._choose(**{field: event.value or none}))

    def _input(self, field: str, label: str, width: str) -> None:
        made = ui.input(label, value=getattr(self._choice, field)).style(f"width: {width}")
        made.props("dense outlined debounce=300 clearable")
        made.on_value_change(lambda event: self._choose(**{field: event.value or ""}))

    async def _choose(self, **told: str) -> None:
        """Another choice, from its first page unless it says otherwise."""
        self._choice = replace(self._choice, **{"page": "1", **told})
        ui.navigate.history.replace(episodes_address(self._name, self._choice))
        await self._show()

    async def _show(self) -> None:
        choice = self._choice
        page = await asyncio.to_thread(choice.select, self._index)
        if choice is not self._choice:  # another one was made meanwhile
            return
        self._shown.clear()
        with self._shown:
            tag("p", f"{page.total} of {len(self._index.lines)} episodes", "soft num").props("role=status")
            if page.lines:
                self._rows(page.lines)
            elif not self._index.lines:
                tag("p", NOTHING_PLAYED)
            elif choice.text and choice.said != "yes":
                tag("p", "Names and ids were searched; what was said is searched with the box ticked.")
            with ui.element("div").classes("row"):
                self._step("Earlier", page.number - 1, page.number > 1)
                tag("span", f"page {page.number} of {page.pages}", "soft num")
                self._step("Later", page.number + 1, page.number < page.pages)

    def _step(self, text: str, number: int, possible: bool) -> None:
        made = ui.button(text, color=None, on_click=_calling(self._choose, page=str(number))).props("flat dense no-caps")
        made.set_enabled(possible)

    def _rows(self, lines: Sequence[EpisodeLine]) -> None:
        arms = len(self._index.values("arm")) > 1
        with ui.element("div").classes("scroll") as around, ui.element("table").classes("plain"):
            around._props |= {"tabindex": 0, "role": "region", "aria-label": "Episodes"}
            with ui.element("thead"), ui.element("tr"):
                for column, heading in HEADINGS:
                    self._heading(column, heading)
            with ui.element("tbody"):
                for line in lines:
                    self._row(line, arms)

    def _heading(self, column: str, heading: str) -> None:
        order = self._choice.order
        state = {column: "ascending", f"-{column}": "descending"}.get(order, "none")
        with ui.element("th").props(f"scope=col aria-sort={state}").classes("num" if column in NUMBERS else ""):
            arrow = {"ascending": " ↑", "descending": " ↓", "none": ""}[state]
            made = tag("button", heading + arrow, "sort").props("type=button")
            made.on("click", _calling(self._sort, column))

    async def _sort(self, column: str) -> None:
        await self._choose(order=self._choice.sorted_by(column).order)

    def _row(self, line: EpisodeLine, arms: bool) -> None:
        told: dict[str, Any] = {
            "diagnosis": line.diagnosis or "none agreed",
            "right": verdict_of(line),
            "similarity": "" if line.similarity is None else f"{line.similarity:.2f}",
            "score": "" if line.score is None else str(line.score),
            "problems": str(len(line.problems) or ""),
            "turns": str(line.turns),
            "style": line.style,
            "stop_reason": line.stop_reason,
        }
        with ui.element("tr"):
            with ui.element("th").props("scope=row"):
                link(line.id, episode_address(self._name, line.arm, line.id, self._choice))
                if arms and line.arm != "main":
                    tag("span", f" {line.arm}", "soft")
            for column, text in told.items():
                colour = {"right": "good", "wrong": "bad"}.get(text, "") if column == "right" else ""
                tag("td", text, f"{'num' if column in NUMBERS else ''} {colour}".strip())


def _calling(work: Callable[..., Awaitable[None]], *told: str, **named: str) -> Callable[[], Awaitable[None]]:
    """A handler without arguments."""

    async def handle() -> None:
        await work(*told, **named)

    return handle
