"""The record of an audit: its gates, the rows that are held back, and digests of what was read. `stages.audit` writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.errors import DataError
from mentalarena.runs.directory import read_json

AUDIT = "audit.json"
VERSION = 1
AUDITED = ("episodes.jsonl", "sft.jsonl", "preferences.jsonl")
STATUSES = ("pass", "held back", "failed", "not done")


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """The audit of a folder. A gate is {check, status, examined, findings, note}."""

    status: str
    gates: tuple[Mapping[str, Any], ...]
    rows: Mapping[str, frozenset[int]]
    """Rows that are held back, by file under the folder."""
    files: Mapping[str, str]
    """SHA-256 of what was read."""

    def held_back(self, relative_path: str) -> frozenset[int]:
        """The rows of a file (numbers from 0) that are not given out; none of a file that nobody audited (see `stale`)."""
        return self.rows.get(_in_arm(relative_path), frozenset())

    def stale(self, dir: Path) -> bool:
        """Whether a file is another one now, is gone, or is new."""
        there = [path for name in AUDITED for path in dir.glob(f"arms/*/iteration-*/{name}")]
        if any(str(path.relative_to(dir)) not in self.files for path in there):
            return True
        return any(_digest(dir / path) != told for path, told in self.files.items())


def read_audit(dir: Path) -> AuditRecord | None:
    """The audit of a folder; None where there is none. Raises `DataError` for a file that is no audit of this version."""
    path = dir / AUDIT
    if not path.exists():
        return None
    told = read_json(path, "the file of `mentalarena audit`; delete it")
    try:
        if told["version"] != VERSION or told["status"] not in STATUSES[:3]:
            raise ValueError(f"version {told['version']!r}, status {told['status']!r}")
        if any(gate["status"] not in STATUSES or not isinstance(gate["check"], str) for gate in told["gates"]):
            raise ValueError("a gate without a status")
        rows = {str(file): frozenset(map(int, numbers)) for file, numbers in told["held_back"].items()}
        return AuditRecord(told["status"], tuple(told["gates"]), rows, {str(f): str(d) for f, d in told["files"].items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: no audit of this version ({error!r}); delete it and run `mentalarena audit` again"
        ) from None


def _in_arm(path: str) -> str:
    """The main arm's iterations stand at the top of a run directory too."""
    return f"arms/main/{path}" if path.startswith("iteration-") else path


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
