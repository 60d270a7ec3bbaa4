"""The first page: all runs, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nicegui import ui

from mentalarena.app.choices import run_address
from mentalarena.app.folders import Folders
from mentalarena.app.frame import NOTICE, Cell, frame, link, page, section, table, tag
from mentalarena.app.looking import Row, row_of
from mentalarena.evaluation.therapist import TASKS

PRACTISE = (
    "Talk as the therapist, write down what you understood, and have it scored by the same decoder that teaches the model. "
    "Works without any language model."
)
EVERY = 2.0
"""Seconds between two looks at the folders."""
SIZE = 50
"""Runs on a page."""


def register(folders: Folders) -> None:
    """Add the page."""

    @page("/")
    async def runs_page(page: str = "1") -> None:
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        found = await asyncio.to_thread(_shown, folders, number)
        with frame("Runs", "Runs"):
            tag("p", NOTICE, "notice")
            with ui.element("div").classes("cards"):
                _card("Practise with a simulated patient", "/practice", PRACTISE)
                _card("Compare runs", "/compare", "Held-out results of several runs beside each other, with intervals.")
            section("All runs")
            with ui.column().classes("wide") as place:
                _list(found)

            async def again() -> None:
                nonlocal found
                now = await asyncio.to_thread(_shown, folders, number)
                if now != found:
                    found = now
                    place.clear()
                    with place:
                        _list(now)

            ui.timer(EVERY, again, immediate=False)


@dataclass(frozen=True)
class _Shown:
    """One page of the list."""

    rows: Sequence[Row]
    total: int
    number: int

    @property
    def pages(self) -> int:
        return max(-(-self.total // SIZE), 1)


def _shown(folders: Folders, number: int) -> _Shown:
    runs = list(folders.runs().items())
    found = _Shown((), len(runs), number)
    number = min(max(number, 1), found.pages)
    rows = [row_of(name, path) for name, path in runs[(number - 1) * SIZE : number * SIZE]]
    return replace(found, rows=rows, number=number)


def _list(found: _Shown) -> None:
    if not found.rows:
        tag("p", "No runs here yet. In a clone, make install and then .venv/bin/mentalarena run --out runs-out/demo makes one in "
            "about five minutes; it can be followed here while it works.")  # fmt: skip
        return
    rows: list[list[Cell]] = [
        [(x.name, run_address(x.name)), x.state, x.clinic, x.models, x.iterations, *x.gains, x.met] for x in found.rows
    ]
    table(
        ["run", "state", "clinic", "models", "iterations", *TASKS, "held-out patients met"],
        rows,
        "Held-out probability of a right answer in %: base, then best iteration with its 95 % interval. A loop meets held-out "
        "patients once each with base, best and control; with further looks the figures are no fresh test.",
        numbers=(4, 5, 6, 7),
    )
    if found.pages > 1:
        with ui.element("p").classes("row"):
            if found.number > 1:
                link("Newer", f"/?page={found.number - 1}")
            tag("span", f"page {found.number} of {found.pages}, {found.total} runs", "soft num")
            if found.number < found.pages:
                link("Older", f"/?page={found.number + 1}")


def _card(title: str, address: str, text: str) -> None:
    with ui.element("div").classes("card"):
        with ui.element("h2"):
            link(title, address)
        tag("p", text, "soft")
