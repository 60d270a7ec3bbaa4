"""Whom a collection covers, as counts and as tables to read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mentalarena.clinic.audit import AGES, SEVERITIES
from mentalarena.clinic.collection import Collection

CELLS = ("mild", "moderate", "severe")


def counts(found: Collection) -> dict[str, Any]:
    """People, patients, splits, demographics, disorder x age x severity, comorbidity and risk as plain numbers."""
    references = [found.references[person] for person in found.demographics if person in found.references]
    return {
        "people": len(found.demographics),
        "patients": len(found.patients),
        "splits": Counter(found.splits.values()),
        "age": {group: found.counted("age")[group] for group in (*AGES, "unknown") if found.counted("age")[group]},
        "gender": dict(found.counted("gender").most_common()),
        "disorders": [
            {"disorder": disorder, "age": age, "severity": severity, "people": people}
            for (disorder, age, severity), people in sorted(found.coverage().items())
        ],
        "severity": {s: n for s in SEVERITIES if (n := sum(r.severity == s for r in references))},
        "comorbid": sum(len(r.disorders) > 1 for r in references),
        "no_disorder": sum(r.disorders[0] == "no disorder" for r in references),
        "risk": sum(r.risk != "none" for r in references),
    }


def coverage_table(found: Collection, markdown: bool = False) -> str:
    """Disorder by age; in each cell people by severity (mild/moderate/severe), or one number where there is no disorder."""
    told = counts(found)
    cells = found.coverage()
    totals: Counter[str] = Counter()
    for (disorder, _, _), people in cells.items():
        totals[disorder] += people
    head = ["main disorder", *AGES, "people"]
    rows = [
        [disorder, *(_cell(cells, disorder, age) for age in AGES), str(total)]
        for disorder, total in sorted(totals.items(), key=lambda item: (item[0] == "no disorder", -item[1], item[0]))
    ]
    lines = [f"{told['people']} people, {told['patients']} patients"]
    if told["splits"]:
        lines.append("splits: " + ", ".join(f"{name.replace('_', '-')} {n}" for name, n in sorted(told["splits"].items())))
    lines += ["age: " + _listed(told["age"]), "gender: " + _listed(told["gender"])]
    if rows:
        lines.append(
            f"severity: {_listed(told['severity'])}; with a second disorder {told['comorbid']}; "
            f"no disorder {told['no_disorder']}; risk that needs a safety step {told['risk']}"
        )
        lines += ["", "cells: mild/moderate/severe", ""]
        lines += _markdown(head, rows) if markdown else _columns(head, rows)
    return "\n".join(lines)


def _cell(cells: Counter[tuple[str, str, str]], disorder: str, age: str) -> str:
    if disorder == "no disorder":
        return str(cells[disorder, age, "none"] or "-")
    numbers = [cells[disorder, age, severity] for severity in CELLS]
    return "/".join(map(str, numbers)) if any(numbers) else "-"


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in numbers.items())


def _columns(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)]


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
