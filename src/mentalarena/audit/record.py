"""The record of an audit: what was examined, what was found, and which rows are held back. `stages.audit` writes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mentalarena.errors import DataError
from mentalarena.runs.directory import read_json

AUDIT = "audit.json"
VERSION = 1
Status = Literal["pass", "held back", "failed"]
STATUSES: tuple[Status, ...] = ("pass", "held back", "failed")
_LINK = re.compile(r"^arms/main/(?=iteration-[0-9]+/)")


@dataclass(frozen=True, slots=True)
class Gate:
    """One check over everything: how much it examined, and what it found."""

    check: str
    status: Status
    examined: int
    findings: int
    note: str


@dataclass(frozen=True)
class AuditRecord:
    """What DIR/audit.json says."""

    status: Status
    gates: tuple[Gate, ...]
    rows: Mapping[str, frozenset[int]]
    """Rows (from 0) that are held back, by file."""
    files: Mapping[str, str]
    """SHA-256 of every file that was examined."""

    def held_back(self, rel: str) -> frozenset[int]:
        """Rows (from 0) of a file of the run directory that are held back. The main arm's iterations have two names."""
        return self.rows.get(_plain(rel), frozenset())

    def examined(self, rel: str) -> bool:
        """Whether a file was looked at."""
        return _plain(rel) in self.files

    def stale(self, directory: Path) -> bool:
        """Whether a file that was examined has changed or is gone."""
        return any(_digest(directory / rel) != told for rel, told in self.files.items())


def read_audit(directory: Path) -> AuditRecord | None:
    """The record of a run directory; None where there is none. Raises `DataError` for one that cannot be read."""
    path = directory / AUDIT
    if not path.exists():
        return None
    expected = "the record of `mentalarena audit`; delete it to audit again"
    told = read_json(path, expected)
    try:
        return _record(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path}: not as this version writes it ({error!r}); expected {expected}") from None


def _record(told: Mapping[str, Any]) -> AuditRecord:
    if told["version"] != VERSION or told["status"] not in STATUSES:
        raise ValueError(f"version {told['version']}, status {told['status']}")
    gates = tuple(
        Gate(str(one["check"]), one["status"], int(one["examined"]), int(one["findings"]), str(one["note"]))
        for one in told["gates"]
    )
    if odd := [gate for gate in gates if gate.status not in STATUSES]:
        raise ValueError(f"status {odd[0].status}")
    rows = {_plain(rel): frozenset(int(number) for number in numbers) for rel, numbers in told["held_back"].items()}
    return AuditRecord(told["status"], gates, rows, {_plain(rel): str(found) for rel, found in told["files"].items()})


def _plain(rel: str) -> str:
    return _LINK.sub("", rel)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
