"""Rehearse: verdicts of more patients, by the model before any training, into `rehearsal.jsonl`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from mentalarena.arena.roles import ROLES
from mentalarena.arena.types import Episode, Lineage, Problem
from mentalarena.clinic.clinics import Clinic
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.config import Config
from mentalarena.models.base import ModelRef
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import cast_at, settled, write_episodes
from mentalarena.stages.run import Json, Run, digest, named, recorded
from mentalarena.training.rehearsal import rehearse as ask

REHEARSAL = "rehearsal.jsonl"


def rehearse(run: Run, base: ModelRef) -> Json:
    """`training.rehearsal` patients are asked, once for all iterations; returns {episodes, calls}."""
    if not run.config.training.rehearsal or run.config.training.trained == "therapist":
        return {"episodes": 0, "calls": 0}
    folder, patients = run.folder(0), others(run.clinic, run.config)
    inputs = {"model": named(base), "patients": digest([asdict(p) for p in patients]), "prompts": run.prompts}

    def work() -> Json:
        run.progress.start("rehearse", len(patients))
        players, seed, arena = run.players(base), run.config.seed, run.arena()
        models: dict[str, str] = {name: players[name].model.name for name in ROLES}
        paid = run.journal.paid

        async def one(item: tuple[int, Patient]) -> tuple[Episode, Sequence[Problem]]:
            number, patient = item
            lineage = Lineage(0, seed, patient.source, patient.licence, models)
            episode_id = f"rehearsal-{number:05d}-{patient.id}"
            cast = cast_at(Place(0, "rehearse", f"{number}-{patient.id}"), players, run.journal, seed)
            told = await ask(patient, arena, cast, episode_id, seed, lineage)
            return told, told.problems

        found = run.backends.run(
            settled(
                list(enumerate(patients)), one, run.config.play.concurrency, "rehearsals", lambda _: run.progress.advance()
            )
        )
        write_episodes(folder / REHEARSAL, found)
        return {"episodes": len(found), "calls": run.journal.paid - paid}

    return recorded(folder / "rehearsal.json", inputs, work, folder / REHEARSAL)


def others(clinic: Clinic, config: Config) -> list[Patient]:
    """Who is asked: patients whom nobody has met yet, as far as the clinic has so many; then the same again."""
    count = config.training.rehearsal
    own = clinic.patients(count, config.seed * 1000 + 500)
    return [own[number % len(own)] for number in range(count)]
