"""How severe does the therapist find it? A rating in four words, asked for once the diagnosis is stated (as `library_references`
holds one). The embedded model was never taught to rate: its ratings mean nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mentalarena.arena import parsing
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import View
from mentalarena.evaluation.therapist import probabilities

LEVELS = ("none", "mild", "moderate", "severe")
"""In order: a rating is the place of its level, from 0 to 3."""


async def rate(told: View, cast: Cast, samples: int) -> Mapping[str, float]:
    """How probable the therapist finds each level; what is missing to 1 is no rating. `told` is its view with the diagnosis."""
    view = told.heard(cast.therapist.prompt("severity", options=", ".join(LEVELS)))
    return await probabilities(view, "severity", LEVELS, answer, read, cast, samples)


def answer(level: str) -> str:
    """How a rating is stated."""
    return f"severity: {level}"


def read(text: str) -> str:
    """The rating in a reply. Raises `Unreadable`."""
    return parsing.level(text, "severity", LEVELS)


def expected(shares: Mapping[str, float]) -> float | None:
    """The mean rating, from 0 (none) to 3 (severe), of those that were given; None where none was."""
    whole = sum(shares.values())
    return sum(LEVELS.index(level) * share for level, share in shares.items()) / whole if whole > 0 else None


def likeliest(shares: Mapping[str, float]) -> str | None:
    """The likeliest level, however probable no rating at all is; None where no level was given."""
    return max(shares, key=lambda name: shares[name]) if sum(shares.values()) > 0 else None
