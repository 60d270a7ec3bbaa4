"""What was said in a row or an episode, by whom, and what is known of the patient: what the clinical checks read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Episode
from mentalarena.audit.rows import Example, patient_begins
from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.models.base import Message

Line = tuple[str, str]
"""Who speaks (`patient` or `therapist`) and the text."""
PROPOSED = ("diagnosis", "treatment", "medicine")
"""What a therapist's answer begins with."""


_FACTS = ("about you", *(LABELS[name] for name in ("history", "coping_strategies", "situation", "behavior")))
"""Lines of a patient's prompt (`Patient.encoded`)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A dialogue, and what is known of its patient beyond it."""

    lines: tuple[Line, ...]
    facts: tuple[str, ...] = ()
    """What the patient's own profile tells of its life (`facts_of`)."""

    @property
    def spoken(self) -> bool:
        """Whether it is a dialogue: both have spoken."""
        return {role for role, _ in self.lines} == {"patient", "therapist"}

    def known(self) -> tuple[str, ...]:
        """All that is known of the patient: what it says, and its profile."""
        return (*(text for role, text in self.lines if role == "patient"), *self.facts)


def heard_in_episode(episode: Episode) -> Heard:
    """The spoken dialogue, from the patient's side, and the patient's profile."""
    view = episode.views.get("patient", ())
    lines = tuple(("therapist" if m.role == "user" else "patient", m.content) for m in view[1:])
    return Heard(lines, facts_of(view[0].content) if view else ())


def facts_of(prompt: str) -> tuple[str, ...]:
    """What a patient's own prompt tells of its life. What it believes, thinks and feels is no fact about its body: "I am having
    a heart attack" is what panic thinks."""
    found = list[str]()
    for line in prompt.splitlines():
        label, _, text = line.partition(": ")
        if label in _FACTS or label.startswith("you say"):
            found += [part.strip() for part in text.split(" / ") if part.strip()]
    return tuple(found)


def heard_in_row(example: Example) -> Heard:
    """What a row itself holds, where its episode is not there: without notes, supervision and what is asked of the model.

    Of the patient's own talk the answer is left out: what the therapist makes of it nobody knows. Rows without talk (a choice, an
    outcome, a profile) have no dialogue.
    """
    system = example.prompt[0].content if example.prompt and example.prompt[0].role == "system" else ""
    spoken = [message for message in example.prompt if message.role != "system"]
    if example.kind == "talk" or (not example.kind and system.startswith(patient_begins())):
        told = [("therapist" if m.role == "user" else "patient", m.content) for m in spoken]
        return Heard(tuple(told), facts_of(system))
    if example.kind and example.kind not in PROPOSED:
        return Heard(())
    lines = list[Line]()
    for message in spoken:
        if message.role == "assistant" and message.content.lower().startswith("diagnosis:"):
            break  # what follows is asked of the model
        if text := _said(message):
            lines.append(("patient" if message.role == "user" else "therapist", text))
    if not example.kind:
        lines.append(("therapist", example.answers[0]))
    return Heard(tuple(lines))


def _said(message: Message) -> str:
    """A message without supervision and notes, which stand behind what was said."""
    if message.role == "assistant":
        return message.content
    kept = list[str]()
    for line in message.content.splitlines():
        if line.startswith(_beyond()):
            break
        if not line.startswith(_intakes()):
            kept.append(line)
    return "\n".join(kept).strip()


@lru_cache(maxsize=1)
def _beyond() -> tuple[str, ...]:
    """With what lines begin that no patient says."""
    return (*_begins("guidance_note"), *_begins("diagnose"))


@lru_cache(maxsize=1)
def _intakes() -> tuple[str, ...]:
    return _begins("intake")


def _begins(name: str) -> tuple[str, ...]:
    """With what a prompt of the package's sets begins, up to what is filled in."""
    texts: Sequence[str] = [load_prompts(one).texts[name] for one in ("compact", "full")]
    return tuple(text.partition("$")[0].splitlines()[0] for text in texts)
