"""Play: one episode with each patient, into `episodes.jsonl`; by this process, or in shards by many (runs/shards.py)."""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from mentalarena.arena.types import Episode
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.config import Config
from mentalarena.models.backends import Backends
from mentalarena.models.base import ModelRef
from mentalarena.runs.budget import Budget
from mentalarena.runs.cluster import on_ray
from mentalarena.runs.directory import each_of_jsonl, write_jsonl, write_whole
from mentalarena.runs.journal import Place
from mentalarena.runs.progress import Silence
from mentalarena.runs.runner import EpisodeFile, Play, play_each
from mentalarena.runs.shards import JOURNAL, LOST, SHARDS, Shard, all_of, begun, has_played, lend, shard_journal, take_in
from mentalarena.stages.run import (
    Json,
    Run,
    budget_of,
    counted,
    digest,
    folder_of,
    link,
    named,
    on_record,
    recorded,
)

Done = Callable[[Episode], None]
RECORD, EPISODES = "play.json", "episodes.jsonl"


def play(run: Run, iteration: int, ref: ModelRef, arm: str = "main", done: Done = lambda episode: None) -> Json:
    """One episode with each patient into `episodes.jsonl`. Raises `TooManyFailures` and any `MentalArenaError`.

    Where it has begun in shards, those that are missing are played and all are joined."""
    patients, folder = run.patients(iteration), run.folder(iteration, arm)
    inputs = _inputs(run, ref, arm, patients)
    if arm == "main":
        link(run.out, iteration)

    def work() -> Json:
        on_cluster = bool(run.config.cluster.ray)
        shards = begun(folder) or (begun(run.folder(iteration)) if on_cluster else [])
        # what was asked in one piece is asked there again, by another arm too: answers are shared within a journal
        alone = any(has_played(run.out / JOURNAL, Place(iteration, "play", "", name)) for name in {"main", arm})
        if shards or (on_cluster and not alone):
            return _in_shards(run, iteration, ref, arm, patients, shards or all_of(run.config.cluster.shards), done)
        note = ", in this process as it began" if on_cluster else ""
        return _meet(run, iteration, ref, arm, patients, folder / EPISODES, _title(iteration, arm) + note, done)

    return recorded(folder / RECORD, inputs, work, folder / EPISODES)


def play_shard(
    run: Run, iteration: int, ref: ModelRef, shard: Shard, arm: str = "main", done: Done = lambda episode: None
) -> Json:
    """One episode with each patient of a shard into the shard's folder; `run` has the shard's journal."""
    patients, folder = _of(shard, run.patients(iteration)), run.folder(iteration, arm) / SHARDS / shard.name

    def work() -> Json:
        title = f"{_title(iteration, arm)}, shard {shard.number}/{shard.of}"
        return _meet(run, iteration, ref, arm, patients, folder / EPISODES, title, done)

    return recorded(folder / RECORD, _inputs(run, ref, arm, patients), work, folder / EPISODES)


def write_play_summary(run: Run, counts: Json) -> Json:
    """`summary.json` of a run that has only been played; a fuller one is left as it is."""
    path = run.out / "summary.json"
    summary = {"iterations": [{"iteration": 0, "model": named(run.base), "play": counts}]}
    if not path.exists():
        write_whole(path, json.dumps(summary, indent=1) + "\n")
    return summary


def _meet(
    run: Run, iteration: int, ref: ModelRef, arm: str, patients: Sequence[Patient], path: Path, title: str, done: Done
) -> Json:
    """Some patients' episodes into a file, by this process."""
    run.progress.start(title, len(patients))
    stage = Play(run.arena(arm), run.players(ref), run.config.seed, iteration, run.config.play.concurrency, arm=arm)

    def ended(episode: Episode) -> None:
        run.progress.advance()
        done(episode)

    paid, replays, started = run.journal.paid, run.journal.replayed, time.monotonic()

    def keep(episode: Episode) -> tuple[int, int, int, int]:
        file.add(episode)
        diagnosed = episode.diagnosis is not None and episode.diagnosis.chosen is not None
        return len(episode.problems), int(diagnosed), episode.usage.prompt_tokens, episode.usage.new_tokens

    with closing(EpisodeFile(path)) as file:
        kept = run.backends.run(play_each(patients, stage, run.journal, keep, ended))
        file.write()
    problems, diagnosed, read, new = (sum(counts[place] for counts in kept) for place in range(4))
    return {
        "episodes": len(kept),
        "problems": problems,
        "diagnosed": diagnosed,
        "calls": run.journal.paid - paid,
        "replayed": run.journal.replayed - replays,
        "prompt_tokens": read,
        "new_tokens": new,
        "seconds": round(time.monotonic() - started, 2),
    }


