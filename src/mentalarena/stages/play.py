"""Play: one episode with each patient, into `episodes.jsonl`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict

from mentalarena.arena.types import Episode
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import write_whole
from mentalarena.runs.runner import Play, play_all, write_episodes
from mentalarena.stages.run import Arm, Json, Run, digest, link, named, recorded


def play(
    run: Run, iteration: int, ref: ModelRef, arm: Arm = "main", done: Callable[[Episode], None] = lambda episode: None
) -> Json:
    """One episode with each patient into `episodes.jsonl`. Raises `TooManyFailures` and any `MentalArenaError`."""
    patients = run.patients(iteration)
    title = "play" if arm == "main" else f"play ({arm})"
    inputs = {"model": named(ref), "patients": digest([asdict(p) for p in patients]), "arm": arm, "prompts": run.prompts}

    if arm == "main":
        link(run.out, iteration)

    def work() -> Json:
        run.progress.start(f"{title} {iteration}", len(patients))
        stage = Play(run.arena(arm), run.players(ref), run.config.seed, iteration, run.config.play.concurrency, arm=arm)

        def ended(episode: Episode) -> None:
            run.progress.advance()
            done(episode)

        paid, replays, started = run.journal.paid, run.journal.replayed, time.monotonic()
        episodes = run.backends.run(play_all(patients, stage, run.journal, ended))
        write_episodes(run.folder(iteration, arm) / "episodes.jsonl", episodes)
        return {
            "episodes": len(episodes),
            "problems": sum(len(e.problems) for e in episodes),
            "diagnosed": sum(e.diagnosis is not None and e.diagnosis.chosen is not None for e in episodes),
            "calls": run.journal.paid - paid,
            "replayed": run.journal.replayed - replays,
            "prompt_tokens": sum(e.usage.prompt_tokens for e in episodes),
            "new_tokens": sum(e.usage.new_tokens for e in episodes),
            "seconds": round(time.monotonic() - started, 2),
        }

    folder = run.folder(iteration, arm)
    return recorded(folder / "play.json", inputs, work, folder / "episodes.jsonl")


def write_play_summary(run: Run, counts: Json) -> Json:
    """`summary.json` of a run that has only been played; a fuller one is left as it is."""
    path = run.out / "summary.json"
    summary = {"iterations": [{"iteration": 0, "model": named(run.base), "play": counts}]}
    if not path.exists():
        write_whole(path, json.dumps(summary, indent=1) + "\n")
    return summary
