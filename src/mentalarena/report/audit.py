"""An audit in a terminal: a line a gate, and the first things that each found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentalarena.audit.gates import CHECKS, PUBLISHED, Gate, first_of
from mentalarena.report.tables import plain_table
from mentalarena.report.text import printable

NOTICE = (
    "Rules and lists, reviewed by no clinician. A gate that passes has found nothing; it does not say that there is nothing, "
    "and none says that a model may treat anyone."
)
SHOWN = 3
"""Findings of a gate that are printed."""
WIDTH = 220
"""Characters of a finding's line that are printed."""


def gate_rows(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A line a gate: check, status, examined, findings, share with its interval, note."""
    rows = list[tuple[str, ...]]()
    for gate in record["gates"]:
        share = "{:.1%} ({:.1%} to {:.1%})".format(*gate["share"]) if gate.get("share") else ""
        counts = ("", "") if gate["status"] == "not done" else (str(gate["examined"]), str(gate["findings"]))
        rows.append((gate["check"], gate["status"], *counts, share, gate["note"]))
    return rows


def verdict_line(record: Mapping[str, Any]) -> str:
    """What it all comes to, in one line."""
    rows = sum(map(len, record["held_back"].values()))
    missing = [gate["check"] for gate in record["gates"] if gate["status"] == "not done"]
    told = f"{record['status'].upper()}: {rows} rows held back in {len(record['files'])} files"
    return f"{told}; not done: {', '.join(missing)}" if missing else told


def audit_table(record: Mapping[str, Any], gates: Sequence[Gate], shown: int = SHOWN) -> str:
    """The gates, the first findings of each, and what it comes to."""
    told = gate_rows(record)
    lines = [plain_table(["check", "status", "looked at", "found", "share (95 %)"], [row[:-1] for row in told])]
    lines += [f"{check}: {note}" for check, *_, note in told if note]
    for gate in gates:
        if not gate.found:
            continue
        meaning = CHECKS if "crisis" in {gate.check for gate in gates} else PUBLISHED
        lines += ["", f"{gate.check}, {meaning[gate.check]}:"]
        for placed in first_of(gate.found, shown):
            where = placed.file + (f":{placed.row}" if placed.row is not None else "")
            detail = " ".join(placed.finding.detail.split())
            lines.append(f"  {placed.finding.verdict:9}  {where}  {placed.finding.item}: {detail}"[:WIDTH])
        if len(gate.found) > shown:
            lines.append(f"  ... and {len(gate.found) - shown} more")
    return printable("\n".join([*lines, "", verdict_line(record), NOTICE]))
