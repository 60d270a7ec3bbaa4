"""Finished runs beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from mentalarena.app.choices import run_address
from mentalarena.app.folders import Folders, without_place
from mentalarena.app.frame import NOTICE, Cell, frame, page, section, table, tag
from mentalarena.errors import MentalArenaError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.report.terminal import points_with_interval, with_interval
from mentalarena.stages.compare import Contestant, Difference, contestant, differences

MOST = 8
"""Runs beside each other, at most."""
NOTE = (
    "Each figure is the probability of a right answer in % on the run's own held-out patients, with its 95 % interval. "
    "Runs with other patients, models that play them or settings of the interview are not comparable figure by figure. A "
    "difference is shown only over patients whom both runs met in the same way; it carries no p value, since runs that are "
    "picked after having been seen were tested more often than twice."
)


def register(folders: Folders) -> None:
    """Add the page."""

    @page("/compare")
    async def compare_page(request: Request) -> None:
        known = await asyncio.to_thread(folders.runs)
        chosen = [name for name in dict.fromkeys(request.query_params.getlist("run")) if name in known][:MOST]
        with frame("Compare runs", "Compare"):
            tag("p", NOTICE, "notice")
            options = (
                ui.select(list(known), multiple=True, value=chosen, label="runs")
                .classes("wide")
                .props("outlined use-chips")
            )
            with ui.column().classes("wide") as place:
                pass

            async def show() -> None:
                names = list(options.value or [])[:MOST]
                ui.navigate.history.replace(
                    "/compare" + (f"?{urlencode([('run', name) for name in names])}" if names else "")
                )
                sides, troubles = await asyncio.to_thread(_read, folders, names)
                pairs = await asyncio.to_thread(lambda: [differences(a, b) for a, b in pairwise(sides)])
                place.clear()
                with place:
                    for trouble in troubles:
                        tag("p", trouble, "notice")
                    _results(sides)
                    _differences([found for pair in pairs for found in pair])

            options.on_value_change(show)
            ui.timer(0.01, show, once=True)


def _read(folders: Folders, names: Sequence[str]) -> tuple[list[Contestant], list[str]]:
    sides, troubles = [], []
    for name in names:
        if path := folders.run(name):
            try:
                sides.append(contestant(name, path))
            except MentalArenaError as error:
                troubles.append(without_place(error, path, name))
    return sides, troubles


def _results(sides: Sequence[Contestant]) -> None:
    if not sides:
        tag("p", "Choose finished runs.", "soft")
        return
    rows: list[list[Cell]] = []
    for side in sides:
        for key, label in (
            ("base", "base"),
            ("best", f"iteration {side.summary['best_iteration']}"),
            ("control", "control"),
        ):
            told = side.summary["held_out"].get(key)
            if told:
                cells = [with_interval(told[task]["probability"], told[task]["ci95"]) for task in TASKS]
                rows.append([(side.name, run_address(side.name)), label, *cells, str(told[TASKS[0]]["n"])])
    section("Held-out patients")
    table(["run", "model", *TASKS, "patients"], rows, NOTE, numbers=(2, 3, 4, 5))


def _differences(found: Sequence[Difference]) -> None:
    if not found:
        return
    rows = [
        [
            f"{d.second} minus {d.first}",
            d.task,
            points_with_interval(d.interval.mean, (d.interval.low, d.interval.high))
            if d.interval
            else "none: met other patients, or otherwise"
            if d.unlike
            else "none: met nobody in common",
            str(d.patients),
        ]
        for d in found
    ]
    section("Differences between neighbours")
    table(["runs", "task", "percentage points (95 %)", "patients"], rows, "Best models, paired by patient.", numbers=(2, 3))
    for text in reasons(found):
        tag("p", text, "notice")


def reasons(found: Sequence[Difference]) -> list[str]:
    """Why pairs of runs have no difference: which settings made their patients or interviews unlike."""
    pairs = {(d.first, d.second): d.unlike for d in found if d.unlike}
    return [
        f"{second} and {first} cannot be compared patient by patient, since patients of the same id were played or interviewed "
        f"otherwise: {'; '.join(unlike)}."
        for (first, second), unlike in pairs.items()
    ]
