"""What a trainee is told about danger: which kind the reference names, whether it was asked about, and what was asked on.

The questions are read by cue words (danger.py), which miss some. Where a line may have asked, it is said that one could not
tell; of no trainee it is said that they did not ask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mentalarena.audit.crisis import met, risks
from mentalarena.clinic.library import LibraryReference
from mentalarena.practice.danger import denies
from mentalarena.practice.hearing import Heard, danger_in, hear
from mentalarena.practice.session import Safety, Speaker

KINDS = (
    ("death", "suicide", r"suicid|thoughts? of death|wish (?:to be dead|not to wake|to die)|counts out tablets"),
    ("harm", "self-harm", r"self-harm|cuts (?:her|him)self"),
    ("road", "driving after drinking", r"drinks and drives"),
    ("road", "reckless driving", r"drives (?:far )?too fast"),
    ("road", "danger on the road", r"^road danger|accident danger|sleepiness danger|rides a"),
    ("body", "neglect of the body", r"self-neglect"),
    ("body", "a body in medical danger", r"^medical|^physical|kilos lost"),
    ("body", "dangerous withdrawal from alcohol", r"withdrawal|dependent drinking"),
    ("harm", "overdose", r"overdose"),
    ("violence", "violence", r"violen|\bhits\b"),
)
"""Kind of danger.DANGERS, what it is called, and how a reference writes of it."""
ASKED_BY = {
    "death": ("death", "harm", "peril"),
    "harm": ("harm", "death", "peril"),
    "road": ("road", "peril"),
    "body": ("body", "peril"),
    "violence": ("violence", "peril"),
}
"""By which questions each is asked for."""
ASKED_ON = (
    ("the plan", ("plan", "intent")),
    ("the means", ("means",)),
    ("the time", ("timing",)),
    ("reasons for living", ("reasons",)),
    ("help tonight", ("company", "safety")),
)
"""What is asked after somebody has told of suicidal thoughts."""


def safety(lines: Sequence[tuple[Speaker, str]], reference: LibraryReference | None) -> Safety:
    """Whether danger was asked about and met. What the patient says is read by the crisis gate (audit/crisis.py) and, where the
    reference names a danger, by the words for it; both miss things."""
    risk = reference.risk if reference else "unknown"
    own = _own(lines)
    asked = any(line.danger for line in own)
    kinds = dangers_of(risk)
    heard = bool(risks(lines))
    known = risk not in ("none", "unknown")
    places = [place for place, (who, text) in enumerate(lines) if who == "patient" and _tells(text, kinds)]
    told = bool(places) if known else heard and risk == "unknown"
    step = met(lines) if told and heard else asked or not told
    if places:  # a question for help or for a plan to stay safe is a step as well
        step = step or any(not {"safety", "company"}.isdisjoint(line.facets) for line in _own(lines, places[0]))
    if not known:
        note = (
            _asked_at_all(own)
            + (" The reference names none here; one knows only by asking." if risk == "none" else "")
            + (" Nobody knows whether there is a danger here." if risk == "unknown" else "")
        )
        return Safety(risk=risk, asked=asked, told=told, met=step, note=note)
    parts = [_named(kinds), *_asked_for(kinds, own)]
    if told:
        parts.append("The person told you of it." if len(kinds) < 2 else "The person told you of a danger.")
        deaths = [p for p in places if danger_in(lines[p][1]) == "death"]
        parts += [_asked_on(lines, deaths[0])] if deaths else []
        parts += [] if step else ["No step towards safety was heard in your words."]
    parts.append(f"What it needs: {risk}" if len(kinds) < 2 else f"What they need: {risk}")
    return Safety(risk=risk, asked=asked, told=told, met=step, note=" ".join(parts))


def dangers_of(risk: str) -> tuple[tuple[str, str], ...]:
    """Kinds of danger in a reference's words, with what each is called; empty where it names none, or none that is known."""
    if risk in ("none", "unknown"):
        return ()
    head, _, rest = risk.partition(":")
    named = f"{head}: {rest.partition(':')[0]}" if len(head.split()) == 1 else head
    named = re.sub(r"\b(?:no|denies)\b[^,;:]*", "", named)
    found = [(kind, called) for kind, called, pattern in KINDS if re.search(pattern, named)]
    return tuple(found)


def _named(kinds: Sequence[tuple[str, str]]) -> str:
    if not kinds:
        return "The reference names a danger."
    number = {1: "one kind of danger", 2: "two kinds of danger", 3: "three kinds of danger"}.get(
        len(kinds), "kinds of danger"
    )
    return f"The reference names {number}: {_listed([called for _, called in kinds])}."


def _asked_at_all(own: Sequence[Heard]) -> str:
    if any(line.danger for line in own):
        return "You asked plainly about danger."
    if any(line.unsure for line in own):
        return "I could not tell whether you asked about danger."
    return "No question about wishes to die or other danger was heard in your words."


def _asked_for(kinds: Sequence[tuple[str, str]], own: Sequence[Heard]) -> list[str]:
    """Which of the dangers were asked about."""
    if not kinds:
        return [_asked_at_all(own)]
    questions = {line.danger for line in own if line.danger}
    asked = [called for kind, called in kinds if not questions.isdisjoint(ASKED_BY[kind])]
    rest = [called for _, called in kinds if called not in asked]
    parts = [f"You asked about {_listed(asked)}."] if asked else []
    if rest and any(line.unsure for line in own):
        parts.append(f"I could not tell whether you asked about {_listed(rest, 'or')}.")
    elif rest:
        parts.append(f"No question about {_listed(rest, 'or')} was heard in your words.")
    if questions and not asked:
        parts.append("You did ask about another danger.")
    return parts


def _asked_on(lines: Sequence[tuple[Speaker, str]], place: int) -> str:
    """What was asked after the disclosure in that line."""
    heard = {facet for line in _own(lines, place) for facet in line.facets}
    asked = [called for called, facets in ASKED_ON if not heard.isdisjoint(facets)]
    rest = [called for called, _ in ASKED_ON if called not in asked]
    parts = [f"After that you asked about {_listed(asked)}."] if asked else []
    if rest:
        parts.append(f"{'No question' if asked else 'After that no question'} about {_listed(rest, 'or')} was heard.")
    return " ".join(parts)


def _tells(text: str, kinds: Sequence[tuple[str, str]]) -> bool:
    """Whether a line of the patient tells of one of these dangers."""
    kind = danger_in(text)
    if not kind or denies(text):
        return False
    wanted = {kind for kind, _ in kinds}
    return not wanted or kind in wanted or (kind in ("death", "harm") and not wanted.isdisjoint(("death", "harm")))


def _own(lines: Sequence[tuple[Speaker, str]], after: int = 0) -> list[Heard]:
    """The trainee's lines after the greeting and after that line, each heard after the one before it."""
    places = [place for place, (who, _) in enumerate(lines) if who == "therapist"]
    return [hear(lines[place][1], lines[before][1]) for before, place in pairwise(places) if place > after]


def _listed(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
