"""What a run looks like in a terminal: bars while it works, a table when it is done."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mentalarena.evaluation.therapist import TASKS
from mentalarena.evaluation.verifier import CHECKS
from mentalarena.report.text import times
from mentalarena.runs.progress import Progress, Silence

TOY = (
    "Toy clinic: the verifier's knowledge is planted and self-play moves it into the therapist. "
    "This shows that the machinery works; it says nothing about clinical knowledge."
)
SIMULATION = (
    "Simulated people, measured against references that no clinician has checked. Research, never care: no number here says "
    "that a model may treat anyone."
)

CONTROL_NOTE = (
    "The control has one iteration, on as many rows as the first one had; "
    "benchmarks/selfplay_gain.py compares equal amounts."
)


@contextmanager
def bars(quiet: bool) -> Iterator[Progress]:
    """Progress bars on the error stream, with rate and remaining time; plain lines where it is no terminal."""
    if quiet:
        yield Silence()
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = ("{task.description:34}", BarColumn(), TaskProgressColumn(show_speed=True), TimeElapsedColumn())
        with RichProgress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as shown:
            yield _Bars(shown)


class _Bars:
    def __init__(self, shown: Any) -> None:
        self._shown, self._task = shown, None

    def start(self, title: str, total: float) -> None:
        self._task = self._shown.add_task(title, total=total)

    def advance(self, amount: float = 1) -> None:
        self._shown.advance(self._task, amount)

    def measure(self, name: str, value: float) -> None:
        pass


class _Lines:
    """For logs: a line a stage."""

    def start(self, title: str, total: float) -> None:
        print(title, file=sys.stderr, flush=True)

    def advance(self, amount: float = 1) -> None:
        pass

    def measure(self, name: str, value: float) -> None:
        pass


def notice(summary: Mapping[str, Any]) -> str:
    """What must stand beside every number of a run."""
    return TOY if summary.get("clinic", "generated") == "generated" else SIMULATION


def result_table(summary: Mapping[str, Any]) -> str:
    """The held-out comparison of a finished run, with intervals, baselines and paired tests."""
    held_out = summary["held_out"] or {}
    names = {"base": "base", "best": f"iteration {summary['best_iteration']}"}
    if summary["control"]:
        names["control"] = summary["control"]["kind"]
    rows = []
    for task in TASKS:
        for key, name in names.items():
            if key in held_out:
                rows.append((task if key == "base" else "", name, held_out[key][task]))
    text = _table("Held-out patients: probability of a right answer", rows)
    first, best = (summary["iterations"][i]["evaluation"] for i in (0, summary["best_iteration"]))
    if "verifier_choice" in first:
        text += f"Verifier reliability (development patients): {_moved(first, best)}\n"
    text += f"Held-out patients were met {times(len(summary['held_out_looks']))}: {', '.join(summary['held_out_looks'])}.\n"
    if summary["control"]:
        text += f"{CONTROL_NOTE}\n"
    text += collapses(summary)
    text += "p: against the base, paired by patient (permutation test; McNemar's exact test for the likeliest answer),\n"
    text += "Holm-adjusted over the tasks and models of the table.\n"
    return f"{text}Stopped: {summary['stop_reason']}.\n{notice(summary)}\n"


def collapses(summary: Mapping[str, Any]) -> str:
    """A warning for each iteration whose play collapsed into itself; empty where none did."""
    found = [(one["iteration"], one.get("collapse") or ()) for one in summary["iterations"]]
    return "".join(
        f"WARNING: play of iteration {number} has collapsed: {'; '.join(why)}.\n" for number, why in found if why
    )


def _moved(first: Mapping[str, Any], best: Mapping[str, Any]) -> str:
    """The verifier's reliability before and after, and by how many points it moved."""
    told = []
    for check in [c for c in CHECKS if f"verifier_{c}" in first]:
        before, after = first[f"verifier_{check}"], best[f"verifier_{check}"]
        change, bounds = after["change_vs_base"], after["change_ci95"]
        points = f" ({100 * change:+.1f} points, {100 * bounds[0]:+.1f} to {100 * bounds[1]:+.1f})" if bounds else ""
        told.append(f"{check} {before['accuracy']:.1%} -> {after['accuracy']:.1%}{points}")
    return ", ".join(told)


def evaluation_table(evaluation: Mapping[str, Any]) -> str:
    """One model's evaluation."""
    return _table("Probability of a right answer", [(task, "", evaluation[task]) for task in TASKS])


def estimate_table(found: Mapping[str, Any]) -> str:
    """What a run will ask for, by stage."""
    rows = [("stage", "patients", "calls", "prompt tokens", "new tokens", "cost")]
    for stage, told in [*found["stages"].items(), ("total", {"patients": "", **found["total"]})]:
        cost = f"{told['cost']:.2f}" if found["priced"] else "-"
        numbers = [f"{told[name]:,}" for name in ("calls", "prompt_tokens", "new_tokens")]
        rows.append((stage, str(told["patients"]), *numbers, cost))
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [
        "  ".join(text.ljust(w) if n == 0 else text.rjust(w) for n, (text, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    pilot = found["pilot"]
    lines.append(f"from a pilot of {pilot['patients']} patients a stage ({pilot['calls']:,} calls in {pilot['seconds']} s)")
    lines.append(f"at that rate {found['seconds'] / 60:.0f} min, training aside; more at once may be answered faster")
    if not found["priced"]:
        lines.append('no price of this model: set prices."NAME".prompt and .new, for a million tokens')
    return "\n".join(lines)


def percent(value: float) -> str:
    return f"{100 * value:.1f}"


def points(difference: float) -> str:
    """A difference of shares in points of a per cent."""
    return f"{round(100 * difference, 1) + 0.0:+.1f}"  # no -0.0: rounding alone has no direction


def points_with_interval(difference: float, bounds: Sequence[float]) -> str:
    """A difference in points, with the 95 % interval behind it."""
    return f"{points(difference)} ({points(bounds[0])} to {points(bounds[1])})"


def with_interval(value: float, bounds: Sequence[float] | None) -> str:
    """Per cent, with the 95 % interval behind it."""
    return percent(value) + (f" ({percent(bounds[0])}-{percent(bounds[1])})" if bounds else "")


def p_value(value: float | None) -> str:
    return "" if value is None else "<.0001" if value < 1e-4 else f"{value:.4f}".removeprefix("0")


def _table(title: str, rows: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    headings = ("task", "model", "probability %\n(95 %)", "p\n(Holm)", "likeliest right %\n(95 %)", "p\n(Holm)",
                "log\nloss", "invalid\n%",
                "constant\n%", "\nn")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("task", "model") else "right", no_wrap=True)
    for task, name, found in rows:
        table.add_row(
            task,
            name,
            with_interval(found["probability"], found["ci95"]),
            p_value(found["p_vs_base_holm"]),
            with_interval(found["accuracy"], found["accuracy_ci95"]),
            p_value(found["accuracy_p_vs_base_holm"]),
            "" if found["log_loss"] is None else f"{found['log_loss']:.2f}",
            percent(found["invalid"]),
            percent(found["constant_baseline"]),
            str(found["n"]),
        )
    console = Console(file=io.StringIO(), width=120)
    console.print(table)
    return str(console.file.getvalue())  # type: ignore[attr-defined]