def _in_shards(
    run: Run, iteration: int, ref: ModelRef, arm: str, patients: Sequence[Patient], shards: Sequence[Shard], done: Done
) -> Json:
    """The shards that are missing, here or on Ray, then all of them as one file. The counts are sums over the shards."""
    folder = run.folder(iteration, arm)
    for shard in shards:
        (folder / SHARDS / shard.name).mkdir(parents=True, exist_ok=True)  # from here on their number is fixed

    def told(shard: Shard) -> Json | None:
        place = folder / SHARDS / shard.name
        return on_record(place / RECORD, _inputs(run, ref, arm, _of(shard, patients)), place / EPISODES)

    missing = [shard for shard in shards if told(shard) is None]
    if arm != "main":
        for shard in missing:
            lend(run.folder(iteration) / SHARDS / shard.name, folder / SHARDS / shard.name)
    if run.config.cluster.ray:
        _on_ray(run, iteration, ref, arm, patients, missing)
    else:
        for shard in missing:
            with shard_journal(folder / SHARDS / shard.name, LOST) as journal:
                journal.budget, journal.listener = run.journal.budget, run.journal.listener
                play_shard(replace(run, journal=journal), iteration, ref, shard, arm, done)
    take_in(run.out, [folder])
    run.journal.budget = counted(budget_of(run.config), run.journal)
    # each is sorted by id
    records = (each_of_jsonl(folder / SHARDS / shard.name / EPISODES) for shard in shards)
    write_jsonl(folder / EPISODES, heapq.merge(*records, key=lambda record: str(record["id"])))
    counts = [found for shard in shards if (found := told(shard))]
    return {key: round(sum(count[key] for count in counts), 2) for key in counts[0]}


def _on_ray(
    run: Run, iteration: int, ref: ModelRef, arm: str, patients: Sequence[Patient], shards: Sequence[Shard]
) -> None:
    """Shards by Ray's workers; they share what is left of the budget. Served weights are published once, from here."""
    if not shards:
        return
    budgets: dict[Shard, Budget | None] = {}
    if run.journal.budget:
        run.journal.budget.check()
    for shard in shards:
        with shard_journal(run.folder(iteration, arm) / SHARDS / shard.name, LOST) as journal:
            budgets[shard] = run.journal.budget and run.journal.budget.share(len(shards), journal.spent())
    run.backends.release()  # the workers have engines of their own
    run.publish(ref)
    run.progress.start(f"{_title(iteration, arm)}, on Ray", len(patients))
    run.progress.advance(sum(not any(shard.holds(patient.id) for shard in shards) for patient in patients))
    work = partial(_apart, run.config, run.out.resolve(), iteration, ref, arm, budgets)
    on_ray(work, shards, run.config.cluster, lambda shard: run.progress.advance(len(_of(shard, patients))))


def _apart(
    config: Config,
    out: Path,
    iteration: int,
    ref: ModelRef,
    arm: str,
    budgets: Mapping[Shard, Budget | None],
    shard: Shard,
) -> Json:
    """A shard in a process that knows nothing else of the run; whoever starts it holds the run directory's lock."""
    with shard_journal(folder_of(out, iteration, arm) / SHARDS / shard.name, LOST) as journal:
        journal.budget = counted(budgets[shard], journal)
        # the cores are shared out already: no processes of its own for engines
        run = Run(config, out, journal, Silence(), Backends(alone=True))
        try:
            return play_shard(run, iteration, ref, shard, arm)
        finally:
            run.backends.close()


def _inputs(run: Run, ref: ModelRef, arm: str, patients: Sequence[Patient]) -> Json:
    who = digest([asdict(p) for p in patients])
    return {"model": named(ref), "patients": who, "arm": arm, "prompts": run.prompts}


def _title(iteration: int, arm: str) -> str:
    return f"play {iteration}" if arm == "main" else f"play ({arm}) {iteration}"


def _of(shard: Shard, patients: Sequence[Patient]) -> list[Patient]:
    return [patient for patient in patients if shard.holds(patient.id)]
