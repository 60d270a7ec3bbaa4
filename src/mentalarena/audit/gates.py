"""Gates: what each check says of all that it looked at. Nothing passes because nobody looked: a check that was not done says so.

The order is the table's. A finding holds its row back, fails the gate, or asks a person to look (`audit.findings.Verdict`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mentalarena.audit.findings import Finding
from mentalarena.errors import ConfigError
from mentalarena.evaluation.statistics import Interval

Status = Literal["pass", "held back", "failed", "not done"]
CHECKS: Mapping[str, str] = {
    "prompt-leak": "what a prompt of therapist or judge told of a profile that nobody had said",
    "guidance-leak": "what the judge's guidance told of it",
    "contamination": "rows that hold a benchmark's question, by words in a row",
    "contamination-by-meaning": "rows that hold one in other words, by embeddings",
    "duplicates": "rows that repeat an earlier one, nearly or word for word",
    "memorisation": "answers that give a seed patient away: words in a row, canaries",
    "extraction": "seed texts with which the trained model goes on when it is shown their beginning",
    "crisis": "a danger that the patient speaks of and the therapist passes over",
    "medication": "medicines that nobody knows, that a fact about the patient speaks against, doses",
    "evidence": "diagnoses for which the dialogue holds too little",
    "over-diagnosis": "patients without a disorder who were given one",
    "licences": "patients whose licence does not allow it",
}
"""What each check looks for, in rows and runs."""
PUBLISHED: Mapping[str, str] = {
    "contamination": "records that hold a benchmark's question, by words in a row",
    "contamination-by-meaning": "records that hold one in other words, by embeddings",
    "duplicates": "records that repeat an earlier one",
    "diagnoses": "illnesses that are not one clean diagnosis",
    "medicines": "medicines that are none",
    "doses": "medicines for which a dose is claimed",
    "verbatim-seeds": "symptoms that hold a seed word for word",
}
"""The same for records in the published layout."""
UNITS: Mapping[str, str] = {
    "prompt-leak": "requests",
    "guidance-leak": "guidances",
    "extraction": "seeds",
    "contamination": "episodes and rows",
    "contamination-by-meaning": "episodes and rows",
    "crisis": "episodes and rows",
    "over-diagnosis": "episodes",
}
"""What `Gate.examined` counts where that is not rows (or records)."""
FAILS = frozenset(("prompt-leak", "guidance-leak", "memorisation", "extraction"))
"""Checks of which one finding is enough: nothing may be given out until it is mended."""
MOST_REPEATS = 0.5
"""Share of rows that repeat an earlier one from which on the gate fails: such data taught one thing over and over."""


LEFT_OUT = "left out by --only"
"""The note of a gate that the user did not want to be done."""
NOTHING = "there is nothing of that kind here"
"""The note of a gate that looked and had nothing to look at."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and where it is: a file under the target, and the row in it from 0 (None: no row of it)."""

    finding: Finding
    file: str
    row: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {**self.finding.as_dict(), "file": self.file, "row": self.row}


@dataclass
class Gate:
    """One check. `examined` counts what was looked at: rows, or what `UNITS` tells."""

    check: str
    examined: int = 0
    found: list[Placed] = field(default_factory=list)
    note: str = ""
    not_done: str = ""
    """Why it was not done; empty where it was."""
    share: Interval | None = None
    """The share of independent things (dialogues, patients) with a finding, with its 95 % interval."""
    fails: bool = False
    """Whether it fails by its numbers, and not by a finding."""

    def add(self, finding: Finding, file: str, row: int | None = None) -> None:
        """Take a finding under the gate's own name; of a check in `FAILS` it fails the gate."""
        if self.check in FAILS and finding.verdict == "held back":
            finding = replace(finding, verdict="failed")
        self.found.append(Placed(replace(finding, check=self.check), file, row))

    @property
    def status(self) -> Status:
        if self.not_done:
            return "not done"
        verdicts = {placed.finding.verdict for placed in self.found}
        if self.fails or "failed" in verdicts:
            return "failed"
        return "held back" if "held back" in verdicts else "pass"

    def as_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {"check": self.check, "status": self.status, "examined": self.examined}
        told |= {"findings": len(self.found), "note": self.not_done or self.note}
        if self.share:
            told["share"] = [self.share.mean, self.share.low, self.share.high]
        return told


def gates_of(names: Iterable[str], only: Collection[str]) -> dict[str, Gate]:
    """The gates by check; those that `only` leaves out are not done. Raises `ConfigError` for a check that is not there."""
    gates = {name: Gate(name) for name in names}
    if unknown := [name for name in only if name not in gates]:
        raise ConfigError(f"--only {unknown[0]}: no such check here; expected some of {', '.join(gates)}")
    for gate in gates.values():
        if only and gate.check not in only:
            gate.not_done = LEFT_OUT
    return gates


def status_of(gates: Iterable[Gate]) -> Status:
    """What all gates together say. Not done: no gate was, or one was not that `--only` asked for. Any other gate that was not
    done says nothing, and is told of."""
    all_gates = list(gates)
    asked = [gate for gate in all_gates if gate.not_done != LEFT_OUT]
    found = {gate.status for gate in asked}
    if "failed" in found:
        return "failed"
    if not found - {"not done"} or ("not done" in found and len(asked) < len(all_gates)):
        return "not done"
    return "held back" if "held back" in found else "pass"


def held_back(gates: Iterable[Gate]) -> dict[str, list[int]]:
    """Rows that are not given out, by file: those with a finding that holds back or fails."""
    rows: dict[str, set[int]] = {}
    for placed in (placed for gate in gates for placed in gate.found):
        if placed.row is not None and placed.finding.verdict != "look":
            rows.setdefault(placed.file, set()).add(placed.row)
    return {file: sorted(found) for file, found in sorted(rows.items())}


def first_of(found: Sequence[Placed], count: int) -> list[Placed]:
    """The first findings to show, those that weigh most before others."""
    order = {"failed": 0, "held back": 1, "look": 2}
    return sorted(found, key=lambda placed: order[placed.finding.verdict])[:count]
