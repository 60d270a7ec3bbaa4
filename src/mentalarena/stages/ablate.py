"""Ablate: one iteration of each arm (stages/arms.py) in one run directory, on development patients, in one table.

All arms play the same patients with the same seeds and share one journal, so that what two of them ask alike is asked once.
Held-out patients are never met: with a dozen arms the best one would be chosen on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from mentalarena.analysis.ablation import Scores, compare, least_p, right_labels
from mentalarena.clinic.references import Reference
from mentalarena.errors import ConfigError
from mentalarena.evaluation.statistics import mean_interval, share_interval
from mentalarena.evaluation.therapist import TASKS
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import read_jsonl, write_whole
from mentalarena.runs.journal import Place
from mentalarena.stages.arms import ARMS, MAIN, Arm, arm_of
from mentalarena.stages.build import build
from mentalarena.stages.evaluate import adjusted, evaluate, reliability
from mentalarena.stages.play import play, write_play_summary
from mentalarena.stages.rehearse import rehearse
from mentalarena.stages.run import Json, Run, named, truths
from mentalarena.stages.train import check_trainable, learnt_from, train, warm_started
from mentalarena.training.rows import THERAPIST, Row, read_episodes

ABLATION = "ablation.json"
BASE = "base"
FEWEST = 100
"""Development patients by whom arms are compared, at least: with fewer only large differences could be told."""


def ablate(run: Run, names: Sequence[str] = (), patients: int = 0, trained: bool = True) -> Json:
    """Arms against the whole method: {clinic, seed, split, base, arms, comparisons, least_p}, in DIR/ablation.json too. Without
    `names` all of them; `main` is always there. `patients` of the development split are met, `FEWEST` or as many as the settings
    have unless it is given. Not `trained`: nothing is learnt or evaluated, and arms are compared by their rows alone.

    Raises `ConfigError` for a name that is none, and where no arm could be trained or compared."""
    arms = [arm_of(name) for name in dict.fromkeys([MAIN, *(names or ARMS)])]
    _check(run, trained)
    count = patients or max(FEWEST, run.config.evaluation.development)
    base = warm_started(run)
    played = {arm.name: play(run, 0, base, arm.name) for arm in arms if arm.plays}
    write_play_summary(run, played[MAIN])
    rehearse(run, base)
    for arm in arms:
        build(run, 0, arm.name)
    known = truths(run.clinic, run.config, 0)
    told: Json = {
        "clinic": run.clinic.name,
        "seed": run.config.seed,
        "split": "development",
        "base": None,
        "arms": [_described(arm) | _data(run, arm, known) for arm in arms],
        "comparisons": [],
        "least_p": None,
    }
    if trained:
        _compared(run, arms, base, count, told)
    for number, arm in enumerate(arms):
        told["arms"][number]["calls"] = _calls(run, arm, arms[:number])
    write_whole(run.out / ABLATION, json.dumps(told, indent=1) + "\n")
    return told


def _described(arm: Arm) -> Json:
    return {"name": arm.name, "what": arm.what, "group": arm.group}


def _check(run: Run, trained: bool) -> None:
    settings = run.config.training
    if settings.trained == "patient":
        raise ConfigError(
            "training.trained: 'patient' learns no row of the therapist's, which arms differ in; expected 'shared' or 'therapist'"
        )
    if settings.method == "dpo":
        raise ConfigError("training.method: 'dpo' has no arms yet (pairs are made of main's); expected 'sft'")
    if trained:
        check_trainable(run)


def _compared(run: Run, arms: Sequence[Arm], base: ModelRef, count: int, told: Json) -> None:
    """Each arm's model of iteration 1, base and arms on the same patients; into what is `told`."""
    evaluations = {BASE: _evaluated(run, base, BASE, None, count)}
    for arm, record in zip(arms, told["arms"], strict=True):
        if sum(record["rows"].values()):
            ref = train(run, 1, base, arm.name)
            evaluations[arm.name] = _evaluated(run, ref, arm.name, BASE, count)
            record["model"] = named(ref)
    scores = {name: _scores(run, name) for name in evaluations}
    pairs = [
        (arm.name, other)
        for arm in arms
        for other in dict.fromkeys((MAIN, arm.beside))
        if arm.name != other and {arm.name, other} <= set(evaluations)
    ]
    found = dict(zip(evaluations, adjusted(list(evaluations.values())), strict=True))
    told["base"] = {"model": named(base), "evaluation": found[BASE]}
    for record in told["arms"]:
        record["evaluation"] = found.get(record["name"])
    told["least_p"] = least_p(len(pairs) * len(TASKS), run.config.evaluation.resamples)
    told["comparisons"] = [
        {**asdict(one), "difference": one.difference.mean, "ci95": [one.difference.low, one.difference.high]}
        for one in compare(scores, pairs, run.config.evaluation.resamples)
    ]


def _evaluated(run: Run, ref: ModelRef, name: str, base: str | None, count: int) -> Json:
    own, other = f"ablation-{name}", base and f"ablation-{base}"
    answers = evaluate(run, ref, "development", own, other, count)
    return answers | reliability(run, ref, own, other, count)


def _scores(run: Run, name: str) -> Scores:
    found: dict[str, dict[str, float]] = {task: {} for task in TASKS}
    for record in read_jsonl(run.out / "evaluation" / f"ablation-{name}-development.jsonl"):
        found[record["task"]][record["patient"]] = float(record["probability"])
    return found


def _data(run: Run, arm: Arm, known: Mapping[str, Reference]) -> Json:
    """What an arm learns from: episodes, the talk's length, rows, and how many of them teach what is right."""
    episodes = read_episodes(run.folder(0, arm.name if arm.plays else MAIN) / "episodes.jsonl")
    rows = [row for row in learnt_from(run, 1, arm.name) if isinstance(row, Row)]
    asked = [
        float(sum(message.role == "assistant" for message in episode.views["therapist"]))
        for episode in episodes
        if episode.views
    ]
    questions = mean_interval(asked, run.config.evaluation.resamples) if asked else None
    labels = {kind: share_interval(right) for kind, right in right_labels(rows, known).items()}
    counts = {kind: sum(row.kind == kind for row in rows) for kind in THERAPIST}
    return {
        "episodes": len(episodes),
        "diagnosed": sum(bool(e.diagnosis and e.diagnosis.chosen) for e in episodes),
        "questions": questions and [questions.mean, questions.low, questions.high],
        "rows": counts | {"replayed": len(rows) - sum(counts.values())},
        "labels_right": {kind: [share.mean, share.low, share.high] for kind, share in labels.items()},
        "model": None,
        "evaluation": None,
    }


def _calls(run: Run, arm: Arm, before: Sequence[Arm]) -> Json:
    """How many requests an arm made of models in play, interviews and checks, and how many of these had been answered to base or
    an arm before it."""

    def places(name: str) -> list[Place]:
        return [Place(0, stage, "", f"ablation-{name}") for stage in ("evaluate", "verify")]

    own = [Place(0, "play", "", arm.name), *places(arm.name)]
    others = [*places(BASE), *(place for one in before for place in (Place(0, "play", "", one.name), *places(one.name)))]
    asked, shared = run.journal.overlap(own, others)
    return {"asked": asked, "shared": shared}
