"""The first page: all runs, newest first."""

from __future__ import annotations

import asyncio

from nicegui import ui

from mentalarena.app.choices import run_address
from mentalarena.app.folders import Folders
from mentalarena.app.frame import NOTICE, Cell, frame, link, section, table, tag
from mentalarena.app.looking import Look, look
from mentalarena.evaluation.therapist import TASKS

PRACTISE = (
    "Talk as the therapist, write down what you understood, and have it scored by the same decoder that teaches the model. "
    "Works without any language model."
)
EVERY = 2.0
"""Seconds between two looks at the folders."""


def register(folders: Folders) -> None:
    """Add the page."""

    @ui.page("/")
    async def runs_page() -> None:
        looks = await asyncio.to_thread(_all, folders)
        with frame("Runs", "Runs"):
            tag("p", NOTICE, "notice")
            with ui.element("div").classes("cards"):
                _card("Practise with a simulated patient", "/practice", PRACTISE)
                _card("Compare runs", "/compare", "Held-out results of several runs beside each other, with intervals.")
            section("All runs")
            shown = _shown(looks)
            with ui.column().classes("wide") as place:
                _list(looks)

            async def again() -> None:
                nonlocal shown
                now = await asyncio.to_thread(_all, folders)
                if _shown(now) != shown:
                    shown = _shown(now)
                    place.clear()
                    with place:
                        _list(now)

            ui.timer(EVERY, again, immediate=False)


def _all(folders: Folders) -> list[Look]:
    return [look(name, path) for name, path in folders.runs().items()]


def _shown(looks: list[Look]) -> list[list[str]]:
    return [[x.name, x.state, *(x.gain(task) for task in TASKS)] for x in looks]


def _list(looks: list[Look]) -> None:
    if not looks:
        tag("p", "No runs here yet. mentalarena run --out runs-out/demo makes one in about five minutes; it can be followed "
            "here while it works.")  # fmt: skip
        return
    rows: list[list[Cell]] = [
        [
            (x.name, run_address(x.name)),
            x.state,
            x.clinic,
            x.models,
            str(len(x.summary["iterations"]) - 1 if x.summary else ""),
            *(x.gain(task) for task in TASKS),
        ]
        for x in looks
    ]
    table(
        ["run", "state", "clinic", "models", "iterations", *TASKS],
        rows,
        "Held-out probability of a right answer in %: base, then best iteration with its 95 % interval.",
        numbers=(4, 5, 6, 7),
    )


def _card(title: str, address: str, text: str) -> None:
    with ui.element("div").classes("card"):
        with ui.element("h2"):
            link(title, address)
        tag("p", text, "soft")
