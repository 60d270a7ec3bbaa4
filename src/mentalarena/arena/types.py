"""The arena's records: frozen, and named with the paper's words.

Everything here can be written as JSON by `dataclasses.asdict` and holds no time and no machine detail, so that two runs
that played the same write the same bytes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal, Protocol

from mentalarena.models.base import Message, Reply, Sampling, Usage

RoleName = Literal["patient", "therapist", "judge"]
TrialKind = Literal["treatment", "medicine"]
ProblemKind = Literal["unreadable", "model_error", "refusal", "inconsistent"]
"""`model_error`: no answer could be had, and asking later may help. `refusal`: it will not (a prompt that is too long)."""


class Voice(Protocol):
    """How a role reaches its model. `scope` names the branch of the episode; calls within one scope are sequential."""

    async def reply(self, scope: str, messages: tuple[Message, ...], sampling: Sampling) -> Reply:
        """Answer one request; raises `ModelError` when no answer can be had."""
        ...

    @property
    def can_score(self) -> bool:
        """Whether the model can tell how probable an answer is."""
        ...

    async def score(
        self, scope: str, messages: tuple[Message, ...], answers: tuple[str, ...], ended: bool = True
    ) -> list[float]:
        """Natural log-probability of each answer (`models.base.Scorer`); raises `ModelError` when the model cannot tell."""
        ...


@dataclass(frozen=True, slots=True)
class Problem:
    """A failed step, recorded once, with the role that failed. No training row is made from such a step."""

    step: str
    role: RoleName
    kind: ProblemKind
    detail: str


@dataclass(frozen=True, slots=True)
class View:
    """What one role has heard (`user`) and said (`assistant`). Only grows at the end, so prefix caches hold."""

    messages: tuple[Message, ...]

    def heard(self, text: str) -> View:
        """Add what this role hears; joined to the last message when that was heard too (templates must alternate)."""
        last = self.messages[-1]
        if last.role == "user":
            return View((*self.messages[:-1], Message("user", f"{last.content}\n{text}")))
        return View((*self.messages, Message("user", text)))

    def said(self, text: str) -> View:
        return View((*self.messages, Message("assistant", text)))


@dataclass(frozen=True, slots=True)
class Talk:
    """The dialogue as each side has it. The patient's view holds its profile; the therapist's cannot."""

    patient: View
    therapist: View

    def lines(self) -> list[tuple[RoleName, str]]:
        """The spoken dialogue, from the patient's side (its view holds only what was said, after the profile)."""
        spoken = self.patient.messages[1:]
        return [("therapist" if m.role == "user" else "patient", m.content) for m in spoken]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One component: what is so (encoded), what the therapist understood (decoded), and whether that is enough."""

    component: str
    encoded: str
    decoded: str | None
    similarity: float
    threshold: float

    @property
    def understood(self) -> bool:
        return self.similarity > self.threshold


@dataclass(frozen=True, slots=True)
class Decoding:
    """One round of the Symptom Decoder (paper, section 3.2)."""

    comparisons: tuple[Comparison, ...]
    guidance: str | None = None

    @property
    def gaps(self) -> tuple[str, ...]:
        return tuple(c.component for c in self.comparisons if not c.understood)

    @property
    def aligned(self) -> bool:
        return not self.gaps

    @property
    def similarity(self) -> float:
        """Mean over the components that the patient has; 0.0 when there are none."""
        return sum(c.similarity for c in self.comparisons) / len(self.comparisons) if self.comparisons else 0.0

    def notes(self) -> dict[str, str | None]:
        """What the therapist understood, by component: the therapist's own words only."""
        return {c.component: c.decoded for c in self.comparisons}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Two candidates (names of the clinic) and the patient's choice, asked in both orders; None where they disagree."""

    candidates: tuple[str, ...]
    chosen: str | None
    votes: tuple[str | None, ...] = ()
    reasons: tuple[str, ...] = ()
    """The patient's, one a vote that could be read; empty where the prompt set asks for none."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A treatment or medicine tried on the patient. `score` is the judge's, 1 to 10; None when it could not be had."""

    kind: TrialKind
    proposal: str
    rationale: str
    predicted_outcome: str = ""
    reason: str = ""
    health_state: str = ""
    score: int | None = None
    messages: tuple[Message, ...] = ()
    """The therapist's prompt for this proposal: the input of a training row."""
    start: str = ""
    """The health state that it starts from; empty for S0."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an episode comes from; follows every row that is made of it."""

    iteration: int
    seed: int
    patient_source: str
    patient_licence: str
    models: dict[str, str]


@dataclass(frozen=True, slots=True)
class Episode:
    """All that happened with one patient."""

    id: str
    patient_id: str
    principles: str
    views: dict[str, tuple[Message, ...]]
    decodings: tuple[Decoding, ...]
    diagnosis: Diagnosis | None
    diagnosis_messages: tuple[Message, ...]
    trials: tuple[Trial, ...]
    stop_reason: str
    problems: tuple[Problem, ...]
    usage: Usage
    lineage: Lineage | None = None

    def best(self, kind: TrialKind) -> Trial | None:
        """The highest score; the earlier one when two are equal; None when nothing was scored."""
        scored = [t for t in self.trials if t.kind == kind and t.score is not None]
        return max(scored, key=lambda t: t.score or 0, default=None)


@dataclass(frozen=True, slots=True)
class ArenaSettings:
    """How an episode is played. The defaults are the paper's, the embedded demo's stand in its config."""

    talk_turns: int = 4
    """Rounds of question and answer before the first decoding."""
    decode_rounds: int = 5
    """Guided rounds after a decoding with gaps, at most."""
    turns_per_round: int = 1
    """Questions and answers in a guided round."""
    guided: bool = True
    """False: the rounds are talked, but the decoder's guidance is withheld (a control)."""
    decoder: bool = True
    """False: nobody asks what the therapist understood, and the first talk is as long as with all rounds (an ablation)."""
    cognition: bool = True
    """False: the patient's prompt holds its history and situation alone (an ablation)."""
    principles: bool = True
    """False: the patient's prompt holds no manner of talking (an ablation)."""
    intake: bool = False
    """Whether the therapist begins with the patient's demographics, as an intake sheet gives them (for bias analysis)."""
    trials: int = 7
    """Treatments (and medicines) tried at most."""
    good_score: int = 9
    """A trial with at least this score ends the search."""
    trial_start: Literal["S0", "sequential"] = "S0"
    """S0: each trial starts from the encoded state. sequential: from the health state that the trial before left."""
    verdicts: Literal["patient", "none"] = "patient"
    """none: the first diagnosis and the first proposals stand, and neither patient nor judge is asked (a control)."""
    coin_flips: float = 0.0
    """The share of verdicts (the patient's choices, the judge's scores) that chance gives instead (a control)."""

    @property
    def first_turns(self) -> int:
        """Questions and answers before the first decoding, or of the whole talk where nothing is decoded."""
        return self.talk_turns + (0 if self.decoder else self.decode_rounds * self.turns_per_round)

    def chance(self, patient_id: str, step: str) -> random.Random | None:
        """The coin for a verdict that is chance's, or None for one that is not; the same for the same patient and step."""
        coin = random.Random(f"coin-{patient_id}-{step}")
        return coin if coin.random() < self.coin_flips else None


@dataclass
class Ledger:
    """Collects what must survive an episode: problems and usage. One per episode, never shared."""

    problems: list[Problem] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)

    def problem(self, step: str, role: RoleName, kind: ProblemKind, detail: str) -> None:
        self.problems.append(Problem(step, role, kind, detail[:500]))
