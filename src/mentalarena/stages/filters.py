"""Which episodes of a run a person wants to see, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, get_args

from mentalarena.errors import ConfigError
from mentalarena.stages.episode_lines import EpisodeLine

Verdict = Literal["right", "wrong", "none", "unknown"]
"""Of a diagnosis, by the reference; `none` was agreed on; `unknown` is whether the one that was agreed on is right."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
COLUMNS = (
    *("id", "iteration", "arm", "patient_id", "style", "diagnosis", "truth", "right", "similarity", "score", "problems"),
    *("turns", "stop_reason"),
)
"""What can be sorted by."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What an episode must have; a filter that is not set lets everything pass. Ranges include their ends."""

    verdicts: tuple[Verdict, ...] = ()
    """Any of these."""
    similarity: tuple[float | None, float | None] = (None, None)
    score: tuple[int | None, int | None] = (None, None)
    problems: bool | None = None
    """Whether a step failed."""
    step: str = ""
    """A step that failed."""
    style: str = ""
    iteration: int | None = None
    arm: str = ""
    patient: str = ""
    diagnosis: str = ""
    prefix: str = ""
    """The beginning of the id."""

    def let(self, line: EpisodeLine) -> bool:
        """Whether a line passes all of them."""
        return (
            (not self.arm or line.arm == self.arm)
            and (self.iteration is None or line.iteration == self.iteration)
            and (not self.verdicts or verdict_of(line) in self.verdicts)
            and (self.problems is None or bool(line.problems) == self.problems)
            and (not self.step or any(failed.step == self.step for failed in line.problems))
            and (not self.style or line.style == self.style)
            and (not self.patient or line.patient_id == self.patient)
            and (not self.diagnosis or line.diagnosis == self.diagnosis)
            and line.id.startswith(self.prefix)
            and _within(line.similarity, self.similarity)
            and _within(line.score, self.score)
        )


ALL = Filters()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the lines that were asked for."""

    lines: tuple[EpisodeLine, ...]
    total: int
    """Of all pages."""
    number: int
    """From 1; the last one where a later one was asked for."""
    pages: int
    """At least 1."""


def verdict_of(line: EpisodeLine) -> Verdict:
    """What is to be said of a line's diagnosis."""
    if line.diagnosis is None:
        return "none"
    return "unknown" if line.right is None else "right" if line.right else "wrong"


def names(line: EpisodeLine, text: str) -> bool:
    """Whether a text (in lower case, by `casefold`) stands in the line's ids, names or style."""
    told = (line.id, line.patient_id, line.diagnosis, line.truth, line.style, line.arm)
    return any(text in one.casefold() for one in told if one)


def ordered(lines: Iterable[EpisodeLine], order: str) -> list[EpisodeLine]:
    """By a column, or with `-` before it from the greatest down; what has no value stands last either way, equals by iteration,
    arm and id. Raises `ConfigError` for a column that is none."""
    column = order.removeprefix("-")
    if column not in COLUMNS:
        raise ConfigError(f"order {order!r}: expected one of {', '.join(COLUMNS)}, with - before it from the greatest down")
    found = sorted(lines, key=attrgetter("iteration", "arm", "id"))
    value = (lambda line: len(line.problems)) if column == "problems" else attrgetter(column)
    there: list[tuple[Any, EpisodeLine]] = [(got, line) for line in found if (got := value(line)) is not None]
    there.sort(key=lambda pair: pair[0], reverse=order.startswith("-"))
    return [line for _, line in there] + [line for line in found if value(line) is None]


def page_of(lines: Sequence[EpisodeLine], number: int, size: int) -> Page:
    """Page `number` (from 1) of `size` lines; all of them on one where `size` is 0."""
    size = size if size > 0 else max(len(lines), 1)
    pages = max(-(-len(lines) // size), 1)
    number = min(max(number, 1), pages)
    return Page(tuple(lines[(number - 1) * size : number * size]), len(lines), number, pages)


def _within(value: float | None, bounds: tuple[float | None, float | None]) -> bool:
    low, high = bounds
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)
