"""Treatments and medicines tried on the patient (paper, section 3.3).

The therapist proposes, the patient foretells how it would fare, the judge scores what the patient says. By default each
trial is a counterfactual from S0: what one proposal did never colours the next. The therapist hears the outcome as the
patient tells it, not the patient's private reason and not the score.
"""

from __future__ import annotations

from dataclasses import replace

from mentalarena.arena import parsing
from mentalarena.arena.encoder import EncodedPatient
from mentalarena.arena.prompts import PromptSet
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import ArenaSettings, Trial, TrialKind, View
from mentalarena.clinic.references import Vocabulary
from mentalarena.errors import Unreadable

TRIALS: tuple[TrialKind, ...] = ("treatment", "medicine")


async def try_out(
    kind: TrialKind, view: View, encoded: EncodedPatient, vocabulary: Vocabulary, settings: ArenaSettings, cast: Cast
) -> tuple[Trial, ...]:
    """Trials of one kind until one scores `settings.good_score` or `settings.trials` are done.

    `view` is the therapist's, with its diagnosis said. A proposal that cannot be read ends the trials of this kind; an
    outcome or score that cannot be had leaves the trial unscored. With `settings.verdicts` "none" the first proposal
    stands and is not tried (the unselected control).
    """
    view = proposal_view(view, kind, vocabulary, cast)
    trials: list[Trial] = []
    health = ""
    for number in range(1, settings.trials + 1):
        proposed = await _propose(kind, view, f"{kind}-{number}", [t.proposal for t in trials], vocabulary, cast)
        if proposed is None:
            break
        proposal, rationale = proposed
        trial = Trial(kind, proposal, rationale, messages=view.messages, start=health)
        if settings.verdicts == "none":
            return (trial,)
        trial = await undergo(trial, f"{kind}-{number}", encoded.view, cast)
        if trial.score and (coin := settings.chance(encoded.patient.id, f"{kind}-{number}")):
            trial = replace(trial, score=coin.randint(1, 10))
        trials.append(trial)
        if trial.score is None or trial.score >= settings.good_score:
            break
        health = trial.health_state if settings.trial_start == "sequential" else ""
        view = view.said(answer(kind, proposal, rationale)).heard(
            cast.therapist.prompt("propose_again", outcome=trial.predicted_outcome, kind=kind)
        )
    return tuple(trials)


def proposal_view(told: View, kind: str, vocabulary: Vocabulary, cast: Cast) -> View:
    """The therapist's view when it is first asked for a treatment or medicine: the input of a training row."""
    return told.heard(cast.therapist.prompt("propose", kind=kind, options=", ".join(vocabulary.of(kind))))


def answer(kind: str, proposal: str, rationale: str = "") -> str:
    """How the therapist states a proposal: what it is taught to say, and (without the reason) what is scored."""
    return f"{kind}: {proposal}" + (f"\nreason: {rationale}" if rationale else "")


def outcome_view(encoded: View, kind: str, proposal: str, prompts: PromptSet, health: str = "") -> View:
    """The patient's view when it is asked how it would fare: itself (S0, or the state that `health` tells)."""
    start = encoded.heard(prompts.render("predict_state", health=health)) if health else encoded
    return start.heard(prompts.render("predict", kind=kind, proposal=proposal))


def score_prompt(outcome: str, health: str, prompts: PromptSet) -> str:
    """What the judge is asked about an outcome."""
    return prompts.render("score", outcome=outcome, health=health)


async def _propose(
    kind: TrialKind, view: View, step: str, tried: list[str], vocabulary: Vocabulary, cast: Cast
) -> tuple[str, str] | None:
    def parse(text: str) -> tuple[str, str]:
        fields = parsing.labelled(text, [kind, "reason"])
        proposal = parsing.name(fields[kind] or "", kind, vocabulary)
        if proposal in tried:
            raise Unreadable(f"{proposal} has been tried; expected another {kind}")
        return proposal, fields["reason"] or ""

    left = [name for name in vocabulary.of(kind) if name not in tried]
    return await cast.therapist.ask(view, step, parse, form=parsing.form(**{kind: left}, reason=None))


async def undergo(trial: Trial, step: str, encoded: View, cast: Cast) -> Trial:
    """The trial with what the patient foretells and the judge's score of that, as far as they could be had."""

    def parse(text: str) -> dict[str, str]:
        fields = parsing.labelled(text, ["reason", "outcome", "health"])
        if fields["outcome"] is None:
            raise Unreadable("nothing after 'outcome:'")
        return {label: value or "" for label, value in fields.items()}

    view = outcome_view(encoded, trial.kind, trial.proposal, cast.patient.prompts, trial.start)
    form = parsing.form(reason=None, outcome=None, health=None)
    told = await cast.patient.judging().ask(view, f"{step}-outcome", parse, form=form)
    if told is None:
        return trial
    asked = cast.judge.view().heard(score_prompt(told["outcome"], told["health"], cast.judge.prompts))
    score = await cast.judge.judging().ask(asked, f"{step}-score", parsing.score, form=parsing.form(score=range(1, 11)))
    return replace(
        trial, reason=told["reason"], predicted_outcome=told["outcome"], health_state=told["health"], score=score
    )
