"""One run: what it is doing now, what came of it, where to read on."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from nicegui import ui

from mentalarena.app.folders import Folders
from mentalarena.app.frame import bar, frame, link, missing, section, table, tag
from mentalarena.app.looking import Look, iteration_rows, look, remaining, share, spell
from mentalarena.audit.record import AUDIT
from mentalarena.evaluation.therapist import TASKS
from mentalarena.report.terminal import CONTROL_NOTE, notice, p_value, percent, with_interval
from mentalarena.runs.progress import Told

FIGURES = (("probability", "ci95"), ("accuracy", "accuracy_ci95"))
EVERY = 1.0
"""Seconds between two looks at a run."""


def register(folders: Folders) -> None:
    """Add the page."""

    @ui.page("/runs/{name}")
    async def run_page(name: str) -> None:
        path = await asyncio.to_thread(folders.run, name)
        if path is None:
            missing("There is no run of that name in the folders that are served.")
            return
        first = await asyncio.to_thread(look, name, path)
        with frame(name, "Runs"):
            tag("p", notice(first.summary or {}), "notice")
            with ui.element("p").classes("row"):
                link("Episodes", f"/runs/{name}/episodes")
                link("Report (one file)", f"/runs/{name}/report.html")
                link("Compare with others", f"/compare?run={name}")
            with ui.column().classes("wide").props("aria-live=polite") as live:
                _live(first)
            with ui.column().classes("wide") as results:
                await _results(first)
            seen, state = _stamp(path), first.state

            async def again() -> None:
                nonlocal seen, state
                now = await asyncio.to_thread(look, name, path)
                if now.running or now.state != state:
                    state = now.state
                    live.clear()
                    with live:
                        _live(now)
                if (stamp := await asyncio.to_thread(_stamp, path)) != seen:
                    seen = stamp
                    results.clear()
                    with results:
                        await _results(now)

            ui.timer(EVERY, again, immediate=False)


def _stamp(path: Path) -> tuple[float, ...]:
    files = (path / name for name in ("summary.json", AUDIT, "analysis.json"))
    return tuple(file.stat().st_mtime if file.exists() else 0.0 for file in files)


def _live(seen: Look) -> None:
    for trouble in seen.troubles:
        tag("p", trouble, "notice")
    tag("p", f"State: {seen.state}.")
    told = seen.progress
    if told is None:
        return
    if told.why:
        tag("p", told.why, "notice")
    if seen.running and (current := told.current):
        with ui.element("div").classes("card"):
            section(f"{current.title}: {share(current):.0%}", 3)
            bar(share(current), f"{share(current):.0%} of {current.title}")
            left = remaining(current)
            words = f"{spell(time.time() - current.started)} so far"
            tag("p", words + (f", about {spell(left)} left of this stage" if left is not None else ""), "soft num")
            if loss := current.measured.get("loss"):
                tag("p", f"training loss {loss[-1][1]:.3f}, at first {loss[0][1]:.3f}", "soft num")
    _stages(told)


def _stages(told: Told) -> None:
    rows = [
        [
            stage.title,
            "running" if stage.ended is None and told.state == "running" else f"{share(stage):.0%}",
            spell((stage.ended or told.updated) - stage.started),
            f"{stage.measured['loss'][-1][1]:.3f}" if stage.measured.get("loss") else "",
        ]
        for stage in reversed(told.stages)
    ]
    with ui.expansion(f"Stages of the last command ({len(rows)})").classes("wide"):
        table(["stage", "done", "time", "last loss"], rows, "The newest first.", numbers=(1, 2, 3))


async def _results(seen: Look) -> None:
    summary = seen.summary
    if summary is None:
        tag("p", "Nothing has been measured yet.", "soft")
        return
    if summary.get("held_out"):
        section("Held-out patients")
        table(
            ["task", "model", "probability %", "p (Holm)", "likeliest right %", "constant %", "patients"],
            _held_out(seen),
            "Met after the loop had stopped; 95 % intervals; p against the base, paired by patient, Holm-adjusted.",
            numbers=(2, 3, 4, 5, 6),
        )
        tag("p", CONTROL_NOTE, "soft") if summary.get("control") else None
    if any(record.get("evaluation") for record in summary["iterations"]):
        section("Development patients")
        table(
            ["iteration", *TASKS, "episodes", "diagnosed", "problems"],
            iteration_rows(summary),
            "Probability of a right answer in %, 95 % intervals; these patients steer the loop.",
            numbers=tuple(range(1, 7)),
        )
    if summary.get("stop_reason"):
        tag(
            "p",
            f"Stopped: {summary['stop_reason']}." if summary["stop_reason"] != "running" else "The loop goes on.",
            "soft",
        )
    section("Settings")
    with ui.expansion("All settings of the run").classes("wide"):
        tag("pre", json.dumps(seen.config, indent=1), "scroll")


def _held_out(seen: Look) -> list[list[str]]:
    summary = seen.summary or {}
    names = {"base": "base", "best": f"iteration {summary.get('best_iteration')}"}
    names["control"] = str((summary.get("control") or {}).get("kind"))
    rows = []
    for task in TASKS:
        for key, name in names.items():
            if found := summary["held_out"].get(key, {}).get(task):
                likely, right = (with_interval(found[key], found[ci]) for key, ci in FIGURES)
                rows.append([task, name, likely, p_value(found["p_vs_base_holm"]), right,
                             percent(found["constant_baseline"]), str(found["n"])])  # fmt: skip
    return rows
