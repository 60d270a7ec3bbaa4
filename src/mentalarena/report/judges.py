"""Judges' numbers in a terminal, each with what the judge is worth beside it."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from mentalarena.report.terminal import percent, with_interval

NOTICE = (
    "Verdicts of a model about simulated people. A number that is not calibrated says nothing yet. Research, never care."
)


def judges_table(told: Mapping[str, Any]) -> str:
    """What `stages.judge.judge` gives, a line a part; why a judge is uncalibrated stands below."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    left = ("judge", "part", "\nstatus")
    headings = ("judge", "part", "figure\n(95 %)", "\nstatus", "\nn", "invalid\n%", "on controls %\n(95 %)",
                "position\nkept %", "agreement\n(95 %)")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right", no_wrap=True)
    notes: list[str] = []
    reasons = defaultdict[tuple[str, str], list[str]](list)
    for name, found in told.items():
        for part, own in found["parts"].items():
            figure, calibration = own["figure"], own["calibration"]
            accuracy, kept = calibration["balanced_accuracy"], calibration.get("position_consistency")
            rating = part not in ("verdict", "pair")
            table.add_row(
                name,
                part,
                _figure(figure, rating),
                "calibrated" if own["calibrated"] else "UNCALIBRATED",
                str(figure["n"]),
                percent(figure["invalid"]),
                with_interval(accuracy["mean"], accuracy["ci95"]) if accuracy else "none",
                "" if kept is None else percent(kept),
                "\n".join(f"{who} {_agreement(a)}" for who, a in own["agreement"].items() if a["n"]),
            )
            if not own["calibrated"]:
                reasons[name, own["label"]].append(part)
        notes += [f"{name}: {found['controls']}"] if "controls" in found else []
        for kind, exact in found.get("concordance", {}).items():
            shares = [f"{k.replace('_', ' ')} {_figure(v, False)} of {v['n']}" for k, v in exact.items()]
            notes.append(f"first-line by the references, no judge, {kind}: {', '.join(shares)}")
    console = Console(file=io.StringIO(), width=400)  # nothing may be cut: a number never stands without its status
    console.print(table)
    text = "\n".join(line.rstrip() for line in str(console.file.getvalue()).splitlines())  # type: ignore[attr-defined]
    why = [f"{name} {', '.join(parts)}: {label}" for (name, label), parts in reasons.items()]
    return "\n".join([text, *why, *notes, NOTICE])


def _figure(figure: Mapping[str, Any], rating: bool) -> str:
    if figure["mean"] is None:
        return "-"
    if rating:
        return f"{figure['mean']:.2f} ({figure['ci95'][0]:.2f}-{figure['ci95'][1]:.2f})"
    return with_interval(figure["mean"], figure["ci95"])


def _agreement(found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        return f"- (n {found['n']})"
    return f"{found['mean']:.2f} ({found['ci95'][0]:.2f} to {found['ci95'][1]:.2f})"
