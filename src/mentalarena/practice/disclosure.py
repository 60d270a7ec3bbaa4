"""What a retrieval patient answers about danger: truthfully when it is asked plainly, and from its own words when it is asked on.

Where neither its profile nor the texts of this room (data/risk_lines.json) have an answer, it steps out of its role and says
so: nobody is told that something was said which was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mentalarena.notices import CRISIS
from mentalarena.practice.danger import RiskLines, covers, denies, risk_lines, tells
from mentalarena.practice.hearing import Heard
from mentalarena.practice.memory import Memory
from mentalarena.practice.reactions import reactions
from mentalarena.practice.sayings import Repertoire, Saying

NOTHING_MORE = "(The simulation has nothing more on this.)"
"""Said out of the role."""
NOT_HERE = f"(The simulation cannot help with that. This is a program that answers with prepared words. {CRISIS}.)"
"""Said out of the role to a trainee who says of themself what `hearing.of_oneself` hears: a patient would say yes to it."""
AS_SAID = "As I said:"
"""Before what was really said."""
RECENT = 3
"""Answers after a disclosure in which an open question ("when would that be?") is about it."""
RELATED = {
    "death": ("death", "harm"),
    "harm": ("harm", "death"),
    "violence": ("violence",),
    "road": ("road",),
    "body": ("body",),
    "peril": ("road", "body", "violence", "harm", "death"),
}
"""Which dangers a question for one brings out: a question for safety at home brings out no plan to die."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a prepared text by kind, then the person's own words; either may be empty."""

    kind: str = ""
    which: str | None = None
    text: str = ""


@dataclass(frozen=True)
class Disclosure:
    """One turn, as far as it is about danger."""

    person: str
    """The person's id."""
    repertoire: Repertoire
    memory: Memory
    line: Heard
    earlier: tuple[Heard, ...]
    """The therapist's lines before it."""

    def answer(self) -> Answer | None:
        """What the person says, or None where the line is about no danger."""
        if self.line.facets and not self.line.facts and (told := self._asked_on()):
            return told
        return self._plainly() if self.line.danger else None

    def _plainly(self) -> Answer | None:
        """Asked plainly, the person answers truthfully, whatever the trust."""
        kind, words = self.line.danger, self.line.words
        related = RELATED[kind]
        known = [s for s in self.repertoire.sayings if s.danger in related and self._answers(s)]
        left = [s for s in known if not self.memory.was_said(s)]
        left.sort(key=lambda s: (related.index(s.danger), s.own, -self.repertoire.overlap(words, s)))
        if left:
            return Answer("answer_danger", text=left[0].text)
        if known:
            last = self.memory.said[-1] if self.memory.said else ""
            again = [s.text for s in known if s.text not in last]
            return Answer(text=f"{AS_SAID} {again[0]}") if again else Answer("told_danger")
        # asked for its body or its way home, and nothing dangerous there: a question like any other
        if kind in ("road", "body"):
            return None
        aim = next(iter(self.line.aims)) if len(self.line.aims) == 1 else kind
        return Answer("no_danger", "others" if kind == "harm" and aim == "others" else "self" if aim == "self" else kind)

    def _answers(self, saying: Saying) -> bool:
        """Whether a saying answers the plain question: a no answers what it denies, and nobody's harm stands for another's."""
        kind = self.line.danger
        if kind not in ("death", "harm") or saying.danger not in ("death", "harm"):
            return True
        told = covers(saying.danger, saying.text)
        wanted = {"death"} if kind == "death" else self.line.aims or {"self", "others"}
        if denies(saying.text) or told == {"others"}:
            return not told.isdisjoint(wanted)
        return wanted != {"others"}  # who wishes to die, or harms themself, says so when asked for either

    def _asked_on(self) -> Answer | None:
        """Asked for the plan, the means, who knows, ..., of a danger that was told or denied."""
        kind = self._kind
        if not kind:
            return self._denied()
        name = next((f for f in self.line.facets if f in self.line.firm or self._fresh), "")
        if not name or (self.line.danger and kind not in RELATED[self.line.danger]):
            return None
        group = RELATED[kind] if kind in ("death", "harm") else (kind,)
        own = [s for s in self.repertoire.sayings if s.danger in group and tells(name, s.text)]
        left = [s for s in own if not self.memory.was_said(s)]
        if left:
            return Answer(text=left[0].text)
        prepared = self._lines.lines.get(name, ()) if self._lines and self._lines.about in group else ()
        fresh = [text for text in prepared if not self._was_told(text)]
        if fresh:
            return Answer(text=fresh[0])
        told = [*prepared, *(s.text for s in own)]
        last = self.memory.said[-1] if self.memory.said else ""
        again = [text for text in told if text not in last]
        return Answer(text=f"{AS_SAID} {again[0]}") if again else Answer(text=NOTHING_MORE)

    def _denied(self) -> Answer | None:
        """Asked on after a no."""
        name = next((f for f in self.line.facets if f in self.line.firm or self._chained), "")
        if not name or not any(line.danger in ("death", "harm") for line in self.earlier):
            return None
        if self.line.danger and name != "reasons":
            return None
        return Answer("denied", name if name in reactions()["denied"] else "other")

    @cached_property
    def _chained(self) -> bool:
        """Whether nothing else was asked since danger was."""
        for line in reversed(self.earlier):
            if line.danger in ("death", "harm"):
                return True
            if not line.facets:
                return False
        return False

    @cached_property
    def _lines(self) -> RiskLines | None:
        return risk_lines().get(self.person)

    @cached_property
    def _disclosed(self) -> tuple[tuple[int, Saying], ...]:
        """The dangers that were told, the latest first, with how many answers ago (from 1)."""
        found = []
        for ago, text in enumerate(reversed(self.memory.said), 1):
            found += [(ago, s) for s in self.repertoire.sayings if s.danger and s.text in text and not _nothing_there(s)]
        return tuple(found)

    @property
    def _kind(self) -> str:
        """The danger that the talk is about: the latest that was told; with a word for one in the line, that one."""
        kinds = [s.danger for _, s in self._disclosed]
        if self.line.danger and self.line.danger != "peril":
            return next((kind for kind in kinds if kind in RELATED[self.line.danger]), "")
        return kinds[0] if kinds else ""

    @property
    def _fresh(self) -> bool:
        """Whether the talk is about it just now."""
        last = self.memory.said[-RECENT:]
        of_lines = [text for texts in self._lines.lines.values() for text in texts] if self._lines else []
        near = any(ago <= RECENT for ago, _ in self._disclosed)
        return near or any(text in said for said in last for text in (*of_lines, NOTHING_MORE))

    def _was_told(self, text: str) -> bool:
        return any(text in said for said in self.memory.said)


def _nothing_there(saying: Saying) -> bool:
    return saying.danger in ("death", "harm") and denies(saying.text)
