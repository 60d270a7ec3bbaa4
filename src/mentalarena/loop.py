"""Self-play: play, collect, optimise, evaluate, again with the better model, until it no longer gets better.

    base ──> play ──> rows ──> train ──> model 1 ──> play ──> ...          each model meets the development split
                                                                            the best one meets the held-out split, once

Stopping is by patience on the development split, or by signals of play too (stages/analyse.py); a play that has collapsed into
itself is told either way. Held-out patients are met only after that, by base, best and control.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from mentalarena.evaluation.therapist import TASKS
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import read_jsonl, write_whole
from mentalarena.stages.analyse import analyse, decision
from mentalarena.stages.arms import arm_of
from mentalarena.stages.build import build
from mentalarena.stages.evaluate import HELD_OUT_LOOKS, adjusted, evaluate, perplexity, reliability
from mentalarena.stages.play import play
from mentalarena.stages.rehearse import rehearse
from mentalarena.stages.run import Json, Run, named
from mentalarena.stages.train import check_trainable, train, warm_started


def run_loop(run: Run) -> Json:
    """The whole loop in a run directory; calling it again goes on. Returns what is in DIR/summary.json."""
    settings = run.config.loop
    if settings.iterations:
        check_trainable(run)
    models: list[ModelRef] = [warm_started(run)]
    iterations: list[Json] = []
    stop_reason = "all iterations done"
    for iteration in range(settings.iterations + 1):
        ref = models[iteration]
        base = "iteration-00" if iteration else None
        name = f"iteration-{iteration:02d}"
        measured = evaluate(run, ref, "development", name, base) | reliability(run, ref, name, base)
        iterations.append(
            {"iteration": iteration, "model": named(ref), "evaluation": measured, "play": None, "perplexity": None}
        )
        _write(run, iterations, None, "running")
        if iteration - best_of(iterations) >= settings.patience:
            stop_reason = f"no better development score for {settings.patience} iteration(s)"
            break
        if iteration == settings.iterations:
            break
        iterations[-1]["play"] = play(run, iteration, ref)
        rehearse(run, models[0])  # once: after the first iteration its record answers
        iterations[-1]["rows"] = build(run, iteration)
        iterations[-1]["perplexity"] = perplexity(run, iteration, models[max(iteration - 1, 0)])
        told = decision(run, models, scored=settings.stopping == "signals")
        iterations[-1]["collapse"] = list(told.collapse)
        if told.collapse:
            logging.getLogger(__name__).warning("iteration %d has collapsed: %s", iteration, "; ".join(told.collapse))
        if told.stop and settings.stopping == "signals":
            stop_reason = told.reason
            break
        models.append(train(run, iteration + 1, ref))
    analyse(run, settings.stopping == "signals", models)
    control = None
    if settings.control != "none" and len(models) > 1:
        control = control_arm(run, models[0])
    best = best_of(iterations)
    held_out = {"base": evaluate(run, models[0], "held_out", "base")}
    held_out["best"] = held_out["base"]
    if best:
        held_out["best"] = evaluate(run, models[best], "held_out", f"best-iteration-{best:02d}", "base")
    if control:
        held_out["control"] = evaluate(run, control, "held_out", f"control-{settings.control}", "base")
    return _write(run, iterations, held_out, stop_reason, named(control) if control else None)


def control_arm(run: Run, base: ModelRef) -> ModelRef:
    """One iteration without what is claimed to help, on as many rows as the first iteration had."""
    arm = run.config.loop.control
    if arm_of(arm).plays:
        play(run, 0, base, arm)
    build(run, 0, arm)
    return train(run, 1, base, arm)


def score_of(evaluation: Mapping[str, Any]) -> float:
    """What steers the loop: the mean probability of a right answer over the three tasks."""
    return sum(float(evaluation[task]["probability"]) for task in TASKS) / len(TASKS)


def best_of(iterations: list[Json]) -> int:
    """The iteration with the best development score; the earlier one of two equals."""
    scores = [score_of(record["evaluation"]) for record in iterations]
    return scores.index(max(scores))


def _write(
    run: Run, iterations: list[Json], held_out: Json | None, stop_reason: str, control_model: str | None = None
) -> Json:
    looks = run.out / HELD_OUT_LOOKS
    control = {"kind": run.config.loop.control, "model": control_model} if control_model else None
    found = adjusted([record["evaluation"] for record in iterations])
    ends = dict(zip(held_out, adjusted(list(held_out.values())), strict=True)) if held_out else None
    summary = {
        "iterations": [record | {"evaluation": own} for record, own in zip(iterations, found, strict=True)],
        "best_iteration": best_of(iterations),
        "stop_reason": stop_reason,
        "control": control,
        "held_out": ends,
        "held_out_looks": [record["name"] for record in read_jsonl(looks)] if looks.exists() else [],
        "clinic": run.clinic.name,
        "seed": run.config.seed,
    }
    write_whole(run.out / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary
