"""The retrieval patient: a person of the library who answers from its own words, with no language model.

It finds what answers the question (by the component that is asked for and by shared words), says it once, and discloses in
stages as `clinic.cognitive_model.Voice` has it: some things of itself, some when asked, some only to somebody it trusts, or
when it is asked plainly about death, harm or danger. Trust is earned by the talk (rapport.py). All that it knows of the talk
stands in the messages, so a talk that is reloaded goes on exactly as it would have. How a thing is said: wording.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mentalarena.clinic.cognitive_model import Component
from mentalarena.clinic.people import Person
from mentalarena.models.base import Message, Reply, Sampling, Usage
from mentalarena.practice.disclosure import AS_SAID, NOT_HERE, NOTHING_MORE, Disclosure
from mentalarena.practice.hearing import Heard, hear, of_oneself, tells_fact
from mentalarena.practice.memory import Memory
from mentalarena.practice.rapport import Difficulty, Style, rapport, trusts
from mentalarena.practice.sayings import DEEP, MOMENT, Repertoire, Saying, repertoire
from mentalarena.practice.wording import Lead, Wording, joined

TOPIC = 1.4
"""Weight of shared words from which on a line is about a thing of the person's own."""
DEPTHS = {"offered": 0, "asked": 1, "trust": 2}
ANYWHERE: tuple[Component, ...] = ("history", "situation", "emotions", "behavior")
"""Where an open question without a subject may lead."""


class RetrievalPatient:
    """A `ChatModel` that is one person of the library in one of its situations (`number`, from 1)."""

    def __init__(
        self, person: Person, number: int = 1, style: Style = "plain", difficulty: Difficulty = "normal", seed: int = 0
    ) -> None:
        self.person = person
        self.number = number
        self.style: Style = style
        self.difficulty: Difficulty = difficulty
        self.seed = seed
        self._repertoire = repertoire(person, number)

    @property
    def name(self) -> str:
        return f"retrieval:{self.person.id}-{self.number}:{self.style}:{self.difficulty}"

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """What the person answers to the last message. `sampling` changes nothing: equal messages, equal answers."""
        text = self.answer(messages)
        words = sum(len(m.content.split()) for m in messages)
        return Reply(text, usage=Usage(prompt_tokens=words, new_tokens=len(text.split())), model=self.name)

    def answer(self, messages: Sequence[Message]) -> str:
        """The answer to the last thing that was heard; system messages are not heard."""
        heard = [m.content for m in messages if m.role == "user"]
        said = [m.content for m in messages if m.role == "assistant"]
        return _Turn(self, self._repertoire, heard, said).answer()


