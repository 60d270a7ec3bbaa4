"""How a stage tells how far it is. The command line shows bars; Python users hear nothing unless they listen."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears of one stage at a time."""

    def start(self, title: str, total: float) -> None:
        """A stage begins; `total` is in its own units (episodes, patients, or 1.0 for a share)."""
        ...

    def advance(self, amount: float = 1) -> None:
        """Some more of the current stage is done."""
        ...


class Silence:
    """Nobody listens."""

    def start(self, title: str, total: float) -> None:
        pass

    def advance(self, amount: float = 1) -> None:
        pass
