"""How a retrieval patient words what it says: what leads to it, and prepared texts where nothing of its own is said.

Which text it is follows from the person, the seed and how much was said, so equal talks are worded equally.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mentalarena.clinic.cognitive_model import Component
from mentalarena.practice.memory import Memory
from mentalarena.practice.rapport import Style
from mentalarena.practice.reactions import pick
from mentalarena.practice.sayings import DEEP, Saying

ASIDES: tuple[Component, ...] = ("history", "coping_strategies", "behavior")
"""What a talkative person comes to by the way."""
Lead = Literal["lead", "moved", "agree", "none"]
"""What leads to an answer: a phrase of the style, being moved, a yes, or nothing."""


@dataclass(frozen=True)
class Wording:
    """One turn, as far as it is about how a thing is said."""

    person: str
    """The person's id."""
    style: Style
    seed: int
    memory: Memory

    def spoken(self, chosen: Sequence[Saying], lead: Lead) -> str:
        """Sayings in their order, with what leads to the first; empty where there is none."""
        if not chosen:
            return ""
        first = chosen[0]
        opener = ""
        if lead in ("moved", "agree"):
            opener = self.prepared(lead)
        elif first.own and first.component == "emotions":
            opener = self.prepared("named_feeling")
        elif first.own and first.component == "situation":
            opener = self.prepared("moment")
        elif (
            first.own
            and first.component == "automatic_thoughts"
            and not self.memory.spoke_of("automatic_thoughts", own=True)
        ):
            opener = self.prepared("thought")
        elif first.degree == "trust" and first.component in DEEP:
            opener = self.prepared("belief") if self._coin(2) else ""
        elif lead == "lead" and self._coin({"plain": 4, "talkative": 2, "upset": 4}.get(self.style, 3)):
            opener = self.prepared("lead", self.style)
        parts = [opener, *(s.text for s in chosen)]
        if self.style == "talkative" and len(self.memory.said) > 1 and first.degree != "trust" and self._coin(3):
            rest = [s for s in self.memory.left if s.degree == "offered" and s not in chosen and s.component in ASIDES]
            parts += [self.prepared("aside"), rest[self._number("aside") % len(rest)].text] if rest else []
        return joined(*parts)

    def reaction(self, key: str, which: str | None = None, lead: Lead = "none") -> str:
        """What is said by somebody who has nothing of its own to say just then."""
        opener = self.prepared(lead) if lead in ("moved", "agree") else ""
        return joined(opener, self.prepared(key, which))

    def prepared(self, key: str, which: str | None = None) -> str:
        """One of the prepared texts."""
        return pick(key, which, self.style, self.memory.said, self._number(key))

    def _number(self, purpose: str) -> int:
        told = f"{self.seed}-{self.person}-{len(self.memory.said)}-{purpose}"
        return int.from_bytes(hashlib.sha256(told.encode()).digest()[:4])

    def _coin(self, one_in: int) -> bool:
        return self._number("coin") % one_in == 0


def joined(*parts: str) -> str:
    """The parts that are not empty, in one line."""
    return " ".join(part for part in parts if part)
