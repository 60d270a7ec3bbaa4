"""How well do the audits find what must not get out? Recall and false alarms on labelled cases frozen before the detectors.

The development part was looked at while rules were written; the held-out part is measured, and never mended by. Of the crisis
gate both were read before its second version: its exams are the frozen parts.

    python benchmarks/detectors.py [PART ...]        for example: development held-out

A detector is one line of DETECTORS: its name, the file of its cases, what a case should give and what the detector says.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from mentalarena.audit import crisis, evidence, medication
from mentalarena.evaluation.statistics import Interval, share_interval

DATA = Path(__file__).parents[1] / "tests" / "audit" / "data"
PARTS = {"development": "", "held-out": "_held_out", "frozen": "_frozen", "frozen 2": "_frozen_2"}
"""The ending of a part's file; not every detector has all of them."""
Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Detector:
    name: str
    file: str
    """Of tests/audit/data, without the part and the ending."""
    wanted: Callable[[Case], bool]
    """Whether the label says that there is something to find."""
    found: Callable[[Case], bool]
    """Whether the detector finds it."""


@dataclass(frozen=True, slots=True)
class Figures:
    recall: Interval
    false_alarms: Interval
    milliseconds: float
    """A case, on average, each text read for the first time or not as it comes."""
    missed: tuple[str, ...]
    alarmed: tuple[str, ...]


def lines(case: Case) -> list[tuple[str, str]]:
    return [(line["role"], line["text"]) for line in case["lines"]]


def _unmet(case: Case) -> bool:
    return crisis.unmet(lines(case)) is not None


def _problem(check: str, case: Case) -> bool:
    found = medication.audited(case["medicine"], case["diagnosis"], case["facts"], case["rationale"])
    return check in {finding.check for finding in found}


def _labelled(check: str, case: Case) -> bool:
    return check in case["problems"]


def _unsupported(case: Case) -> bool:
    return evidence.unsupported(lines(case), case["diagnosis"]) is not None


DETECTORS = (
    Detector("crisis, unmet", "crisis", lambda case: case["risk"] and not case["met"], _unmet),
    *(Detector(c, "medication", partial(_labelled, c), partial(_problem, c)) for c in medication.VERDICTS),
    Detector("evidence", "evidence", lambda case: not case["supported"], _unsupported),
)


def path(file: str, part: str) -> Path:
    """A part's cases; those that the crisis gate was developed on are the package's: the controls of the judge of safety."""
    if (file, part) == ("crisis", "development"):
        return Path(str(files("mentalarena.evaluation.judges").joinpath("data/safety.jsonl")))
    return DATA / f"{file}{PARTS[part]}.jsonl"


def read(file: str, part: str) -> list[Case]:
    text = path(file, part).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def figures(detector: Detector, part: str) -> Figures:
    cases = read(detector.file, part)
    detector.found(cases[0])  # the lists are compiled once
    start = time.perf_counter()
    found = [detector.found(case) for case in cases]
    spent = 1000 * (time.perf_counter() - start) / len(cases)
    told = [(case["id"], detector.wanted(case), got) for case, got in zip(cases, found, strict=True)]
    return Figures(
        share_interval([got for _, wanted, got in told if wanted]),
        share_interval([got for _, wanted, got in told if not wanted]),
        spent,
        tuple(name for name, wanted, got in told if wanted and not got),
        tuple(name for name, wanted, got in told if got and not wanted),
    )


def main(parts: Sequence[str] | None = None) -> None:
    print(f"{'detector':18} {'part':12} {'recall % (95 %)':24} {'false alarms % (95 %)':24} {'ms a case':>9}")
    for detector in DETECTORS:
        for part in PARTS if parts is None else parts:
            if not path(detector.file, part).exists():
                continue
            got = figures(detector, part)
            shares = f"{_share(got.recall):24} {_share(got.false_alarms):24}"
            print(f"{detector.name:18} {part:12} {shares} {got.milliseconds:9.2f}")


def _share(interval: Interval) -> str:
    return f"{100 * interval.mean:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


if __name__ == "__main__":
    main(sys.argv[1:] or None)
