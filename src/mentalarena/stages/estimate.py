"""Estimate: what a run will ask for and cost, from a small pilot in a directory that is thrown away."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from mentalarena.clinic.clinics import Clinic
from mentalarena.config import ClusterConfig, Config
from mentalarena.models.base import Usage
from mentalarena.runs.budget import Price
from mentalarena.runs.progress import Progress
from mentalarena.stages.evaluate import evaluate, reliability
from mentalarena.stages.play import play
from mentalarena.stages.rehearse import rehearse
from mentalarena.stages.run import Json, opened


def estimate(config: Config, pilot: int, progress: Progress | None = None) -> Json:
    """{stages: {stage: {patients, calls, prompt_tokens, new_tokens, cost}}, total, pilot, seconds}: means of a pilot with `pilot`
    patients a stage, times how many the run will meet. Iterations are assumed to cost alike, and none to stop early.

    `seconds` is for the pilot's rate of calls, so it is an upper bound where more patients at once are answered faster.
    Training is not in it. Raises what the stages raise.
    """
    small = config.model_copy(
        update={
            "cluster": ClusterConfig(),  # the pilot is small
            "play": config.play.model_copy(update={"patients": min(pilot, config.play.patients)}),
            "training": config.training.model_copy(update={"rehearsal": min(pilot, config.training.rehearsal)}),
            "evaluation": config.evaluation.model_copy(
                update={
                    name: min(pilot, getattr(config.evaluation, name)) for name in ("development", "verifier", "held_out")
                }
            ),
        }
    )
    with tempfile.TemporaryDirectory() as folder, opened(small, Path(folder), progress) as run:
        began = time.monotonic()
        met = {"play": len(run.patients(0))}
        play(run, 0, run.base)
        rehearse(run, run.base)
        evaluate(run, run.base, "development", "pilot")
        reliability(run, run.base, "pilot")
        met |= {
            "rehearse": small.training.rehearsal,
            "evaluate": len(run.clinic.draw("development", small.evaluation.development, config.seed)),
            "verify": len(run.clinic.draw("development", small.evaluation.verifier, config.seed)),
        }
        if unselected := _controlled(config):
            play(run, 0, run.base, "unselected")
            met["unselected/play"] = met["play"]
        used, seconds = _by_stage(run.journal.spent_by_stage()), time.monotonic() - began
        wanted = _wanted(config, run.clinic, unselected)
    prices = {name: Price(price.prompt, price.new) for name, price in config.prices.items()}
    price = prices.get(config.models.therapist.model)
    stages: dict[str, Json] = {}
    for stage, patients in wanted.items():
        usage, share = used.get(stage, Usage()), patients / max(met.get(stage, 1), 1)
        stages[stage] = _scaled(usage, share, price) | {"patients": patients}
    names = ("calls", "prompt_tokens", "new_tokens", "cost")
    total = {name: sum(stage[name] for stage in stages.values()) for name in names}
    calls = sum(usage.calls for usage in used.values())
    return {
        "stages": stages,
        "total": {name: round(value, 4) for name, value in total.items()},
        "pilot": {"patients": pilot, "calls": calls, "seconds": round(seconds, 1)},
        "seconds": round(seconds * total["calls"] / max(calls, 1), 1),
        "priced": price is not None,
    }


def stage_of(place: str) -> str:
    """The stage of one of the journal's, without the name of an evaluation before it; an arm's play keeps its arm."""
    arm, _, stage = place.rpartition("/")
    return place if arm and stage == "play" else stage


def _by_stage(spent: Mapping[str, Usage]) -> dict[str, Usage]:
    found: dict[str, Usage] = {}
    for place, usage in spent.items():
        found[stage_of(place)] = found.get(stage_of(place), Usage()) + usage
    return found


def _controlled(config: Config) -> bool:
    return config.loop.control == "unselected" and config.loop.iterations > 0


def _wanted(config: Config, clinic: Clinic, unselected: bool) -> Mapping[str, int]:
    """How many patients each stage of a whole run will meet."""
    iterations, counts = config.loop.iterations, config.evaluation
    patients = len(clinic.patients(config.play.patients, config.seed * 1000))
    development = len(clinic.draw("development", counts.development, config.seed))
    held_out = len(clinic.draw("held_out", counts.held_out, config.seed))
    verifier = len(clinic.draw("development", counts.verifier, config.seed))
    looks = 1 + (iterations > 0) + (config.loop.control != "none" and iterations > 0)
    wanted = {
        "play": patients * iterations,
        "rehearse": config.training.rehearsal if iterations and config.training.trained != "therapist" else 0,
        "evaluate": development * (iterations + 1) + held_out * looks,
        "verify": verifier * (iterations + 1),
    }
    return wanted | ({"unselected/play": patients} if unselected else {})


def _scaled(usage: Usage, share: float, price: Price | None) -> Json:
    found = {
        "calls": round(usage.calls * share),
        "prompt_tokens": round(usage.prompt_tokens * share),
        "new_tokens": round(usage.new_tokens * share),
    }
    cost = price.of(Usage(found["prompt_tokens"], found["new_tokens"])) if price else 0.0
    return {**found, "cost": round(cost, 4)}
