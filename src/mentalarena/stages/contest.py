"""Rank: any models as therapists or as patients of the same people, and each as patient against each as therapist.

A pairing is one model as patient against one as therapist; the judge is always the run's base model. Therapists are ranked by
their pairings with the base model's patient, patients by theirs with the base model's therapist, and the cross table
holds all pairings. A pairing asks as `stages.evaluate` does, with the same seeds: what was asked there is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from mentalarena.arena.roles import ROLES
from mentalarena.arena.types import RoleName
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.references import Reference, Split
from mentalarena.errors import ConfigError
from mentalarena.evaluation.statistics import mean_interval
from mentalarena.evaluation.therapist import TASKS, Answer, constant_baseline
from mentalarena.evaluation.tournament import TIE, Ranking, Scores, rank, right_answers, right_verdicts
from mentalarena.evaluation.verifier import CHECKS, Verdict
from mentalarena.models.backends import base_of
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import read_jsonl, write_jsonl
from mentalarena.runs.runner import Player
from mentalarena.stages.contestants import FIXED, Contestant, check_plays
from mentalarena.stages.evaluate import HELD_OUT_LOOKS, checks, interviews, looked
from mentalarena.stages.run import Guest, Json, Run, digest, recorded

Met = Sequence[tuple[Patient, Reference]]
COIN = 0.5
"""What verdicts by a coin score that keeps to what it said: the baseline of a patient's verdicts."""


@dataclass(frozen=True)
class Measure:
    """What contestants are ranked by: a score of each patient for each contestant, and what stands beside."""

    scores: Mapping[str, Scores]
    baseline: float
    beside: Mapping[str, Json]


def rank_therapists(run: Run, who: Sequence[Contestant], split: Split) -> Json:
    """Contestants as therapists of the base model's patients: {as, split, clinic, tie, held_out_looks, measures: {answers: {n,
    constant_baseline, ranking[], pairs[]}}}.

    Raises `ConfigError` for fewer than two, and for an iteration that does not play the role.
    """
    _check(run, "therapist", who)
    met = run.clinic.draw(split, getattr(run.config.evaluation, split), run.config.seed)
    return _ranked(run, "therapist", who, split, {"answers": _answers(run, met, split, [(FIXED, c) for c in who], who)})


def rank_patients(run: Run, who: Sequence[Contestant], split: Split) -> Json:
    """Contestants as patients: as `rank_therapists`, by two measures. `answers`: what the base model's therapist comes to with
    them; `verdicts`: how often their own, scored by the base model's judge, are right."""
    _check(run, "patient", who)
    settings, seed = run.config.evaluation, run.config.seed
    met = run.clinic.draw(split, getattr(settings, split), seed)
    asked = run.clinic.draw(split, settings.verifier, seed) if split == "development" else met  # nobody else is held out
    measures = {
        "answers": _answers(run, met, split, [(c, FIXED) for c in who], who),
        "verdicts": _verdicts(run, asked, split, who),
    }
    return _ranked(run, "patient", who, split, measures)


def cross(run: Run, patients: Sequence[Contestant], therapists: Sequence[Contestant], split: Split) -> Json:
    """Each patient (row) against each therapist (column): {split, clinic, n, constant_baseline, patients[], therapists[],
    held_out_looks, cells[row][column]: {probability, ci95, tasks}}. Raises as `rank_therapists` does."""
    check_plays(run, "patient", patients)
    check_plays(run, "therapist", therapists)
    met = run.clinic.draw(split, getattr(run.config.evaluation, split), run.config.seed)
    found = [[_pairing(run, met, split, p, t) for t in therapists] for p in patients]
    inputs = {
        "names": [[c.name for c in patients], [c.name for c in therapists]],
        "cells": digest([[[asdict(a) for a in answers] for answers, _ in row] for row in found]),
    }

    def work() -> Json:
        return {
            "split": split,
            "clinic": run.clinic.name,
            "n": len(met),
            "constant_baseline": _constant(met),
            "patients": [c.name for c in patients],
            "therapists": [c.name for c in therapists],
            "cells": [[_cell(answers, run.config.evaluation.resamples) for answers, _ in row] for row in found],
        }

    file = run.out / "evaluation" / f"arena-cross-{split}.json"
    return recorded(file, inputs, work) | {"held_out_looks": _looks(run, split)}


