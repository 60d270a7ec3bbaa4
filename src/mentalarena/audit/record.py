"""What an audit leaves: `audit.json` (gates, rows that are held back, digests of what was read) and `audit.jsonl` (findings)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mentalarena.audit.gates import Gate, held_back, status_of
from mentalarena.errors import DataError
from mentalarena.runs.directory import digest_of_file, own_file, read_json, write_jsonl, write_whole

AUDIT, FINDINGS = "audit.json", "audit.jsonl"
VERSION = 1
AUDITED = ("episodes.jsonl", "sft.jsonl", "preferences.jsonl")
"""Files of an iteration that are audited: dialogues before the rows that were made of them."""
STATUSES = ("pass", "held back", "failed", "not done")


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """The audit of a folder. A gate is {check, status, examined, findings, note, share}."""

    status: str
    gates: tuple[Mapping[str, Any], ...]
    rows: Mapping[str, frozenset[int]]
    """Rows that are held back, by file under the folder."""
    files: Mapping[str, str]
    """SHA-256 of what was read."""
    wanted: Mapping[str, Any] = field(default_factory=dict)
    """What was looked for beside what the run itself tells (`stages.audit.Wanted`): {data, questions, embedder, seeds, canaries},
    those that were given. An audit of before this was kept has none."""

    def held_back(self, relative_path: str) -> frozenset[int]:
        """The rows of a file (numbers from 0) that are not given out; none of a file that nobody audited (see `stale`)."""
        return self.rows.get(_in_arm(relative_path), frozenset())

    def stale(self, dir: Path) -> bool:
        """Whether a file is another one now, is gone, or is new."""
        if any(path not in self.files for path in audited_files(dir)):
            return True
        return any(_digest_in(dir, path) != told for path, told in self.files.items())


def _digest_in(dir: Path, name: str) -> str | None:
    """Of a file of the folder; None of what is gone, or lies elsewhere: the names stand in a file that may be anybody's."""
    try:
        path = own_file(dir, name)
    except (DataError, ValueError):  # a name may hold what none can (a zero byte)
        return None
    return digest_of_file(path) if path else None


def audited_files(out: Path) -> list[str]:
    """The files of a run directory that are audited, as paths under it, arm by arm and in the order of iterations."""
    folders = sorted(path for path in out.glob("arms/*/iteration-*") if path.name.removeprefix("iteration-").isdecimal())
    files = (folder / name for folder in folders for name in AUDITED)
    return [str(file.relative_to(out)) for file in files if file.is_file()]


def read_audit(dir: Path) -> AuditRecord | None:
    """The audit of a folder; None where there is none. Raises `DataError` for a file that is no audit of this version."""
    path = own_file(dir, AUDIT)
    if path is None:
        return None
    told = read_json(path, "the file of `mentalarena audit`; delete it")
    try:
        if told["version"] != VERSION or told["status"] not in STATUSES:
            raise ValueError(f"version {told['version']!r}, status {told['status']!r}")
        if any(gate["status"] not in STATUSES or not isinstance(gate["check"], str) for gate in told["gates"]):
            raise ValueError("a gate without a status")
        rows = {str(file): frozenset(map(int, numbers)) for file, numbers in told["held_back"].items()}
        digests = {str(f): str(d) for f, d in told["files"].items()}
        return AuditRecord(told["status"], tuple(told["gates"]), rows, digests, dict(told.get("wanted", {})))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(
            f"{path}: no audit of this version ({error!r}); delete it and run `mentalarena audit` again"
        ) from None


def record_of(gates: Sequence[Gate], files: Mapping[str, str], wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of audit.json."""
    return {
        "version": VERSION,
        "status": status_of(gates),
        "gates": [gate.as_dict() for gate in gates],
        "held_back": held_back(gates),
        "files": dict(files),
        "wanted": dict(wanted or {}),
    }


def lost_checks(dir: Path, record: Mapping[str, Any]) -> list[str]:
    """Checks that the audit in a folder had done and `record`, which replaces it, has not."""
    try:
        before = read_audit(dir)
    except DataError:
        return []  # what cannot be read tells nothing
    missing = {gate["check"] for gate in record["gates"] if gate["status"] == "not done"}
    return [g["check"] for g in before.gates if g["status"] != "not done" and g["check"] in missing] if before else []


def write_audit(dir: Path, record: Mapping[str, Any], gates: Iterable[Gate]) -> None:
    """Write findings, then what they come to. Raises `RunError`."""
    write_jsonl(dir / FINDINGS, (placed.as_dict() for gate in gates for placed in gate.found))
    write_whole(dir / AUDIT, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _in_arm(path: str) -> str:
    """The main arm's iterations stand at the top of a run directory too."""
    return f"arms/main/{path}" if path.startswith("iteration-") else path
