"""The patient's mind as cognitive behavioural therapy draws it: the cognitive conceptualization diagram (Beck, 1995).

Two things are kept apart on purpose. A `Patient` holds what the person could say; what is *true* about the person (the
disorder, what would help) lives in `References` (references.py), which evaluation alone holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Component = Literal[
    "history",
    "core_beliefs",
    "intermediate_beliefs",
    "intermediate_beliefs_during_depression",
    "coping_strategies",
    "situation",
    "automatic_thoughts",
    "emotions",
    "behavior",
]
COMPONENTS: tuple[Component, ...] = Component.__args__  # type: ignore[attr-defined]

LABELS: Mapping[str, str] = {name: name.replace("_", " ") for name in COMPONENTS} | {"principles": "manner of talking"}
"""The words for each component in prompts and replies; `principles` is not a component but is decoded like one."""


@dataclass(frozen=True, slots=True)
class CoreBeliefs:
    """Core beliefs in Beck's three groups; each may be empty."""

    helpless: tuple[str, ...] = ()
    unlovable: tuple[str, ...] = ()
    worthless: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return *self.helpless, *self.unlovable, *self.worthless

    def text(self) -> str:
        return "; ".join([*(belief.rstrip(".") for belief in self.all[:-1]), *self.all[-1:]])


@dataclass(frozen=True, slots=True)
class CognitiveModel:
    """One cognitive conceptualization diagram. Text fields are free prose; an empty one means that nothing is known.

    Source: PAPER section 3.1 (Symptom Encoder); the field names are those of Patient-Psi.
    """

    id: str
    name: str
    history: str = ""
    core_beliefs: CoreBeliefs = field(default_factory=CoreBeliefs)
    intermediate_beliefs: str = ""
    intermediate_beliefs_during_depression: str = ""
    coping_strategies: str = ""
    situation: str = ""
    automatic_thoughts: str = ""
    emotions: str = ""
    behavior: str = ""

    def text(self, component: str) -> str:
        """The component (one of `COMPONENTS`) as one string; core beliefs of all three groups are joined."""
        value = getattr(self, component)
        return value.text() if isinstance(value, CoreBeliefs) else str(value)

    def profile(self) -> str:
        """All components that are not empty, one `label: text` line each: the encoded symptom S0."""
        return "\n".join(f"{LABELS[name]}: {self.text(name)}" for name in COMPONENTS if self.text(name))


@dataclass(frozen=True, slots=True)
class PrincipleGroup:
    """A behaviour pattern: principles about how such a patient talks (Roleplay-doh's idea, our own texts)."""

    id: str
    principles: tuple[str, ...]
    coping: tuple[str, ...] = ()
    """Coping strategies that go with it, where they are known: matched to a patient's like the principles are."""

    def text(self) -> str:
        return " ".join(self.principles)


@dataclass(frozen=True, slots=True)
class Voice:
    """Things that a person says, by how readily: of itself, when asked, or only to somebody it trusts."""

    offered: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return *self.offered, *self.asked, *self.trust

    def text(self) -> str:
        """One line a degree, for the patient's own prompt; empty where nothing is known."""
        told = {
            "you say of yourself": self.offered,
            "you say when you are asked": self.asked,
            "you say only to somebody you trust, or when you are asked plainly about death, harm or danger": self.trust,
        }
        return "\n".join(f"{when}: {' / '.join(texts)}" for when, texts in told.items() if texts)


@dataclass(frozen=True, slots=True)
class Patient:
    """Who comes to the arena. Holds nothing about what is true of the person beyond what the person could say."""

    cognitive_model: CognitiveModel
    demographics: tuple[tuple[str, str], ...] = ()
    source: str = "generated"
    licence: str = "Apache-2.0"
    person: str = ""
    """Whose situation this is, where one person has several; splits and audits are by person."""
    voice: Voice = field(default_factory=Voice)
    """How the person sounds, and what it keeps for whom."""
    fixed: tuple[str, ...] = ()
    """Demographics that a counterfactual must leave as they are."""
    styles: tuple[str, ...] = ()
    """Conversational styles that the patient's collection names; kept with the patient, not played."""

    def about(self) -> str:
        """Demographics in one line; empty where none are known."""
        return ", ".join(f"{name} {value}" for name, value in self.demographics)

    def encoded(self) -> str:
        """Who the patient is, for its own prompt alone: demographics, cognitive model and voice, as far as they are known."""
        about = self.about()
        parts = (about and f"about you: {about}", self.cognitive_model.profile(), self.voice.text())
        return "\n".join(part for part in parts if part)

    def presenting(self) -> Patient:
        """The patient as a referral would tell of it: demographics, history and situation, and nothing of how it thinks, feels,
        copes and talks."""
        own = self.cognitive_model
        return replace(
            self, cognitive_model=CognitiveModel(own.id, own.name, own.history, situation=own.situation), voice=Voice()
        )

    @property
    def id(self) -> str:
        return self.cognitive_model.id
