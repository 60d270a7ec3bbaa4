"""The stages of the loop as calls: what a command of the command line does, for Python users too."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from mentalarena.arena.decoder import calibrate
from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import ROLES
from mentalarena.arena.types import ArenaSettings, Episode
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.files import read_patients
from mentalarena.clinic.generated import generated_clinic
from mentalarena.config import Config, ModelConfig
from mentalarena.errors import ConfigError
from mentalarena.models.base import ChatModel, Sampling
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.scripted import ScriptedModel, toy_player
from mentalarena.runs.directory import open_run, write_whole
from mentalarena.runs.journal import Journal
from mentalarena.runs.runner import Play, Player, play_all, write_episodes


def patients_of(config: Config) -> list[Patient]:
    """The patients who come: from the configured file, or drawn from the generated clinic's play split."""
    if config.play.file:
        return read_patients(config.play.file)[: config.play.patients]
    return [patient for patient, _ in generated_clinic().draw("play", config.play.patients, config.seed)]


def play(config: Config, out: Path, done: Callable[[Episode], None] = lambda episode: None) -> dict[str, object]:
    """Play the configured patients into `out`; the same call resumes. Returns the summary that is in `out/summary.json`.

    `done` is called with each episode as it ends. Raises any `MentalArenaError`.
    """
    patients = patients_of(config)
    with open_run(out, config.model_dump(mode="json")):
        journal = Journal(out / "journal.sqlite")
        started = time.monotonic()
        try:
            episodes = asyncio.run(play_all(patients, _stage(config, patients), journal, done))
        finally:
            journal.close()
        write_episodes(out / "iteration-00" / "episodes.jsonl", episodes)
        seconds = round(time.monotonic() - started, 2)
        summary: dict[str, object] = {"iterations": [{"iteration": 0, "play": _counts(episodes, journal, seconds)}]}
        write_whole(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary


def _stage(config: Config, patients: list[Patient]) -> Play:
    clinic, embedder = generated_clinic(), LexicalEmbedder()
    thresholds = calibrate(patients, clinic.groups, embedder, config.play.threshold_quantile)
    settings = ArenaSettings(**config.arena.model_dump())
    engines: dict[tuple[str, str], ChatModel] = {}
    players = {name: _player(getattr(config.models, name), engines) for name in ROLES}
    arena = Arena(clinic.groups, clinic.vocabulary, embedder, thresholds, settings)
    return Play(arena, players, config.seed, concurrency=config.play.concurrency)


def _player(config: ModelConfig, engines: dict[tuple[str, str], ChatModel]) -> Player:
    """What plays a role; roles with the same checkpoint share its engine, so they share its batches."""
    key = (config.model, config.device) if config.provider == "transformers" else ("", "")
    if key not in engines:
        engines[key] = _model(config)
    sampling = Sampling(config.temperature, config.top_p, config.max_tokens)
    return Player(engines[key], load_prompts(config.prompts), sampling)


def _model(config: ModelConfig) -> ChatModel:
    if config.provider == "scripted":
        return ScriptedModel(toy_player, keep=False)
    if not config.model:
        raise ConfigError("models: provider 'transformers' has no model; expected a checkpoint folder or hub name")
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise ConfigError("models: provider 'transformers' needs the extra: pip install 'mentalarena[local]'")
    from mentalarena.models.local import Engine, LocalModel

    return LocalModel(Engine(config.model, config.device))


def _counts(episodes: list[Episode], journal: Journal, seconds: float) -> dict[str, object]:
    return {
        "episodes": len(episodes),
        "problems": sum(len(e.problems) for e in episodes),
        "diagnosed": sum(e.diagnosis is not None and e.diagnosis.chosen is not None for e in episodes),
        "calls": journal.paid,
        "replayed": journal.replayed,
        "prompt_tokens": sum(e.usage.prompt_tokens for e in episodes),
        "new_tokens": sum(e.usage.new_tokens for e in episodes),
        "seconds": seconds,
    }
