"""An open run directory: settings, journal, models, and who hears of progress. Every stage works on one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mentalarena.arena.decoder import calibrate
from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import ROLES
from mentalarena.arena.types import ArenaSettings, RoleName
from mentalarena.clinic.clinics import Clinic, FileClinic, open_clinic
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.clinic.library import library_references
from mentalarena.clinic.principles import read_principles
from mentalarena.clinic.references import Reference
from mentalarena.config import Config, ModelConfig
from mentalarena.errors import ConfigError, DataError, RunError, TooManyFailures
from mentalarena.models.alias import known_as
from mentalarena.models.backends import Backends, base_of, embedder_of, weights_digest
from mentalarena.models.base import ModelRef, Sampling
from mentalarena.models.publish import revision_of
from mentalarena.runs.budget import Budget, Price
from mentalarena.runs.directory import SETTINGS, digest_of_file, open_run, read_json, settling, write_whole
from mentalarena.runs.journal import Journal, Place
from mentalarena.runs.progress import Kept, Progress, Silence
from mentalarena.runs.runner import Player
from mentalarena.runs.shards import JOURNAL, Shard, answered, claim, forget, shard_journal, take_in
from mentalarena.settings import validated
from mentalarena.stages.arms import arm_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Guest:
    """A model that is none of this run's."""

    settings: ModelConfig
    ref: ModelRef
    name: str
    """What its replies are kept under: another name wherever it could answer otherwise."""


@dataclass
class Run:
    """An open run directory: settings, journal, models, and who hears of progress."""

    config: Config
    out: Path
    journal: Journal
    progress: Progress
    backends: Backends = field(default_factory=Backends)

    @property
    def learner(self) -> ModelConfig:
        """The settings of the model that is trained: the therapist's, unless the patient alone learns."""
        models = self.config.models
        return models.patient if self.config.training.trained == "patient" else models.therapist

    @property
    def base(self) -> ModelRef:
        """The untrained weights of the model that is trained."""
        return base_of(self.learner)

    @property
    def prompts(self) -> str:
        """A digest of all prompts that are in use: other words, other results."""
        return prompts_of(self.config)

    @cached_property
    def clinic(self) -> Clinic:
        """Who comes."""
        return open_clinic(self.config.clinic.source)

    def patients(self, iteration: int) -> list[Patient]:
        """Who comes to an iteration's play."""
        return coming(self.clinic, self.config, iteration)

    def folder(self, iteration: int, arm: str = "main") -> Path:
        return folder_of(self.out, iteration, arm)

    def players(self, ref: ModelRef, roles: Sequence[RoleName] = ROLES) -> dict[RoleName, Player]:
        """Who plays: `ref` in each of `roles` that shares the trained model (`training.trained`), its own base model in every
        other place."""
        return self.players_of(dict.fromkeys(roles, ref))

    def players_of(self, playing: Mapping[RoleName, ModelRef | Guest]) -> dict[RoleName, Player]:
        """Who plays, role by role: weights of this run (where the role shares the trained model) or a guest; in a role that
        `playing` leaves out its own base model."""
        players: dict[RoleName, Player] = {}
        for name in ROLES:
            who, settings = playing.get(name), getattr(self.config.models, name)
            if isinstance(who, Guest):
                settings = who.settings
                model = known_as(who.name, self.backends.model(settings, who.ref))
            else:
                model = self.backends.model(settings, self.weights(name, who) if who else base_of(settings))
            sampling = Sampling(settings.temperature, settings.top_p, settings.reply_tokens)
            players[name] = Player(model, load_prompts(settings.prompt_set), sampling, settings.verdict_temperature)
        return players

    def publish(self, ref: ModelRef) -> None:
        """Make the servers of all roles answer with `ref` where they play it, for other processes that will ask them. Raises
        `ConfigError` where those would make them do so again."""
        for name in ROLES:
            settings = getattr(self.config.models, name)
            if settings.provider == "openai":
                if settings.publish == "command" and settings.weights:
                    raise ConfigError(
                        f"models.{name}.publish: 'command' would be run by each worker; with cluster.ray expected 'merged' or "
                        "'vllm'"
                    )
                self.backends.model(settings, self.weights(name, ref))

    def weights(self, name: RoleName, ref: ModelRef) -> ModelRef:
        """What a role plays with when `ref` is the trained model."""
        own = base_of(getattr(self.config.models, name))
        return ref if self.config.training.trained in ("shared", name) and own.base == ref.base else own

    def arena(self, arm: str = "main") -> Arena:
        """The arena of an arm (stages/arms.py): the clinic's manners and names, and thresholds that its strangers set."""
        clinic, embedder, own = self.clinic, embedder_of(self.config.play.embedder), self.config.clinic.principles
        groups = read_principles(own) if own else clinic.groups
        thresholds = calibrate(clinic.strangers(), groups, embedder, self.config.play.threshold_quantile)
        settings = ArenaSettings(**self.config.arena.model_dump() | dict(arm_of(arm).settings))
        return Arena(groups, clinic.vocabulary, embedder, thresholds, settings)


WEIGHTS = "weights"
"""Beside the settings in config.json: a run is never continued with other weights under the same name."""


@contextmanager
def opened(config: Config, out: Path, progress: Progress | None = None) -> Iterator[Run]:
    """A run directory under its lock. Raises `RunError` and `ConfigError` as `runs.directory.open_run` does."""
    fresh = not (out / SETTINGS).exists()
    with open_run(out, settings_of(config)):
        journal = Journal(out / JOURNAL)
        take_in(out)
        journal.budget = counted(budget_of(config), journal)
        try:
            with Kept(out, progress or Silence()) as kept:
                run = Run(config, out, journal, kept)
                try:
                    yield run
                finally:
                    run.backends.close()
        except (ConfigError, DataError, TooManyFailures):
            if fresh and not answered(out):  # settings that were refused do not bind the directory
                (out / SETTINGS).unlink()
            raise
        finally:
            journal.close()


