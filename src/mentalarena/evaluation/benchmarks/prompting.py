"""How a question is asked: directly, with reasoning first (zero-shot chain of thought, Kojima et al. 2022), as the paper's
published evaluation asks, or by MedPrompt (Nori et al. 2023, arXiv 2311.16452).

MedPrompt has three parts: examples that are nearest to the question, with the model's own reasoning to them, kept where it
came to the right answer; reasoning before the answer; and several askings with the options in another order, of which the
majority counts.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from mentalarena.arena.prompts import PromptSet
from mentalarena.evaluation.benchmarks.answers import read_answer
from mentalarena.evaluation.benchmarks.questions import Question
from mentalarena.models.base import Embedder, Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Prompting = Literal["direct", "cot", "paper", "medprompt"]
PROMPTINGS: tuple[Prompting, ...] = ("direct", "cot", "paper", "medprompt")
Ask = Callable[[str, tuple[Message, ...]], Awaitable[str]]
"""Asks the model: (scope, messages) -> text. Equal messages under one scope are one request."""


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


class MedPrompt:
    """Asks questions by MedPrompt. `pool` are questions with known answers, none of them of the set that is asked; to each the
    model's own reasoning is asked for once."""

    def __init__(self, pool: Sequence[Question], embedder: Embedder, examples: int = 5, shuffles: int = 5) -> None:
        self._pool, self._embedder = pool, embedder
        self._examples, self._shuffles = examples, shuffles
        self._reasoning: dict[str, asyncio.Task[str]] = {}

    async def answer(self, question: Question, ask: Ask) -> tuple[str, dict[str, str], int]:
        """The majority's label (empty where no reply names an option; the first in order of two equals), the ensemble's
        replies by scope, and how many examples were shown."""
        shown = await self._shown(question, ask)
        # words have no order to shuffle: they are asked as often, with other seeds
        orders = [_reordered(question, 0 if question.words else number) for number in range(self._shuffles)]
        asked = [(*shown, Message("user", prompt(order, "cot"))) for order, _ in orders]
        scopes = [f"ensemble-{number}" for number in range(len(orders))]
        replies = await asyncio.gather(*(ask(scope, m) for scope, m in zip(scopes, asked, strict=True)))
        votes: Counter[str] = Counter()
        for (order, back), text in zip(orders, replies, strict=True):
            if label := read_answer(text, order.options):
                votes[back[label]] += 1
        chosen = min(votes, key=lambda label: (-votes[label], label), default="")
        return chosen, dict(zip(scopes, replies, strict=True)), len(shown) // 2

    async def _shown(self, question: Question, ask: Ask) -> list[Message]:
        """The nearest questions with the model's own right reasoning, as turns of a dialogue; the nearest stands last. Of
        twice as many as are wanted, those to which the model came to the right answer."""
        near = self._nearest(question)[: 2 * self._examples]
        replies = await asyncio.gather(*(self._reasoned(q, ask) for q in near))
        right = [(q, text) for q, text in zip(near, replies, strict=True) if read_answer(text, q.options) == q.answer]
        turns: list[Message] = []
        for q, text in reversed(right[: self._examples]):
            turns += [Message("user", prompt(q, "cot")), Message("assistant", text)]
        return turns

    async def _reasoned(self, q: Question, ask: Ask) -> str:
        if q.id not in self._reasoning or (self._reasoning[q.id].done() and self._reasoning[q.id].exception()):
            request = (Message("user", prompt(q, "cot")),)
            self._reasoning[q.id] = asyncio.ensure_future(ask("reasoning", request))
        return await asyncio.shield(self._reasoning[q.id])

    def _nearest(self, question: Question) -> list[Question]:
        near = self._vectors @ self._embedder.embed([question.text])[0]
        ordered = sorted(range(len(self._pool)), key=lambda n: (-float(near[n]), n))
        return [self._pool[n] for n in ordered if bare(self._pool[n].text) != bare(question.text)]

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return self._embedder.embed([q.text for q in self._pool])


def bare(text: str) -> str:
    """A question by its letters and digits alone: other spacing or casing is no other question."""
    return re.sub(r"[\W_]+", "", text).casefold()


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
