"""An open run directory: settings, journal, models, and who hears of progress. Every stage works on one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mentalarena.arena.decoder import calibrate
from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import ROLES
from mentalarena.arena.types import ArenaSettings, RoleName
from mentalarena.clinic.clinics import Clinic, open_clinic
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.principles import read_principles
from mentalarena.config import Config, ModelConfig
from mentalarena.errors import ConfigError, DataError, RunError, TooManyFailures
from mentalarena.models.backends import Backends, base_of, embedder_of, weights_digest
from mentalarena.models.base import ModelRef, Sampling
from mentalarena.models.publish import revision_of
from mentalarena.runs.budget import Budget, Price
from mentalarena.runs.directory import SETTINGS, open_run, read_json, write_whole
from mentalarena.runs.journal import Journal
from mentalarena.runs.progress import Progress, Silence
from mentalarena.runs.runner import Player

Arm = str
"""`main`, or what is different: `unselected` (no verdicts), `shuffled-labels`, `coin-flips-50` (percent of the verdicts)."""
COIN_FLIPS = "coin-flips-"
Json = dict[str, Any]


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
        return digest([load_prompts(getattr(self.config.models, name).prompt_set).texts for name in ROLES])

    @cached_property
    def clinic(self) -> Clinic:
        """Who comes."""
        return open_clinic(self.config.clinic.source)

    def patients(self, iteration: int) -> list[Patient]:
        """Who comes to an iteration's play."""
        return coming(self.clinic, self.config, iteration)

    def folder(self, iteration: int, arm: str = "main") -> Path:
        return self.out / "arms" / arm / f"iteration-{iteration:02d}"

    def players(self, ref: ModelRef, roles: Sequence[RoleName] = ROLES) -> dict[RoleName, Player]:
        """Who plays: `ref` in each of `roles` that shares the trained model (`training.trained`), its own base model in every
        other place."""
        players: dict[RoleName, Player] = {}
        trained = self.config.training.trained
        roles = [role for role in roles if trained in ("shared", role)]
        for name in ROLES:
            settings = getattr(self.config.models, name)
            own = base_of(settings)
            model = self.backends.model(settings, ref if name in roles and own.base == ref.base else own)
            sampling = Sampling(settings.temperature, settings.top_p, settings.reply_tokens)
            players[name] = Player(model, load_prompts(settings.prompt_set), sampling, settings.verdict_temperature)
        return players

    def arena(self, arm: Arm = "main") -> Arena:
        """The arena of an arm: the clinic's manners and names, and thresholds that its strangers set."""
        clinic, embedder, own = self.clinic, embedder_of(self.config.play.embedder), self.config.clinic.principles
        groups = read_principles(own) if own else clinic.groups
        thresholds = calibrate(clinic.strangers(), groups, embedder, self.config.play.threshold_quantile)
        verdicts: Literal["patient", "none"] = "none" if arm == "unselected" else "patient"
        coin_flips = int(arm.removeprefix(COIN_FLIPS)) / 100 if arm.startswith(COIN_FLIPS) else 0.0
        settings = ArenaSettings(**self.config.arena.model_dump(), verdicts=verdicts, coin_flips=coin_flips)
        return Arena(groups, clinic.vocabulary, embedder, thresholds, settings)


WEIGHTS = "weights"
"""Beside the settings in config.json: a run is never continued with other weights under the same name."""


@contextmanager
def opened(config: Config, out: Path, progress: Progress | None = None) -> Iterator[Run]:
    """A run directory under its lock. Raises `RunError` and `ConfigError` as `runs.directory.open_run` does."""
    local = [s for name in ROLES if (s := getattr(config.models, name)).provider in ("embedded", "transformers")]
    weights = {ref.base: weights_digest(ref) for settings in local if (ref := base_of(settings)).base}
    fresh = not (out / SETTINGS).exists()
    with open_run(out, config.model_dump(mode="json") | {WEIGHTS: weights}):
        journal = Journal(out / "journal.sqlite")
        journal.budget = budget_of(config, journal)
        run = Run(config, out, journal, progress or Silence())
        try:
            yield run
        except (ConfigError, DataError, TooManyFailures):
            if fresh and journal.empty:  # settings that were refused do not bind the directory
                (out / SETTINGS).unlink()
            raise
        finally:
            run.backends.close()
            journal.close()


def budget_of(config: Config, journal: Journal) -> Budget | None:
    """The budget with what the journal says was spent before; None without limits. Raises `ConfigError`."""
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
    budget = Budget(limits.calls, limits.tokens, limits.cost, prices)
    for model, usage in journal.spent():
        budget.spend(model, usage, usage.calls)
    return budget


def coming(clinic: Clinic, config: Config, iteration: int = 0) -> list[Patient]:
    """Who comes to an iteration's play."""
    batch = iteration if config.play.fresh else 0
    return clinic.patients(config.play.patients, config.seed * 1000 + batch)


def named(ref: ModelRef) -> str:
    """The name of weights in records: the base, and what is in the adapter."""
    if ref.adapter is None:
        return ref.base
    return f"{ref.base}@{revision_of(ref.adapter)}"


def digest_of(path: Path) -> str:
    """What is in a file that the stage before has left. Raises `DataError`."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected the output of the stage before") from None


def digest(told: Any) -> str:
    """What is in a JSON value."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def recorded(path: Path, inputs: Mapping[str, Any], work: Callable[[], Json], made: Path | None = None) -> Json:
    """The output of a stage, from its record while the inputs are the same and the file that it `made` is there, or else
    from `work`."""
    given = digest(inputs)
    if path.exists() and (made is None or made.exists()):
        record = read_json(path, "the record of a stage; delete it to do the stage again")
        if record.get("inputs") == given and isinstance(record.get("output"), dict):
            return dict(record["output"])
    output = work()
    write_whole(path, json.dumps({"inputs": given, "output": output}, indent=1) + "\n")
    return output


def link(out: Path, iteration: int) -> None:
    """The main arm's iterations stand at the top of the run directory too. Raises `RunError` where something else does."""
    path = out / f"iteration-{iteration:02d}"
    if path.is_symlink():
        return
    if path.exists():
        raise RunError(f"{path}: something else has that name; expected to make a link there, move it away")
    path.symlink_to(Path("arms") / "main" / path.name)