@contextmanager
def opened_shard(
    config: Config, out: Path, shard: Shard, progress: Progress | None = None, iteration: int = 0
) -> Iterator[Run]:
    """A run directory to play one shard of an iteration in, beside other processes that do the same with others; its journal is
    the shard's. Raises as `opened` does, and `RunError` when another process plays this shard."""
    refused = False
    try:
        with open_run(out, settings_of(config), shared=True):
            with settling(out):
                folder = claim(out, folder_of(out, iteration), Place(iteration, "play", ""), shard)
            budget = budget_of(config)
            with shard_journal(folder) as journal:
                journal.budget = counted(budget and budget.share(shard.of), journal)
                run = Run(config, out, journal, progress or Silence())
                try:
                    yield run
                except (ConfigError, DataError, TooManyFailures):
                    refused = True
                    raise
                finally:
                    run.backends.close()
    finally:
        if refused:
            forget(out)


def folder_of(out: Path, iteration: int, arm: str = "main") -> Path:
    """Where an iteration of an arm lies in a run directory."""
    return out / "arms" / arm / f"iteration-{iteration:02d}"


def config_in(out: Path) -> Config:
    """The settings that a run directory began with. Raises `DataError` where there are none."""
    path = out / SETTINGS
    tree = read_json(path, "the settings of a run directory of `mentalarena play` or `run`")
    return validated({key: value for key, value in tree.items() if key != WEIGHTS}, str(path))


def settings_of(config: Config) -> Json:
    """What config.json holds: the settings, and what is in local weights."""
    local = [s for name in ROLES if (s := getattr(config.models, name)).provider in ("embedded", "transformers")]
    weights = {ref.base: weights_digest(ref) for settings in local if (ref := base_of(settings)).base}
    return config.model_dump(mode="json") | {WEIGHTS: weights}


def budget_of(config: Config) -> Budget | None:
    """The limits, with nothing spent; None without limits. Raises `ConfigError`."""
    limits = config.budget
    if not (limits.calls or limits.tokens or limits.cost):
        return None
    prices = {name: Price(price.prompt, price.new) for name, price in config.prices.items()}
    if limits.cost and (
        unpriced := [
            m.model for role in ROLES if (m := getattr(config.models, role)).provider == "openai" and m.model not in prices
        ]
    ):
        raise ConfigError(f'budget.cost: no price of {unpriced[0]!r}; expected prices."{unpriced[0]}" with prompt and new')
    return Budget(limits.calls, limits.tokens, limits.cost, prices)


def counted(budget: Budget | None, journal: Journal) -> Budget | None:
    """The budget with what the journal says was spent before."""
    if budget:
        for model, usage in journal.spent():
            budget.spend(model, usage, usage.calls)
    return budget


def coming(clinic: Clinic, config: Config, iteration: int = 0) -> list[Patient]:
    """Who comes to an iteration's play."""
    batch = iteration if config.play.fresh else 0
    return clinic.patients(config.play.patients, config.seed * 1000 + batch)


def truths(clinic: Clinic, config: Config, iteration: int) -> Mapping[str, Reference]:
    """What is true of the patients who came to an iteration's play, where somebody knows: for judges and audits alone."""
    if isinstance(clinic, GeneratedClinic):
        batch = iteration if config.play.fresh else 0
        drawn = clinic.draw("play", config.play.patients, config.seed * 1000 + batch)
        return {patient.id: truth for patient, truth in drawn}
    known = {} if isinstance(clinic, FileClinic) else library_references()  # of a file's patients nobody knows
    met = coming(clinic, config, iteration)
    return {patient.id: known[patient.person].reference for patient in met if patient.person in known}


def prompts_of(config: Config) -> str:
    """A digest of all prompts that are in use. Raises `ConfigError` for a set that is not there."""
    return digest([load_prompts(getattr(config.models, name).prompt_set).texts for name in ROLES])


def named(ref: ModelRef) -> str:
    """The name of weights in records: the base, and what is in the adapter."""
    if ref.adapter is None:
        return ref.base
    return f"{ref.base}@{revision_of(ref.adapter)}"


def digest_of(path: Path) -> str:
    """What is in a file that the stage before has left. Raises `DataError`."""
    return digest_of_file(path, "the output of the stage before")


def digest(told: Any) -> str:
    """What is in a JSON value."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def recorded(path: Path, inputs: Mapping[str, Any], work: Callable[[], Json], made: Path | None = None) -> Json:
    """The output of a stage, from its record while the inputs are the same and the file that it `made` is there, or else
    from `work`."""
    if (found := on_record(path, inputs, made)) is not None:
        return found
    output = work()
    write_whole(path, json.dumps({"inputs": digest(inputs), "output": output}, indent=1) + "\n")
    return output


def on_record(path: Path, inputs: Mapping[str, Any], made: Path | None = None) -> Json | None:
    """The output of a stage from its record; None when it must be done (again)."""
    if path.exists() and (made is None or made.exists()):
        record = read_json(path, "the record of a stage; delete it to do the stage again")
        if record.get("inputs") == digest(inputs) and isinstance(record.get("output"), dict):
            return dict(record["output"])
    return None


def link(out: Path, iteration: int) -> None:
    """The main arm's iterations stand at the top of the run directory too. Raises `RunError` where something else does."""
    path = out / f"iteration-{iteration:02d}"
    if path.is_symlink():
        return
    if path.exists():
        raise RunError(f"{path}: something else has that name; expected to make a link there, move it away")
    path.symlink_to(Path("arms") / "main" / path.name)
