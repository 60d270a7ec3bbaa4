"""Rehearse: some more verdicts of the patients of an iteration, by the model before any training, into `rehearsal.jsonl`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mentalarena.arena.roles import ROLES
from mentalarena.arena.types import Episode, Lineage, Problem
from mentalarena.clinic.generated import generated_clinic
from mentalarena.models.base import ModelRef
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import cast_at, settled, write_episodes
from mentalarena.stages.run import Json, Run, digest_of, named, recorded
from mentalarena.training.rehearsal import rehearse as once_more
from mentalarena.training.rows import read_episodes

REHEARSAL = "rehearsal.jsonl"


def rehearse(run: Run, iteration: int, base: ModelRef) -> Json:
    """`training.rehearsal` rounds of questions to the patient of each episode; returns {episodes, calls}."""
    folder, rounds = run.folder(iteration), run.config.training.rehearsal
    episodes = read_episodes(folder / "episodes.jsonl")
    inputs = {
        "model": named(base),
        "episodes": digest_of(folder / "episodes.jsonl"),
        "rounds": rounds,
        "prompts": run.prompts,
    }

    def work() -> Json:
        run.progress.start(f"rehearse {iteration}", rounds * len(episodes))
        players, seed = run.players(base), run.config.seed
        models: dict[str, str] = {name: players[name].model.name for name in ROLES}
        paid = run.journal.paid

        async def one(item: tuple[Episode, int]) -> tuple[Episode, Sequence[Problem]]:
            episode, number = item
            origin = episode.lineage
            lineage = Lineage(iteration, seed, origin.patient_source, origin.patient_licence, models) if origin else None
            place = Place(iteration, "rehearse", f"{episode.patient_id}-{number}")
            cast = cast_at(place, players, run.journal, seed)
            told = await once_more(episode, number, generated_clinic().vocabulary, cast, seed, lineage)
            run.progress.advance()
            return told, told.problems

        asked = [(episode, number) for episode in episodes for number in range(rounds)]
        found = asyncio.run(settled(asked, one, run.config.play.concurrency, "rehearsals"))
        write_episodes(folder / REHEARSAL, found)
        return {"episodes": len(found), "calls": run.journal.paid - paid}

    return recorded(folder / "rehearsal.json", inputs, work, folder / REHEARSAL)
