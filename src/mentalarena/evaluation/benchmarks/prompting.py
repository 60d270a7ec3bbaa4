"""How a question is asked: directly, with reasoning first (zero-shot chain of thought, Kojima et al. 2022), as the paper's
published evaluation asks, or by MedPrompt (Nori et al. 2023, arXiv 2311.16452).

MedPrompt has three parts: examples that are nearest to the question, with the model's own reasoning to them, kept where it came to
the right answer; reasoning before the answer; and several askings with the options in another order, of which the majority counts.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from mentalarena.arena.prompts import PromptSet
from mentalarena.evaluation.answers import read_answer
from mentalarena.evaluation.benchmarks.questions import Question
from mentalarena.models.base import Embedder, Message

Prompting = Literal["direct", "cot", "paper", "medprompt"]
PROMPTINGS: tuple[Prompting, ...] = ("direct", "cot", "paper", "medprompt")
PAPER_WORDS = "Yes, No or Maybe"
Ask = Callable[[str, tuple[Message, ...]], Awaitable[str]]
"""Asks the model at a scope of the question: (scope, messages) -> text."""


@lru_cache
def prompts() -> PromptSet:
    """The prompts of all benchmarks, as text files."""
    folder = files(__package__).joinpath("prompts")
    texts = {f.name[:-4]: f.read_text("utf-8").strip("\n") for f in folder.iterdir() if f.name.endswith(".txt")}
    return PromptSet("benchmarks", texts)


def prompt(question: Question, prompting: Prompting) -> str:
    """The question as it is put to a model."""
    style = "cot" if prompting == "medprompt" else prompting
    if question.words:
        words = ", ".join(question.options)
        if style == "paper":  # its own casing; the same for sets without "maybe"
            words = " or ".join(", ".join(w.title() for w in question.options).rsplit(", ", 1))
        return prompts().render(f"{style}_words", question=question.text, words=words)
    options = "\n".join(f"{label}. {text}" for label, text in question.options.items())
    return prompts().render(f"{style}_letters", question=question.text, options=options)


def messages(question: Question, prompting: Prompting) -> tuple[Message, ...]:
    """The request of a question that is asked once."""
    asked = Message("user", prompt(question, prompting))
    return (Message("system", prompts().render("paper_system")), asked) if prompting == "paper" else (asked,)


@dataclass(frozen=True)
class MedPrompt:
    """Asks questions by MedPrompt. `pool` are questions with known answers, none of them of the set that is asked."""

    pool: Sequence[Question]
    embedder: Embedder
    examples: int = 5
    shuffles: int = 5
    candidates: int = 12
    """Nearest ones whose reasoning is asked for, until enough came to the right answer."""

    async def answer(self, question: Question, ask: Ask) -> tuple[str, dict[str, str]]:
        """The majority's label (empty where no reply names an option; the earlier label of two equals), and all replies by
        scope."""
        shown = await self._examples(question, ask)
        orders = [_reordered(question, number) for number in range(1 if question.words else self.shuffles)]
        if question.words:  # words have no order to shuffle: as many askings, which differ by their seeds
            orders *= self.shuffles
        scopes = [f"ensemble-{number}" for number in range(len(orders))]
        asked = [(*shown, Message("user", prompt(order, "cot"))) for order, _ in orders]
        replies = await asyncio.gather(*(ask(scope, request) for scope, request in zip(scopes, asked, strict=True)))
        votes: Counter[str] = Counter()
        for (order, back), text in zip(orders, replies, strict=True):
            if label := read_answer(text, order.options):
                votes[back[label]] += 1
        chosen = min(votes, key=lambda label: (-votes[label], label), default="")
        return chosen, dict(zip(scopes, replies, strict=True))

    async def _examples(self, question: Question, ask: Ask) -> list[Message]:
        """The nearest questions with the model's own right reasoning, as turns of a dialogue; the nearest stands last."""
        near = self._nearest(question)
        replies = await asyncio.gather(
            *(ask(f"example-{q.id}", (Message("user", prompt(q, "cot")),)) for q in near[: self.candidates])
        )
        right = [(q, text) for q, text in zip(near, replies, strict=False) if read_answer(text, q.options) == q.answer]
        turns: list[Message] = []
        for q, text in reversed(right[: self.examples]):
            turns += [Message("user", prompt(q, "cot")), Message("assistant", text)]
        return turns

    def _nearest(self, question: Question) -> list[Question]:
        pool = [q for q in self.pool if q.text != question.text]
        if not pool:
            return []
        vectors = self.embedder.embed([question.text, *(q.text for q in pool)])
        near = vectors[1:] @ vectors[0]
        return [pool[int(n)] for n in sorted(range(len(pool)), key=lambda n: (-float(near[n]), n))]


def _reordered(question: Question, number: int) -> tuple[Question, Mapping[str, str]]:
    """The options in another order (0: as they are), and for each label the one that it had."""
    labels = list(question.options)
    order = list(labels)
    if number:
        random.Random(f"{question.id}-{number}").shuffle(order)
    options = {label: question.options[old] for label, old in zip(labels, order, strict=True)}
    back = dict(zip(labels, order, strict=True))
    answer = next(label for label, old in back.items() if old == question.answer)
    return replace(question, options=options, answer=answer), back