@dataclass(frozen=True)
class _Turn:
    """One turn: what was heard and said so far, and what is answered."""

    patient: RetrievalPatient
    repertoire: Repertoire
    heard: Sequence[str]
    said: Sequence[str]

    @cached_property
    def memory(self) -> Memory:
        return Memory(self.repertoire, tuple(self.said))

    @cached_property
    def wording(self) -> Wording:
        return Wording(self.patient.person.id, self.patient.style, self.patient.seed, self.memory)

    def answer(self) -> str:
        line = self._hear(len(self.heard) - 1) if self.heard else hear("")
        if not self.repertoire.knows(line.words) and self.repertoire.knows(line.context):
            line = replace(line, words=line.context)  # "That must worry your daughter. How is it between you?"
        if self.heard and of_oneself(self.heard[-1]):
            return NOT_HERE
        if not self.said and not line.danger:
            return self._opening()
        if line.silent:
            return self.wording.reaction("silence")
        if told := self._danger(line):
            return told
        for mark in ("all_at_once", "machine"):
            if line.has(mark):
                return self.wording.reaction(mark)
        if line.unclear and not self.repertoire.knows(line.words):
            return self.wording.reaction("unclear")
        if line.has("unkind"):
            return self.wording.reaction("unkind")
        return self._of_person(line) or self._fact(line) or self._courtesy(line) or self._told(line)

    def _opening(self) -> str:
        first = [s for s in self.memory.left if s.degree == "offered" and s.component == "history"][:1]
        near = [
            s for s in self.memory.left if s.degree == "offered" and s.component in ("emotions", "situation", "behavior")
        ]
        near = sorted((s for s in near if not first or not self.repertoire.alike(first[0], s)), key=lambda s: -s.near)
        short = self.patient.style in ("reserved", "guarded")
        chosen = (first or near)[:1] if short else [*first, *near[: 2 if self.patient.style == "talkative" else 1]]
        return self.wording.spoken(chosen, "none") or self.wording.reaction("greeting")

    def _danger(self, line: Heard) -> str:
        """What is answered about danger, if the line is about one."""
        earlier = tuple(self._hear(place) for place in range(len(self.heard) - 1))
        told = Disclosure(self.patient.person.id, self.repertoire, self.memory, line, earlier).answer()
        return joined(self.wording.prepared(told.kind, told.which) if told.kind else "", told.text) if told else ""

    def _hear(self, place: int) -> Heard:
        return hear(self.heard[place], self.heard[place - 1] if place else "")

    def _of_person(self, line: Heard) -> str:
        """Name, age and the like: what a form would have."""
        person = self.patient.person
        for key in ("age", "occupation", "culture"):
            if line.has(f"ask_{key}") and (value := person.demographics.get(key)):
                text = self.wording.prepared(key).replace(f"{{{key}}}", value)
                return text[0].upper() + text[1:]
        return self.wording.prepared("name").replace("{name}", person.name) if line.has("ask_name") else ""

    def _fact(self, line: Heard) -> str:
        """Whether there are children, medicine, drink: what was said of it, or that the profile does not tell."""
        if not line.facts:
            return ""
        known = [s for s in self.repertoire.sayings if any(tells_fact(name, s.text) for name in line.facts)]
        known = [s for s in known if s.danger in ("", "road")]
        left = [s for s in known if not self.memory.was_said(s)]
        allowed = [s for s in left if s.degree != "trust" or self._trusting]
        if allowed:
            allowed.sort(key=lambda s: (bool(s.danger), -self.repertoire.overlap(line.words, s), s.own))
            return self.wording.spoken(allowed[:1], "none")
        if left:
            return self.wording.reaction("not_yet")
        return self._again(known) or NOTHING_MORE

    def _again(self, known: Sequence[Saying]) -> str:
        """What was said before, said to be so; empty where nothing was, or only just now."""
        told = [s for s in known if self.memory.was_said(s)]
        told.sort(key=lambda s: max(place for place, text in enumerate(self.said) if s.text in text))
        fresh = [s for s in told if s.text not in self.said[-1]]
        return f"{AS_SAID} {fresh[0].text}" if fresh else ""

    def _courtesy(self, line: Heard) -> str:
        """An answer to what asks for nothing: greetings, thanks, advice, a name for it."""
        if line.has("how_are_you"):
            return self.wording.reaction("how_are_you")
        if line.has("small_talk") and line.length < 14 and not self._about(line):
            return self.wording.reaction("small_talk")
        if line.has("label") and not line.open:
            return self.wording.reaction("label")
        if line.has("advice") and not line.open:
            return self.wording.reaction("advice_later" if self._trusting else "advice")
        if line.has("goodbye") and not line.open:
            return self.wording.reaction("goodbye")
        if not line.asks:
            for mark in ("confidential", "greeting", "thanks"):
                if line.has(mark) and not line.has("empathic", "reflective", "follow"):
                    return self.wording.reaction(mark)
        return ""

    def _told(self, line: Heard) -> str:
        """What answers a question, goes on after a reflection, or is said for want of a question."""
        about = self._about(line)
        wanted = dict(line.components) if line.asks else {}
        if line.has("ask_when") and not wanted:
            wanted["history"] = 0.6
        if line.has("invite") and not about:
            wanted = self._going_on(line)  # the standard greeting asked it already
        if line.state:
            if (topical := self._topical(line)) and all(map(self.memory.was_said, topical)):
                return self._again(topical) or self.wording.reaction("nothing_more")
            wanted.pop("emotions", None)  # "how have you been sleeping" asks for the sleep
        warm = line.has("empathic") or (line.has("reflective") and (about or not line.asks))
        lead: Lead = "moved" if line.has("empathic") else "agree" if warm else "lead"
        if not wanted and not about:
            if line.topics and not line.has("follow"):
                return self.wording.reaction("nothing_there", lead=lead)
            if line.asks and not line.open and not warm:
                return self.wording.reaction("off_topic" if line.words and not self._knows(line) else "no_answer")
            if line.open and line.words and not self._knows(line) and not warm and not line.has("follow"):
                return self.wording.reaction("off_topic")
            if not (line.open or warm or line.has("follow")):
                return self.wording.reaction("statement")
            wanted = self._going_on(line)
        elif not line.asks and not warm and not line.has("follow"):
            return self._found(line, wanted, "agree") if about else self.wording.reaction("statement")
        return self._found(line, wanted, lead)

    def _topical(self, line: Heard) -> list[Saying]:
        """What the person can say about the thing that is asked after, but for dangers."""
        return [s for s in self.repertoire.sayings if not s.danger and self.repertoire.speaks_of(line.topics, s)]

    def _knows(self, line: Heard) -> bool:
        return self.repertoire.knows(line.words)

    def _found(self, line: Heard, wanted: Mapping[Component, float], lead: Lead) -> str:
        left = self.memory.left
        rated = [(self._rating(s, line, wanted), s) for s in left]
        relevant = [(rating, s) for rating, s in rated if rating > 0]
        allowed = [(rating, s) for rating, s in relevant if self._allowed(s, line)]
        if not allowed:
            if relevant and not line.asks:  # a reflection asks for no confession
                near = {c: w for c, w in self._going_on(line).items() if c not in wanted}
                free = [s for s in left if s.component in near and self._allowed(s, line)]
                return self.wording.spoken(free[:1], lead) if free else self.wording.reaction("acknowledged", lead=lead)
            if relevant:
                return self.wording.reaction("not_yet", lead=lead)
            if not wanted and line.open:
                return self._found(line, self._going_on(line), lead)
            main = max(wanted, key=lambda c: wanted[c], default=None)
            if main and not any(s.component == main for s in self.repertoire.sayings):
                return self.wording.reaction("no_such")
            return self.wording.reaction("used_up" if main else "nothing_more", main, lead)
        allowed.sort(key=lambda pair: -pair[0])
        first = allowed[0][1]
        chosen = [first]
        for rating, saying in allowed[1:]:
            if len(chosen) >= self._amount(line):
                break
            close = saying.component == first.component and rating > 0.6 * allowed[0][0]
            if close and not self.repertoire.alike(first, saying) and "trust" not in {c.degree for c in (*chosen, saying)}:
                chosen.append(saying)
        return self.wording.spoken(chosen, lead)

    def _about(self, line: Heard) -> bool:
        """Whether the line is about something of the person's own."""
        known = self.repertoire
        return any(
            known.overlap(line.words, s) >= TOPIC or known.speaks_of(line.topics, s) for s in known.sayings if not s.danger
        )

    def _going_on(self, line: Heard) -> dict[Component, float]:
        """Where the talk goes when nothing else is asked for: on with what was spoken of, or to what is near to it."""
        last = self.memory.last_component
        if last is None or not any(s.component == last for s in self.memory.left):
            return dict.fromkeys(ANYWHERE, 0.4)
        near: tuple[Component, ...] = ("emotions",) if line.has("empathic") else MOMENT if last in MOMENT else ()
        return dict.fromkeys(near, 0.45) | {last: 0.8}

    def _rating(self, saying: Saying, line: Heard, wanted: Mapping[Component, float]) -> float:
        """How well a saying answers the line; 0 for not at all."""
        overlap = self.repertoire.overlap(line.words, saying)
        topical = self.repertoire.speaks_of(line.topics, saying)
        fit = wanted.get(saying.component, 0.0)
        if not fit and overlap < TOPIC and not topical:
            return 0.0
        # of a danger one speaks when it is asked for (see `_danger`), and hardly by the way
        shared = min(overlap / 6, 0.8) + 0.5 * topical
        rating = fit + (shared if fit or not wanted else shared / 2) - 0.5 * bool(saying.danger)
        rating += 0.35 * (line.has("ask_when") and saying.dated)
        # the trail: what has to do with what was said last comes more easily
        rating += min(self.repertoire.overlap(self.memory.last_words, saying), 8) / 40
        # what lies near the surface comes first, unless what was said reaches deeper
        deep = (
            saying.degree == "trust" and self._trusting and (saying.component in DEEP or line.has("empathic", "reflective"))
        )
        rating += 0.1 if deep else -0.05 * DEPTHS[saying.degree]
        moment = saying.component in MOMENT
        rating += (0.2 if self.memory.moment_told else 0.1) * saying.near * moment
        if saying.own:
            told = "situation" in wanted if saying.component == "situation" else moment and self.memory.moment_told
            rating += 0.5 if told and saying.component == "situation" else 0.25 if told else -0.4 if moment else -0.12
            # the belief itself comes out once something has been said about it
            rating += 0.25 * (saying.component in DEEP and self._trusting and self.memory.spoke_of(saying.component))
        return max(rating, 0.01)

    def _allowed(self, saying: Saying, line: Heard) -> bool:
        if saying.degree == "trust":
            return self._trusting and not (line.asks and not line.open and self.patient.difficulty == "hard")
        closed = self.patient.difficulty == "hard" and not line.open and not line.has("empathic", "reflective")
        return saying.degree == "offered" or not closed or self._rapport >= 1

    def _amount(self, line: Heard) -> int:
        """Sentences of an answer at most."""
        style = self.patient.style
        if style in ("reserved", "guarded"):
            return 2 if self._trusting and line.open else 1
        return (2 if line.open or line.has("empathic", "reflective") else 1) + (style == "talkative")

    @cached_property
    def _rapport(self) -> float:
        return rapport(self.heard, self.said)

    @cached_property
    def _trusting(self) -> bool:
        return trusts(self._rapport, self.patient.style, self.patient.difficulty)