def _check(run: Run, role: RoleName, who: Sequence[Contestant]) -> None:
    if len(who) < 2:
        names = ", ".join(c.name for c in who) or "nobody"
        raise ConfigError(f"{names} alone cannot be ranked; expected two contestants (--iterations, --model)")
    check_plays(run, role, who)


def _pairing(run: Run, met: Met, split: Split, patient: Contestant, therapist: Contestant) -> tuple[list[Answer], Json]:
    """What a therapist answers of a patient's people, and {exact}: whether the probabilities are exact."""
    name = f"arena-{patient.key}+{therapist.key}"
    file = run.out / "evaluation" / f"{name}-{split}.jsonl"
    inputs = {"patient": patient.identity, "therapist": therapist.identity, "prompts": run.prompts}

    def work() -> Json:
        players = _players(run, patient=patient, therapist=therapist)
        # other models under the same names are another arm
        answers = interviews(run, met, players, f"{name}-{digest(inputs)[:8]}", _title(patient, therapist, split))
        if split == "held_out":
            _looked(run, name, patient, therapist)
        write_jsonl(file, (asdict(answer) for answer in answers))
        _release(run)
        return {"exact": players["therapist"].can_score}

    told = recorded(file.with_suffix(".json"), inputs | {"patients": digest([asdict(p) for p, _ in met])}, work, file)
    return [Answer(**record) for record in read_jsonl(file)], told


def _judged(run: Run, met: Met, split: Split, patient: Contestant) -> list[Verdict]:
    """A patient's verdicts, scored by the base model's judge."""
    name = f"arena-{patient.key}-verifier"
    file = run.out / "evaluation" / f"{name}-{split}.jsonl"
    inputs = {"patient": patient.identity, "prompts": run.prompts}

    def work() -> Json:
        players = _players(run, patient=patient)
        verdicts = checks(run, met, players, f"{name}-{digest(inputs)[:8]}", f"rank: verdicts of {patient.name}")
        if split == "held_out":
            _looked(run, f"arena-{patient.key}+{FIXED.key}", patient, FIXED)  # the same look as its interviews
        write_jsonl(file, (asdict(verdict) for verdict in verdicts))
        _release(run)
        return {"n": len(met)}

    recorded(file.with_suffix(".json"), inputs | {"patients": digest([asdict(p) for p, _ in met])}, work, file)
    return [Verdict(**record) for record in read_jsonl(file)]


def _answers(
    run: Run, met: Met, split: Split, pairings: Sequence[tuple[Contestant, Contestant]], who: Sequence[Contestant]
) -> Measure:
    found = {c.name: _pairing(run, met, split, *pairing) for c, pairing in zip(who, pairings, strict=True)}
    beside = {
        name: {
            "tasks": _by_task(answers),
            "accuracy": sum(a.right for a in answers) / len(answers),
            "invalid": sum(a.invalid for a in answers) / len(answers),
            **told,
        }
        for name, (answers, told) in found.items()
    }
    return Measure({name: right_answers(answers) for name, (answers, _) in found.items()}, _constant(met), beside)


def _verdicts(run: Run, met: Met, split: Split, who: Sequence[Contestant]) -> Measure:
    found = {c.name: _judged(run, met, split, c) for c in who}
    beside: dict[str, Json] = {}
    for name, verdicts in found.items():
        right = {check: [v.right for v in verdicts if v.check == check] for check in CHECKS}
        beside[name] = {"checks": {check: sum(own) / len(own) for check, own in right.items() if own}}
    return Measure({name: right_verdicts(verdicts) for name, verdicts in found.items()}, COIN, beside)


