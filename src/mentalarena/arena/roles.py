"""A role: a voice with its prompts. Asks, reads the answer, asks once more when it cannot be read, records the failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mentalarena.arena.prompts import PromptSet, load_prompts
from mentalarena.arena.types import Ledger, ProblemKind, RoleName, View, Voice
from mentalarena.errors import ModelError, ModelRefusal, Unreadable
from mentalarena.models.base import ChatModel, Message, Reply, Sampling, Scorer

Parsed = TypeVar("Parsed")
ROLES: tuple[RoleName, ...] = ("patient", "therapist", "judge")


@dataclass(frozen=True)
class Direct:
    """A voice without a journal: for examples and for users' own code. Seeds follow from the request's place."""

    model: ChatModel

    async def reply(self, scope: str, messages: tuple[Message, ...], sampling: Sampling) -> Reply:
        return await self.model.generate(messages, sampling)

    @property
    def can_score(self) -> bool:
        return isinstance(self.model, Scorer)

    async def score(
        self, scope: str, messages: tuple[Message, ...], answers: tuple[str, ...], ended: bool = True
    ) -> list[float]:
        if not isinstance(self.model, Scorer):
            raise ModelError(f"{self.model.name}: cannot score answers; expected a model that can")
        return await self.model.score(messages, answers, ended)


@dataclass(frozen=True)
class Role:
    """One player of one episode."""

    name: RoleName
    voice: Voice
    prompts: PromptSet
    sampling: Sampling
    ledger: Ledger
    verdict_temperature: float | None = None
    """How judgements are drawn; None: like talk."""

    def judging(self) -> Role:
        """This role as it judges: chooses, foretells, picks, scores."""
        if self.verdict_temperature is None:
            return self
        return replace(self, sampling=replace(self.sampling, temperature=self.verdict_temperature))

    def prompt(self, name: str, **values: str) -> str:
        return self.prompts.render(name, **values)

    def view(self, **values: str) -> View:
        """A fresh view that opens with this role's system prompt."""
        return View((Message("system", self.prompt(f"{self.name}_system", **values)),))

    async def ask(
        self, view: View, step: str, parse: Callable[[str], Parsed], whole: bool = True, form: str = ""
    ) -> Parsed | None:
        """The parsed answer, or None after a second failure (then one `Problem` of kind `unreadable` is recorded).

        `step` is the branch's scope in the journal and the step of a problem. A reply that was cut off at `max_tokens` cannot
        be read, unless it need not be `whole` (talk). `form` is a pattern for models that can be held to one (`parsing.form`).
        A model that cannot answer at all is a problem of kind `model_error` (or `refusal`, where asking later would not help)
        and is not asked again here: transport retries belong to the model.
        """

        def read(reply: Reply) -> Parsed:
            if whole and reply.finish_reason == "length":
                raise Unreadable("the answer was cut off; expected a shorter one")
            return parse(reply.text)

        try:
            reply = await self._reply(view, step, form)
            try:
                return read(reply)
            except Unreadable as error:
                again = view.said(reply.text).heard(self.prompt("retry", error=str(error)))
                return read(await self._reply(again, step, form))
        except (Unreadable, ModelError) as error:
            self.failed(step, error)
        return None

    def failed(self, step: str, error: Unreadable | ModelError) -> None:
        """Record what this role could not do."""
        kind: ProblemKind = "model_error" if isinstance(error, ModelError) else "unreadable"
        self.ledger.problem(step, self.name, "refusal" if isinstance(error, ModelRefusal) else kind, str(error))

    async def score(self, view: View, step: str, answers: Sequence[str]) -> list[float]:
        """Natural log-probability of each answer to this view. Raises `ModelError` when the model cannot tell."""
        return await self.voice.score(f"{self.name}/{step}", view.messages, tuple(answers))

    async def _reply(self, view: View, step: str, form: str) -> Reply:
        sampling = replace(self.sampling, pattern=form) if form else self.sampling
        reply = await self.voice.reply(f"{self.name}/{step}", view.messages, sampling)
        self.ledger.usage += replace(reply.usage, calls=1)
        return reply


@dataclass(frozen=True)
class Cast:
    """Who plays: three roles, often one model."""

    patient: Role
    therapist: Role
    judge: Role


def cast_of(model: ChatModel, prompts: str, sampling: Sampling) -> Cast:
    """One model in all three roles, without a journal, with a fresh ledger: a cast for one episode."""
    ledger, texts = Ledger(), load_prompts(prompts)
    patient, therapist, judge = (Role(name, Direct(model), texts, sampling, ledger) for name in ROLES)
    return Cast(patient, therapist, judge)
