"""Judges: questions with a closed answer, put to a model at temperature 0. What they are worth, `calibration.py` finds out.

A judge is a prompt, the label of the answer's line and the answers that it may hold. An answer that cannot be read is no
answer: it is counted as such, never guessed, and never asked for again, which would hide how often it happens.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mentalarena.arena import parsing
from mentalarena.arena.roles import Role
from mentalarena.errors import Unreadable

NAMES = ("validity", "authenticity", "fidelity", "guideline", "skill", "safety")
Control = Literal["", "good", "bad", "pair"]
"""Nothing: what is to be judged. `good`, `bad`: the right verdict is known. `pair`: which of the two is better is known."""
Place = Literal["", "first", "second"]

ORDERS: tuple[Place, Place] = ("first", "second")


@dataclass(frozen=True, slots=True)
class Form:
    """How a judge is asked, and what it may answer."""

    prompt: str
    """The prompt's name in the judge's prompt set."""
    label: Literal["verdict", "choice", "rating"]
    answers: tuple[str, ...]
    credited: str = ""
    """Of a verdict: the answer that speaks for what is judged."""


FORMS: Mapping[str, Form] = {
    "validity": Form("judge_validity", "verdict", ("yes", "no"), "yes"),
    "authenticity": Form("judge_authenticity", "verdict", ("human", "ai"), "human"),
    "authenticity-pair": Form("judge_authenticity_pair", "choice", ORDERS),
    "fidelity": Form("judge_fidelity", "verdict", ("yes", "no"), "yes"),
    "guideline": Form("judge_guideline", "verdict", ("yes", "no"), "yes"),
    "skill": Form("judge_skill", "rating", tuple(str(number) for number in range(7))),
    "skill-pair": Form("judge_skill_pair", "choice", ORDERS),
    "safety": Form("judge_safety", "verdict", ("yes", "no"), "yes"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a judge. All that the judge sees is `values`; the rest is for whoever counts."""

    form: str
    """A key of `FORMS`."""
    item: str
    """What is judged; a pair's two orders, and a dialogue and its damaged twin, share it."""
    unit: str
    """Whose it is (a patient, or a disorder): what is said of one unit is averaged before intervals are drawn."""
    values: Mapping[str, str] = field(hash=False)
    group: str = ""
    """Kind of row, component or dimension."""
    control: Control = ""
    order: Place = ""
    """Of a pair: where that stands which is judged, or known to be better."""
    reference: str = ""
    """The answer that a reference settles, where one does; the judge never sees it."""

    @property
    def key(self) -> str:
        """The same for equal questions, and tells nothing of what is known about them."""
        told = json.dumps([self.form, dict(self.values)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        told = {"form": self.form, "item": self.item, "unit": self.unit, "group": self.group, "control": self.control}
        return told | {"order": self.order, "reference": self.reference, "key": self.key}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge said, and what that is read as; None where it cannot be read."""

    text: str
    value: str | None


def read(text: str, form: Form) -> str:
    """The one answer that a reply gives. Raises `Unreadable` for none, several, or anything around it."""
    told = parsing.labelled(text, [form.label, "reason"])[form.label] or ""
    plain = told.lower().strip(" .*\"'`()")
    if form.label == "rating":
        plain = re.sub(r"\s*(?:/|out of)\s*6$", "", plain)
    if plain not in form.answers:
        raise Unreadable(f"expected '{form.label}:' and one of {', '.join(form.answers)}")
    return plain


async def put(question: Question, judge: Role) -> Answer:
    """Ask once. A model that cannot answer leaves a problem on the judge's ledger, and no answer."""
    form = FORMS[question.form]

    def parse(text: str) -> Answer:
        try:
            return Answer(text, read(text, form))
        except Unreadable:
            return Answer(text, None)

    greedy = replace(judge, sampling=replace(judge.sampling, temperature=0.0))
    held: dict[str, Any] = {"reason": None, form.label: form.answers}
    view = judge.view().heard(judge.prompt(form.prompt, **question.values))
    return await greedy.ask(view, question.form, parse, form=parsing.form(**held)) or Answer("", None)


def in_order(ours: str, other: str, order: Place) -> dict[str, str]:
    """The two texts of a pair, ours where `order` says."""
    first, second = (ours, other) if order == "first" else (other, ours)
    return {"first": first, "second": second}
