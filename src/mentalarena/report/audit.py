"""An audit in a terminal: a line a gate, and the first things that each found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mentalarena.audit.gates import CHECKS, LEFT_OUT, PUBLISHED, UNITS, Gate, first_of
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


NEEDED: Mapping[str, str] = {
    "contamination": "--data",
    "contamination-by-meaning": "--data --embedder",
    "memorisation": "--seeds or --canary",
    "verbatim-seeds": "--seeds or --canary",
    "extraction": "--extract",
}
"""What must be given again for a check to be done again."""


def gate_rows(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A line a gate that was asked for: check, status, examined with its unit, findings, share with its interval, note."""
    rows = list[tuple[str, ...]]()
    published = _published(record)
    for gate in asked_for(record):
        share = "{:.1%} ({:.1%} to {:.1%})".format(*gate["share"]) if gate.get("share") else ""
        counts = (
            ("", "")
            if gate["status"] == "not done"
            else (
                f"{gate['examined']} {'records' if published else UNITS.get(gate['check'], 'rows')}",
                str(gate["findings"]),
            )
        )
        rows.append((gate["check"], gate["status"], *counts, share, gate["note"]))
    return rows


def verdict_line(record: Mapping[str, Any]) -> str:
    """What it all comes to, in one line."""
    rows, gates = sum(map(len, record["held_back"].values())), asked_for(record)
    missing = [gate["check"] for gate in gates if gate["status"] == "not done"]
    alone = f"of {', '.join(gate['check'] for gate in gates)} alone: " if len(gates) < len(record["gates"]) else ""
    if len(missing) == len(gates):
        return f"{alone}NOT DONE"
    told = f"{alone}{record['status'].upper()}: {counted(rows, 'row')} held back in {counted(len(record['files']), 'file')}"
    return f"{told}; not done: {', '.join(missing)}" if missing else told


def asked_for(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The gates that `--only` did not leave out."""
    return [gate for gate in record["gates"] if gate["note"] != LEFT_OUT]


def meanings(record: Mapping[str, Any]) -> Mapping[str, str]:
    """What each check looks for."""
    return PUBLISHED if _published(record) else CHECKS


def lost_line(dir: Path, lost: Sequence[str]) -> str:
    """Which checks an audit that is replaced had done and the new one has not, and how to have them."""
    told = [f"{check} ({NEEDED[check]})" if check in NEEDED else check for check in lost]
    return (
        f"{dir / 'audit.json'}: the audit that this one replaces had done, and this one has not: {', '.join(told)}; "
        "give the same options again to have them, or --out FOLDER to leave that record alone"
    )


def counted(count: int, what: str) -> str:
    """A number with its noun."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _published(record: Mapping[str, Any]) -> bool:
    return any(gate["check"] == "diagnoses" for gate in record["gates"])


def audit_table(record: Mapping[str, Any], gates: Sequence[Gate], shown: int = SHOWN) -> str:
    """The gates, the first findings of each, and what it comes to."""
    told = gate_rows(record)
    lines = [plain_table(["check", "status", "looked at", "found", "share (95 %)"], [row[:-1] for row in told])]
    lines += [f"{check}: {note}" for check, *_, note in told if note]
    for gate in gates:
        if not gate.found:
            continue
        lines += ["", f"{gate.check}, {meanings(record)[gate.check]}:"]
        for placed in first_of(gate.found, shown):
            where = placed.file + (f":{placed.row + 1}" if placed.row is not None else "")
            item = placed.finding.item.removeprefix(f"{placed.row} ")  # which counts from 0
            detail = " ".join(placed.finding.detail.split())
            lines.append(f"  {placed.finding.verdict:9}  {where}  {item}: {detail}"[:WIDTH])
        if len(gate.found) > shown:
            lines.append(f"  ... and {len(gate.found) - shown} more")
    return printable("\n".join([*lines, "", verdict_line(record), NOTICE]))
