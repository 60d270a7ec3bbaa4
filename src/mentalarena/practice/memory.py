"""What a retrieval patient knows of the talk: only what stands in the messages, so that any copy of it knows the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mentalarena.clinic.cognitive_model import Component
from mentalarena.practice.sayings import Repertoire, Saying


@dataclass(frozen=True)
class Memory:
    """What the person said so far, and what it has left to say."""

    repertoire: Repertoire
    said: tuple[str, ...]

    @cached_property
    def _told(self) -> frozenset[str]:
        every = "\n".join(self.said)
        return frozenset(s.text for s in self.repertoire.sayings if s.text in every)

    def was_said(self, saying: Saying) -> bool:
        return saying.text in self._told

    @cached_property
    def left(self) -> tuple[Saying, ...]:
        """What was not said yet."""
        return tuple(s for s in self.repertoire.sayings if not self.was_said(s))

    @cached_property
    def last(self) -> tuple[Saying, ...]:
        """What was told last, if anything: the latest answer that holds a saying."""
        for text in reversed(self.said):
            if found := [s for s in self.repertoire.sayings if s.text in text]:
                return tuple(sorted(found, key=lambda s: text.index(s.text)))
        return ()

    @property
    def last_component(self) -> Component | None:
        return next((s.component for s in self.last), None)

    @cached_property
    def last_words(self) -> frozenset[str]:
        return frozenset(word for s in self.last for word in s.words)

    @cached_property
    def moment_told(self) -> bool:
        """Whether the person has told the moment that it came about."""
        return self.spoke_of("situation", own=True)

    def spoke_of(self, component: Component, own: bool = False) -> bool:
        """Whether anything of a component was told; with `own` in the cognitive model's own words."""
        return any(s.component == component and (s.own or not own) and self.was_said(s) for s in self.repertoire.sayings)
