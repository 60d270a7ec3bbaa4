"""Treatments and medicines tried on the patient (paper, section 3.3).

The therapist proposes, the patient foretells how it would fare, the judge scores what the patient says. By default each
trial is a counterfactual from S0: what one proposal did never colours the next. The therapist hears the outcome as the
patient tells it, not the patient's private reason and not the score.
"""

from __future__ import annotations

from mentalarena.arena import parsing
from mentalarena.arena.encoder import EncodedPatient
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import ArenaSettings, Trial, TrialKind, View
from mentalarena.clinic.references import Vocabulary
from mentalarena.errors import Unreadable


async def try_out(
    kind: TrialKind, view: View, encoded: EncodedPatient, vocabulary: Vocabulary, settings: ArenaSettings, cast: Cast
) -> tuple[Trial, ...]:
    """Trials of one kind until one scores `settings.good_score` or `settings.trials` are done.

    `view` is the therapist's, with its diagnosis said. A proposal that cannot be read ends the trials of this kind; an
    outcome or score that cannot be had leaves the trial unscored.
    """
    options = ", ".join(vocabulary.of(kind))
    view = view.heard(cast.therapist.prompt("propose", kind=kind, options=options))
    trials: list[Trial] = []
    health = ""
    for number in range(1, settings.trials + 1):
        proposed = await _propose(kind, view, f"{kind}-{number}", [t.proposal for t in trials], vocabulary, cast)
        if proposed is None:
            break
        proposal, rationale = proposed
        trial = await _undergo(Trial(kind, proposal, rationale, messages=view.messages), number, health, encoded, cast)
        trials.append(trial)
        if trial.score is None or trial.score >= settings.good_score:
            break
        health = trial.health_state if settings.trial_start == "sequential" else ""
        view = view.said(f"{kind}: {proposal}\nreason: {rationale}").heard(
            cast.therapist.prompt("propose_again", outcome=trial.predicted_outcome, kind=kind)
        )
    return tuple(trials)


async def _propose(
    kind: TrialKind, view: View, step: str, tried: list[str], vocabulary: Vocabulary, cast: Cast
) -> tuple[str, str] | None:
    def parse(text: str) -> tuple[str, str]:
        fields = parsing.labelled(text, [kind, "reason"])
        proposal = parsing.name(fields[kind] or "", kind, vocabulary)
        if proposal in tried:
            raise Unreadable(f"{proposal} has been tried; expected another {kind}")
        return proposal, fields["reason"] or ""

    return await cast.therapist.ask(view, step, parse)


async def _undergo(trial: Trial, number: int, health: str, encoded: EncodedPatient, cast: Cast) -> Trial:
    """The trial with outcome, health state and score, as far as they could be had."""
    step = f"{trial.kind}-{number}"
    start = encoded.view.heard(cast.patient.prompt("predict_state", health=health)) if health else encoded.view
    question = cast.patient.prompt("predict", kind=trial.kind, proposal=trial.proposal)

    def parse(text: str) -> dict[str, str]:
        fields = parsing.labelled(text, ["reason", "outcome", "health"])
        if fields["outcome"] is None:
            raise Unreadable("nothing after 'outcome:'")
        return {label: value or "" for label, value in fields.items()}

    told = await cast.patient.ask(start.heard(question), f"{step}-outcome", parse)
    if told is None:
        return trial
    asked = cast.judge.view().heard(cast.judge.prompt("score", outcome=told["outcome"], health=told["health"]))
    points = await cast.judge.ask(asked, f"{step}-score", parsing.score)
    return Trial(
        trial.kind,
        trial.proposal,
        trial.rationale,
        told["outcome"],
        told["reason"],
        told["health"],
        points,
        trial.messages,
    )
