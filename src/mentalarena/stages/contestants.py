"""Who is ranked: iterations of this run, and guests, which are any models that a small TOML file describes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import RoleName
from mentalarena.config import ModelConfig, Section
from mentalarena.errors import ConfigError
from mentalarena.models.backends import base_of, weights_digest
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import revision_of
from mentalarena.runs.directory import ROLE_FREE
from mentalarena.settings import read_toml, validated_as
from mentalarena.stages.run import Guest, Run, digest, named
from mentalarena.stages.train import trained
from mentalarena.training.local import ADAPTER, RESULT

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Of a contestant: it stands in names of files."""
ITERATION = re.compile(r"(?:iteration-)?([0-9]{1,4})")
BASE = "base"


class ContestantConfig(ModelConfig):
    """A model from outside this run: what a role's settings hold, and trained weights on it."""

    adapter: str = ""
    """For `embedded`, `transformers`, and `openai` with `weights`: a trained adapter, such as iteration-01/adapter of another
    run. Unset: the model as it is."""


class ContestantsFile(Section):
    """Several of them in one file."""

    contestants: dict[str, ContestantConfig]


@dataclass(frozen=True)
class Contestant:
    """Who is ranked."""

    name: str
    model: str
    """What plays under that name, for records: equal texts, equal replies."""
    plays: ModelRef | Guest | None
    """None: the run's own base model of whatever role it is."""

    @property
    def key(self) -> str:
        """Its name in names of files: iteration 0 without a warm start is the base, and meets nobody a second time."""
        return self.name if self.plays else BASE

    @property
    def identity(self) -> str:
        return self.model if self.plays else BASE


FIXED = Contestant(BASE, BASE, None)
"""Who plays the other role, so that all contestants meet the same one."""


def contestants(run: Run, iterations: str | None, models: Sequence[str]) -> list[Contestant]:
    """The iterations that `iterations` names (such as `0,1` or `iteration-02`; `none`; None: all that are trained), then the
    guests of `models`: `NAME=FILE` with the keys of a role's model, or `FILE` with sections [contestants.NAME].

    Raises `ConfigError` and `DataError` that name what cannot be ranked, before anything is asked.
    """
    found = [iteration_of(run, number) for number in _numbers(run, iterations)]
    found += [guest for told in models for guest in _guests(run, told)]
    twice = [name for name, count in Counter(c.name.lower() for c in found).items() if count > 1]
    if twice:
        raise ConfigError(f"{twice[0]}: two contestants have this name; expected each once")
    return found


def iteration_of(run: Run, number: int) -> Contestant:
    """The model that plays an iteration of this run. Raises `DataError` when it has not been trained."""
    ref = trained(run, number)
    if ref.adapter:
        _check_served(run.learner, "models")
    return Contestant(f"iteration-{number:02d}", named(ref), ref if ref.adapter else None)


def check_plays(run: Run, role: RoleName, who: Sequence[Contestant]) -> None:
    """Raises `ConfigError` where a trained iteration would not play `role`, so that it would be ranked for another's work."""
    for contestant in who:
        ref = contestant.plays
        if isinstance(ref, ModelRef) and run.weights(role, ref) != ref:
            raise ConfigError(
                f"{contestant.name}: the {role} of this run does not play with the trained weights (training.trained "
                f"{run.config.training.trained!r}, models.{role}); expected a role that does"
            )


def _numbers(run: Run, told: str | None) -> list[int]:
    if told is None:
        made = (run.out / "arms" / "main").glob(f"iteration-*/{ADAPTER}/{RESULT}")
        return [0, *sorted(int(path.parts[-3].removeprefix("iteration-")) for path in made)]
    parts = [] if told == "none" else [part.strip() for part in told.split(",")]
    for part in parts:
        if not ITERATION.fullmatch(part):
            raise ConfigError(f"--iterations {told}: {part!r}; expected numbers such as 0,1 or iteration-02, or none")
    return [int(part.removeprefix("iteration-")) for part in parts]


def _guests(run: Run, told: str) -> list[Contestant]:
    name, equals, file = told.partition("=")
    if equals and NAME.fullmatch(name):
        if "contestants" in read_toml(Path(file)):
            raise ConfigError(f"--model {told}: the file names its contestants itself; expected --model {file}")
        return [_guest(run, name, validated_as(ContestantConfig, read_toml(Path(file)), file), file)]
    tree = read_toml(Path(told))
    if "contestants" not in tree:
        raise ConfigError(f"{told}: no section [contestants.NAME]; expected one, or --model NAME={told}")
    several = validated_as(ContestantsFile, tree, told).contestants
    return [_guest(run, name, settings, f"{told}: contestants.{name}") for name, settings in several.items()]


def _check_served(settings: ModelConfig, where: str) -> None:
    """Raises `ConfigError` where trained weights would take the place of the base at its server."""
    if settings.provider == "openai" and settings.publish == "command" and "{name}" not in settings.publish_command:
        raise ConfigError(
            f"{where}.publish: 'command' without {{name}} serves one model at a time, and here several are asked; expected "
            "'merged', 'vllm' or a command with {name}"
        )


def _guest(run: Run, name: str, settings: ContestantConfig, where: str) -> Contestant:
    """Its replies are kept under a name that changes with whatever decides them, and with the contestant's own name: two servers
    may call different models alike."""
    if not NAME.fullmatch(name) or name.lower() == BASE or ITERATION.fullmatch(name.lower()):
        raise ConfigError(
            f"{where}: {name!r} is no name for a contestant; expected letters, digits, . _ - (and no iteration's)"
        )
    base = base_of(settings)
    if not base.base and settings.provider != "scripted":
        raise ConfigError(f"{where}: provider {settings.provider!r} has no model; expected `model`")
    if settings.adapter and (settings.provider == "scripted" or (settings.provider == "openai" and not settings.weights)):
        raise ConfigError(f"{where}: adapter: nothing to put it on; expected 'embedded', 'transformers', or `weights`")
    if settings.adapter:
        _check_served(settings, where)
    limits, prices = run.config.budget, run.config.prices
    if limits.cost and settings.provider == "openai" and settings.model not in prices:
        raise ConfigError(
            f"{where}: budget.cost: no price of {settings.model!r}; "
            f'expected prices."{settings.model}" with prompt and new in the settings of the run'
        )
    ref = ModelRef(base.base, Path(settings.adapter) if settings.adapter else None)
    decides = {key: value for key, value in settings.model_dump(mode="json").items() if key not in (*ROLE_FREE, "adapter")}
    local = settings.provider in ("embedded", "transformers")
    told = [
        decides,
        weights_digest(base) if local else "",
        revision_of(ref.adapter) if ref.adapter else "",
        load_prompts(settings.prompt_set).texts,
    ]
    called = f"{name}:{settings.model or settings.provider}#{digest(told)[:12]}"
    return Contestant(name, called, Guest(settings, ref, called))
