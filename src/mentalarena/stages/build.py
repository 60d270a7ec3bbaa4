"""Build: training rows from the episodes, into `sft.jsonl`."""

from __future__ import annotations

from mentalarena.arena.prompts import load_prompts
from mentalarena.runs.directory import write_jsonl
from mentalarena.stages.run import Arm, Json, Run, digest_of, patients_of, recorded
from mentalarena.training.controls import coin_flips, same_amount, shuffled_labels
from mentalarena.training.rows import (
    THERAPIST,
    VERIFIER,
    RowKind,
    distinct,
    read_episodes,
    read_rows,
    replayed,
    therapist_rows,
    verifier_rows,
)

REPLAYED: tuple[RowKind, ...] = ("outcome", "choice", "outcome", "talk", "outcome", "score")
"""What is replayed in turn: outcomes most, because foretelling is what erodes first (dev/LOG.md)."""


def build(run: Run, iteration: int, arm: Arm = "main") -> Json:
    """Training rows from the episodes of an iteration into `sft.jsonl`; returns how many of each kind.

    A control arm gets at most as many rows of each kind as the main arm. The unselected arm plays without verdicts, so it
    replays dialogue only; the others make their rows from the main arm's episodes.
    """
    settings, models = run.config.training, run.config.models
    source = run.folder(iteration, "unselected" if arm == "unselected" else "main") / "episodes.jsonl"
    like = digest_of(run.folder(iteration) / "sft.jsonl") if arm != "main" else None
    told = settings.model_dump(mode="json")
    inputs = {"episodes": digest_of(source), "settings": told, "arm": arm, "like": like, "prompts": run.prompts}

    def work() -> Json:
        episodes = read_episodes(source)
        if arm.startswith("coin-flips-"):
            episodes = coin_flips(episodes, int(arm.rsplit("-", 1)[1]) / 100, run.config.seed)
        profiles = None
        if settings.input == "profile":
            profiles = {p.id: p.cognitive_model for p in patients_of(run.config, iteration)}
        taught = distinct(therapist_rows(episodes, load_prompts(models.therapist.prompt_set), settings.min_score, profiles))
        own = verifier_rows(episodes, load_prompts(models.patient.prompt_set), load_prompts(models.judge.prompt_set))
        kinds = REPLAYED
        if arm != "main":
            like = [r for r in read_rows(run.folder(iteration) / "sft.jsonl") if r.kind in THERAPIST]
            taught = same_amount(taught, like, run.config.seed)
        if arm in ("unselected", "shuffled-labels"):
            kinds = ("talk",)  # choices, outcomes and scores are verdicts
        if arm == "shuffled-labels":
            taught = shuffled_labels(taught, run.config.seed)
        kept = replayed(own, round(settings.replay * len(taught)), kinds, run.config.seed)
        rows = [*taught, *distinct(kept)]
        write_jsonl(run.folder(iteration, arm) / "sft.jsonl", (row.as_dict() for row in rows))
        return {kind: sum(row.kind == kind for row in rows) for kind in (*THERAPIST, *VERIFIER)}

    return recorded(run.folder(iteration, arm) / "build.json", inputs, work, run.folder(iteration, arm) / "sft.jsonl")
