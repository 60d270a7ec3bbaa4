"""What an export holds, in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentalarena.report.text import printable

NOTICE = "Talks of models about simulated people: research, never care."


def export_lines(told: Mapping[str, Any]) -> str:
    """Where it is, what is in it, what was left out, under which licence."""
    lines = [f"export in {told['folder']}"]
    for name, by_split in told["configurations"].items():
        lines.append(f"  {name:18}" + ", ".join(f"{split} {count}" for split, count in by_split.items()))
    people = ", ".join(f"{split} {count}" for split, count in told["people"].items())
    lines.append(f"people: {people}; none in both")
    for what, name in (
        ("held back by the audit", "held_back"),
        ("repeated", "repeated"),
        ("other licences", "other_licence"),
    ):
        counts = ", ".join(f"{key} {count}" for key, count in told[name].items() if count)
        lines += [f"left out, {what}: {counts}"] if counts else []
    lines += [f"DESPITE the gate {check}" for check in told["despite"]]
    lines.append(f"licence of the whole: {told['licence']}")
    if told["unstated"]:
        lines.append(f"{told['unstated']} records of patients whose licence nobody has stated: you vouch for them")
    if told["weights"]:
        lines.append(f"weights of iteration {told['weights_of']} in {told['folder']}/{told['weights']}")
    lines += [told["note"]] if told["note"] else []
    lines += [f"what was in the folder is in {told['aside']}"] if told["aside"] else []
    lines += [f"pushed to {address}" for address in told.get("pushed", ())]
    return printable("\n".join([*lines, NOTICE]))
