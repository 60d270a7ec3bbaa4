"""What the segments of a reply state, and what several statements come to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mentalarena.evaluation.benchmarks import cues
from mentalarena.evaluation.benchmarks.mentions import MARK

_ANOTHER = re.compile(rf"\b(?:and|or) ?({MARK})(?= ?,? ?{cues.REASON.pattern})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """What one segment says of the options: which it asserts, which it denies, and how it goes with the one before."""

    segment: int
    labels: frozenset[str]
    denied: frozenset[str] = frozenset()
    adds: bool = False
    corrects: bool = False
    firm: bool = True
    """Whether it outweighs a refusal that stands before it; a bare option does not."""


def joined(statements: Sequence[Statement], segments: list[str]) -> tuple[frozenset[str], Statement]:
    """What the statements come to, and the last of them."""
    current: frozenset[str] = frozenset()
    before = statements[0]
    for statement in statements:
        between = segments[before.segment + 1 : statement.segment]
        if not statement.labels and statement.denied:
            current -= statement.denied
        elif statement.adds and not statement.corrects:
            current |= statement.labels
        elif statement.corrects or any(cues.CORRECTS.search(s) for s in between):
            current = statement.labels
        else:
            current |= statement.labels
        before = statement
    return current, before


def clauses(told: str) -> list[str]:
    return [clause for clause in cues.CLAUSE.split(told) if clause]


def last_of(pattern: re.Pattern[str], told: str) -> re.Match[str] | None:
    """The last match before the last mention."""
    marks = list(re.finditer(MARK, told))
    end = marks[-1].start() if marks else len(told)
    found: Iterable[re.Match[str]] = (m for m in pattern.finditer(told) if m.end() <= end or not marks)
    return max(found, key=lambda m: m.start(), default=None)


def before_reasons(segments: list[str]) -> Iterator[str]:
    for segment in segments:
        if cues.EXPLAINS.match(segment):
            return
        yield segment


def until_reason(told: str) -> str:
    """What stands before the reasons that are given for the first mention, and mentions with reasons of their own."""
    mark = re.search(MARK, told)
    reason = cues.REASON.search(told, mark.end()) if mark else None
    return told[: reason.start()] + " ".join(_ANOTHER.findall(told, reason.start())) if reason else told


def told_after(cue: re.Match[str]) -> str:
    """What a segment tells after a cue, with the denial or doubt before it: "I do not think the answer is ..."."""
    before = clauses(cue.string[: cue.start()].rstrip() + " ")[-1:] or [""]
    own = ("" if re.match(rf"\W|{cues.THEREFORE.pattern}", cue[0], re.IGNORECASE) else before[0]) + cue[0]
    denied = "not " if cues.DENIAL.search(own) else "maybe " if cues.DOUBT.search(own) else ""
    told = cue.string[cue.end() :]
    start = cues.CLAUSE.split(told, maxsplit=1)[0]
    if re.match(r"\s?not\b", start) and not re.search(MARK, start) and start.strip() != "not":
        told = start  # "is not listed, although ..."
    return denied + until_reason(told)
