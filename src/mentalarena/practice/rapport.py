"""Rapport: how much trust a therapist has earned, read from the talk. A rule for practice, not a measure of anybody.

Open questions, empathy and reflections that take up what was said earn it; questioning closely, early advice, lectures and
unkind words lose it (the skills and the mistakes of motivational interviewing: Miller and Rollnick 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mentalarena.practice.hearing import LECTURE, Heard, hear, words_of

Style = Literal["plain", "talkative", "reserved", "guarded", "upset", "pleasing"]
STYLES: tuple[Style, ...] = Style.__args__  # type: ignore[attr-defined]
Difficulty = Literal["easy", "normal", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = Difficulty.__args__  # type: ignore[attr-defined]

NEEDED: dict[Difficulty, float] = {"easy": 2.5, "normal": 5.0, "hard": 8.0}
MORE: dict[Style, float] = {"talkative": -1.0, "reserved": 1.0, "guarded": 2.5, "upset": 0.5, "pleasing": 0.5}
"""What a style adds to what is needed."""
EARLY = 5
"""Turns before which advice comes too early."""
MOST_BY_QUESTIONS = 4.0
"""Points that questions alone can earn: being asked is not yet being understood."""
FLOOR = -3.0
"""Points are not lost beyond this, so that trust can be won again."""


def rapport(heard: Sequence[str], said: Sequence[str]) -> float:
    """The points that the therapist's lines have earned so far; the first line is the greeting that every talk begins with."""
    return course(heard, said)[-1] if heard else 0.0


def course(heard: Sequence[str], said: Sequence[str]) -> list[float]:
    """The points after each of the therapist's lines."""
    found = list[float]()
    points, closed, questions = 0.0, 0, 0.0
    earlier: set[str] = set()
    for number, text in enumerate(heard):
        line = hear(text, heard[number - 1] if number else "")
        before = words_of(said[number - 1]) if 0 < number <= len(said) else frozenset()
        if number:
            if not line.danger:  # to ask about danger never costs trust
                closed = 0 if line.open or not line.asks else closed + 1
            asked, rest = _points(line, before, closed, number, text.strip().lower() in earlier)
            asked = min(asked, MOST_BY_QUESTIONS - questions)
            questions += asked
            points = max(FLOOR, points + asked + rest)
        earlier.add(text.strip().lower())
        found.append(points)
    return found


def trusts(points: float, style: Style, difficulty: Difficulty) -> bool:
    """Whether these points are enough for what the person says only to somebody it trusts."""
    return points >= needed(style, difficulty)


def needed(style: Style, difficulty: Difficulty) -> float:
    """The points that it takes."""
    return NEEDED[difficulty] + MORE.get(style, 0.0)


def _points(line: Heard, before: frozenset[str], closed: int, number: int, repeated: bool) -> tuple[float, float]:
    """What a line earns by what it asks, and by all else."""
    if line.silent:
        return 0.0, 0.0
    if line.unclear or line.has("all_at_once", "machine") or repeated:
        return 0.0, -0.25
    takes_up = bool(line.words & before)
    asked = float(line.open and not line.has("small_talk", "how_are_you")) + 0.5 * (line.asks and takes_up)
    rest = 1.5 * line.has("empathic") + 0.5 * line.has("gentle", "confidential")
    if line.has("reflective") or (takes_up and not line.asks):
        rest += 1.5 if takes_up else 0.75
    rest -= 0.75 * (closed > 1 and not line.danger) + 0.5 * (line.has("why") and not line.has("gentle"))
    rest -= 3.0 * line.has("unkind") + (1.5 if number < EARLY else 0.75) * line.has("advice", "label")
    return asked, rest - (1.0 if line.length > LECTURE else 0.0)
