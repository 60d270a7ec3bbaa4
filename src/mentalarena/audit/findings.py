"""The record that all audits share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["held back", "failed", "look"]
"""held back: the item is not given out. failed: nothing may be given out until it is mended. look: a person should."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found in one item."""

    check: str
    """The name of the check, as `crisis` or `dose`."""
    item: str
    """The row, episode or patient that it was found in, by id; empty where the caller knows it."""
    detail: str
    """What was found, in words for a reader."""
    verdict: Verdict

    def as_dict(self) -> dict[str, str]:
        return asdict(self)
