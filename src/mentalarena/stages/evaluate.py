"""Evaluate: a model against the references of patients that no row came from, with the numbers beside every number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from mentalarena.arena.types import Problem, RoleName
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.references import Reference, Split
from mentalarena.evaluation.power import least_effect
from mentalarena.evaluation.statistics import (
    balanced_accuracy,
    holm,
    macro_f1,
    mcnemar_p,
    mean_interval,
    paired_p,
    share_interval,
)
from mentalarena.evaluation.therapist import TASKS, Answer, constant_baseline, examine
from mentalarena.evaluation.verifier import CHECKS, Verdict, verify
from mentalarena.models.base import ModelRef, Scorer
from mentalarena.runs.directory import read_jsonl, write_jsonl
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import Player, cast_at, each, settled
from mentalarena.stages.run import Json, Run, digest, digest_of, named, recorded
from mentalarena.training.rows import THERAPIST, Row, read_rows

LEAST = 1e-6
"""The least probability that a log loss counts, so that one patient cannot make it infinite."""
HELD_OUT_LOOKS = "evaluation/held-out-looks.jsonl"
"""Every evaluation on held-out patients, in order: a set that is met often is no longer held out."""


def evaluate(run: Run, ref: ModelRef, split: Split, name: str, base: str | None = None, count: int | None = None) -> Json:
    """A model on one split: {task: {split, probability, ci95, p_vs_base, accuracy, accuracy_ci95, accuracy_p_vs_base, log_loss,
    n, invalid, constant_baseline, base_accuracy, similarity}}, of the diagnosis balanced_accuracy and macro_f1 too.

    `name` is the file's (under DIR/evaluation), `base` that of the evaluation to compare with. All models meet the same
    patients with the same seeds; so many as the settings say, unless `count` does.
    """
    met = run.clinic.draw(split, count or getattr(run.config.evaluation, split), run.config.seed)
    references = [truth for _, truth in met]
    file = run.out / "evaluation" / f"{name}-{split}.jsonl"
    against = digest_of(run.out / "evaluation" / f"{base}-{split}.jsonl") if base else None
    inputs = {"model": named(ref), "patients": digest([asdict(p) for p, _ in met]), "base": against, "prompts": run.prompts}

    def work() -> Json:
        players, settings = run.players(ref, ("therapist",)), run.config.evaluation
        answers = interviews(run, met, players, name, f"evaluate {name} ({split.replace('_', '-')})")
        if split == "held_out":
            looked(run, name, named(ref))
        write_jsonl(file, (asdict(a) for a in answers))
        compared = read_jsonl(run.out / "evaluation" / f"{base}-{split}.jsonl") if base else None
        exact = players["therapist"].can_score
        return {task: _task(task, split, answers, compared, references, settings.resamples, exact) for task in TASKS}

    return recorded(file.with_suffix(".json"), inputs, work, file)


def interviews(
    run: Run, met: Sequence[tuple[Patient, Reference]], players: Mapping[RoleName, Player], arm: str, title: str
) -> list[Answer]:
    """What the therapist answers of each patient, in their order: three tasks each. Whoever plays, in whatever `arm` of the
    journal, is asked with the same seeds; so what two arms ask alike is asked once."""
    settings, seed, arena = run.config.evaluation, run.config.seed, run.arena()
    arena = replace(arena, settings=replace(arena.settings, guided=settings.guided))
    run.progress.start(title, len(met))

    async def one(pair: tuple[Patient, Reference]) -> tuple[list[Answer], Sequence[Problem]]:
        cast = cast_at(Place(0, "evaluate", pair[0].id, arm), players, run.journal, seed)
        answers = await examine(*pair, arena, cast, settings.samples, seed)
        return answers, cast.therapist.ledger.problems

    work = settled(met, one, run.config.play.concurrency, "interviews", lambda _: run.progress.advance())
    return [answer for part in run.backends.run(work) for answer in part]


def checks(
    run: Run, met: Sequence[tuple[Patient, Reference]], players: Mapping[RoleName, Player], arm: str, title: str
) -> list[Verdict]:
    """The verdicts on each patient, in their order, asked as `interviews` asks."""
    seed, arena, references = run.config.seed, run.arena(), [truth for _, truth in met]
    run.progress.start(title, len(met))

    async def one(pair: tuple[Patient, Reference]) -> tuple[list[Verdict], Sequence[Problem]]:
        cast = cast_at(Place(0, "verify", pair[0].id, arm), players, run.journal, seed)
        verdicts = await verify(*pair, references, arena, cast, seed)
        return verdicts, cast.patient.ledger.problems

    work = settled(met, one, run.config.play.concurrency, "verifier checks", lambda _: run.progress.advance())
    return [verdict for part in run.backends.run(work) for verdict in part]


def looked(run: Run, name: str, model: str) -> None:
    """A look at the held-out patients goes on record, before anybody sees what it found."""
    looks = read_jsonl(file) if (file := run.out / HELD_OUT_LOOKS).exists() else []
    if (entry := {"name": name, "model": model}) not in looks:  # a resumed look is the same look
        write_jsonl(file, [*looks, entry])


def reliability(run: Run, ref: ModelRef, name: str, base: str | None = None, count: int | None = None) -> Json:
    """How often a model's verdicts, as patient and judge, are right: {verifier_choice, verifier_confusable,
    verifier_health: {split, accuracy, ci95, change_vs_base, change_ci95, n}}. `base` names the check to compare with, `count`
    how many patients where the settings do not."""
    met = run.clinic.draw("development", count or run.config.evaluation.verifier, run.config.seed)
    file = run.out / "evaluation" / f"{name}-verifier.jsonl"
    against = digest_of(file.with_name(f"{base}-verifier.jsonl")) if base else None
    inputs = {"model": named(ref), "patients": digest([asdict(p) for p, _ in met]), "base": against, "prompts": run.prompts}

    def work() -> Json:
        verdicts = checks(run, met, run.players(ref), name, f"verifier {name}")
        write_jsonl(file, (asdict(verdict) for verdict in verdicts))
        before = read_jsonl(file.with_name(f"{base}-verifier.jsonl")) if base else None
        made = [c for c in CHECKS if any(verdict.check == c for verdict in verdicts)]
        return {f"verifier_{c}": _reliability(c, verdicts, before, run.config.evaluation.resamples) for c in made}

    return recorded(file.with_suffix(".json"), inputs, work, file)


def _reliability(
    check: str, verdicts: Sequence[Verdict], before: Sequence[Mapping[str, Any]] | None, resamples: int
) -> Json:
    right = {verdict.patient: verdict.right for verdict in verdicts if verdict.check == check}
    interval = mean_interval(list(right.values()), resamples)
    found = {"split": "development", "accuracy": interval.mean, "ci95": [interval.low, interval.high], "n": len(right)}
    if before is None:
        return found | {"change_vs_base": None, "change_ci95": None}
    base = {record["patient"]: record["right"] for record in before if record["check"] == check}
    change = mean_interval([right[patient] - base[patient] for patient in right], resamples)
    return found | {"change_vs_base": change.mean, "change_ci95": [change.low, change.high]}


def _task(
    task: str,
    split: str,
    answers: Sequence[Answer],
    base: Sequence[Mapping[str, Any]] | None,
    references: Sequence[Reference],
    resamples: int,
    exact: bool,
) -> Json:
    own = [a for a in answers if a.task == task]
    probability, right = [a.probability for a in own], [a.right for a in own]
    interval, accuracy = mean_interval(probability, resamples), share_interval(right)
    paired = [record for a in own for record in base or () if (record["task"], record["patient"]) == (task, a.patient)]
    against = base is not None
    return {
        "split": split,
        "accuracy": accuracy.mean,
        "accuracy_ci95": [accuracy.low, accuracy.high],
        "accuracy_p_vs_base": mcnemar_p(right, [r["right"] for r in paired]) if against else None,
        "log_loss": sum(-math.log(max(p, LEAST)) for p in probability) / len(own) if exact else None,
        "probability": interval.mean,
        "ci95": [interval.low, interval.high],
        "n": len(own),
        "invalid": sum(a.invalid for a in own) / len(own),
        "constant_baseline": constant_baseline(task, references),
        "p_vs_base": paired_p(probability, [r["probability"] for r in paired], resamples) if against else None,
        "base_accuracy": sum(r["right"] for r in paired) / len(own) if against else None,
        "similarity": sum(a.similarity for a in own) / len(own),
        **(_by_disorder(own, references, resamples) if task == "diagnosis" else {}),
    }


def _by_disorder(own: Sequence[Answer], references: Sequence[Reference], resamples: int) -> Json:
    """The likeliest diagnosis with every disorder counted alike, however many patients have it."""
    truth, said = [r.disorder for r in references], [a.said for a in own]
    balanced, f1 = balanced_accuracy(truth, said), macro_f1(truth, said, resamples)
    return {
        "balanced_accuracy": balanced.mean,
        "balanced_accuracy_ci95": [balanced.low, balanced.high],
        "macro_f1": f1.mean,
        "macro_f1_ci95": [f1.low, f1.high],
    }


def adjusted(evaluations: Sequence[Json]) -> list[Json]:
    """Evaluations with Holm's adjustment of each kind of p over all tasks (`p_vs_base_holm`, `accuracy_p_vs_base_holm`), and the
    `least_effect`: the gain in accuracy that its first step would find in 8 of 10 cases."""
    places = [(number, task) for number, told in enumerate(evaluations) for task in TASKS]
    found = [{key: dict(value) for key, value in told.items()} for told in evaluations]
    for kind in ("p_vs_base", "accuracy_p_vs_base"):
        ps = holm([evaluations[number][task][kind] for number, task in places])
        for (number, task), p in zip(places, ps, strict=True):
            found[number][task][f"{kind}_holm"] = p
    compared = [(number, task) for number, task in places if evaluations[number][task]["base_accuracy"] is not None]
    for number, task in places:
        told = found[number][task]
        gain = (
            least_effect(told["n"], told["base_accuracy"], alpha=0.05 / len(compared))
            if (number, task) in compared
            else math.inf
        )
        told["least_effect"] = None if math.isinf(gain) else gain
    return found


def perplexity(run: Run, iteration: int, ref: ModelRef, most: int = 200) -> float | None:
    """Of the therapist's rows of an iteration under `ref` (the model before; source: paper, analysis). None where the
    model cannot tell probabilities or there are no rows."""
    rows = [r for r in read_rows(run.folder(iteration) / "sft.jsonl") if r.kind in THERAPIST][:most]
    player = run.players(ref)["therapist"]
    if not rows or not isinstance(player.model, Scorer):
        return None
    inputs = {"model": named(ref), "rows": digest([row.as_dict() for row in rows])}

    def work() -> Json:
        model: Any = player.model

        async def one(row: Row) -> tuple[float, int]:
            return (await model.score(row.prompt, [row.completion]))[0], await model.tokens(row.completion)

        found = run.backends.run(each(rows, one, run.config.play.concurrency))
        return {"perplexity": math.exp(-sum(s for s, _ in found) / sum(n for _, n in found))}

    return float(recorded(run.folder(iteration) / "perplexity.json", inputs, work)["perplexity"])