def _ranked(run: Run, role: RoleName, who: Sequence[Contestant], split: Split, measures: Mapping[str, Measure]) -> Json:
    inputs = {
        "who": [[c.name, c.model] for c in who],
        "measures": digest([[m.scores, m.beside] for m in measures.values()]),
    }

    def work() -> Json:
        run.progress.start(f"rank {len(who)} contestants", len(measures))
        told = {}
        for name, measure in measures.items():
            told[name] = _told(rank(measure.scores, run.config.evaluation.resamples), measure, who)
            run.progress.advance()
        return {"as": role, "split": split, "clinic": run.clinic.name, "tie": TIE, "measures": told}

    file = run.out / "evaluation" / f"arena-{role}s-{split}.json"
    return recorded(file, inputs, work) | {"held_out_looks": _looks(run, split)}


def _told(ranking: Ranking, measure: Measure, who: Sequence[Contestant]) -> Json:
    models = {c.name: c.model for c in who}
    rows: list[Json] = []
    for rated in ranking.rated:
        mean, strength = ranking.means[rated.name], rated.strength
        rows.append(
            {
                "name": rated.name,
                "model": models[rated.name],
                "rank": rated.rank,
                "ranks95": [rated.rank_low, rated.rank_high],
                "strength": strength.mean,
                "strength_ci95": [strength.low, strength.high],
                "score": mean.mean,
                "ci95": [mean.low, mean.high],
                **measure.beside[rated.name],
            }
        )
    pairs: list[Json] = [
        {
            "first": pair.first,
            "second": pair.second,
            "difference": pair.difference.mean,
            "ci95": [pair.difference.low, pair.difference.high],
            "p": pair.p,
            "p_holm": pair.p_holm,
            "significant": pair.significant,
            "wins": pair.wins,
            "ties": pair.ties,
            "losses": pair.losses,
        }
        for pair in ranking.pairs
    ]
    return {"n": ranking.n, "constant_baseline": measure.baseline, "ranking": rows, "pairs": pairs}


def _cell(answers: Sequence[Answer], resamples: int) -> Json:
    interval = mean_interval(list(right_answers(answers).values()), resamples)
    return {"probability": interval.mean, "ci95": [interval.low, interval.high], "tasks": _by_task(answers)}


def _by_task(answers: Sequence[Answer]) -> dict[str, float]:
    own = {task: [a.probability for a in answers if a.task == task] for task in TASKS}
    return {task: sum(values) / len(values) for task, values in own.items()}


def _constant(met: Met) -> float:
    """What the best constant answers score, mean over the tasks."""
    references = [truth for _, truth in met]
    return sum(constant_baseline(task, references) for task in TASKS) / len(TASKS)


def _players(run: Run, patient: Contestant = FIXED, therapist: Contestant = FIXED) -> dict[RoleName, Player]:
    playing: dict[RoleName, ModelRef | Guest] = {}
    if patient.plays:
        playing["patient"] = patient.plays
    if therapist.plays:
        playing["therapist"] = therapist.plays
    return run.players_of(playing)


def _release(run: Run) -> None:
    """A contestant has had its turn: its memory is the next one's. The base models stay."""
    run.backends.release({name: base_of(getattr(run.config.models, name)) for name in ROLES})


def _title(patient: Contestant, therapist: Contestant, split: Split) -> str:
    return f"rank: {patient.name} x {therapist.name} ({split.replace('_', '-')})"


def _looked(run: Run, name: str, patient: Contestant, therapist: Contestant) -> None:
    models = [c.model for c in (patient, therapist) if c.plays]
    looked(run, name, " + ".join(models) or FIXED.model)


def _looks(run: Run, split: Split) -> int | None:
    """How many evaluations the held-out patients have met so far; None where these are others."""
    return len(read_jsonl(run.out / HELD_OUT_LOOKS)) if split == "held_out" else None
