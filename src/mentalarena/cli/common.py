"""What the commands share: options, and opening a run directory."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentalarena.errors import ConfigError

if TYPE_CHECKING:
    from mentalarena.config import Config
    from mentalarena.runs.shards import Shard
    from mentalarena.stages.run import Run

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file; without it the built-in defaults.")]
Assignments = Annotated[list[str] | None, typer.Option("--set", help="One setting, such as play.patients=20; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
Out = Annotated[Path, typer.Option(help="Run directory; giving it again resumes.")]
Made = Annotated[Path, typer.Option(help="Run directory of an earlier command.")]
OnRay = Annotated[
    str | None, typer.Option("--ray", help="Play in shards on Ray: local, or the address of a cluster (cluster.ray).")
]
Iteration = Annotated[int, typer.Option(min=0, help="Which iteration.")]


@contextmanager
def opened_run(config: Config, out: Path, quiet: bool, shard: Shard | None = None) -> Iterator[Run]:
    """A run directory, or with `shard` that part of its play."""
    from mentalarena.report.terminal import bars
    from mentalarena.stages.run import opened, opened_shard

    try:
        with (
            bars(quiet) as progress,
            opened_shard(config, out, shard, progress) if shard else opened(config, out, progress) as found,
        ):
            yield found
    except KeyboardInterrupt:
        typer.echo("mentalarena: stopped; every reply is kept, the same command goes on", err=True)
        raise


def who_comes(patients: str | None, count: int | None) -> list[str]:
    """The settings behind `--patients` (a number, or who) and `--count`. Raises `ConfigError`."""
    if patients is None or not re.fullmatch(r"-?[0-9]{1,9}", patients):
        who = [f"clinic.source={json.dumps(patients)}"] if patients is not None else []
        return [*who, *([f"play.patients={count}"] if count else [])]
    if int(patients) < 1 or count:
        raise ConfigError(f"--patients {patients}: expected a number from 1 on, without --count; or library, or a file")
    return [f"play.patients={patients}"]


def on_ray(address: str | None) -> list[str]:
    """The setting behind `--ray`."""
    return [] if address is None else [f"cluster.ray={json.dumps(address)}"]


def say_what_plays(settings: Config) -> None:
    """What a user should know before patients that are not the embedded model's own are played."""
    from mentalarena.clinic.clinics import open_clinic

    source = settings.clinic.source
    if source == "generated":
        return
    if settings.models.patient.provider == "embedded":
        say_gibberish(source)
    count = len(open_clinic(source).patients(sys.maxsize, 0))
    if count > settings.play.patients:
        typer.echo(f"mentalarena: {source}: {settings.play.patients} of {count} patients come (play.patients)", err=True)
    elif count < settings.play.patients and source == "library":
        typer.echo(f"mentalarena: {source}: all {count} patients of the play split come", err=True)


def say_gibberish(source: str) -> None:
    """What comes of the embedded model in another clinic than its own."""
    typer.echo(
        f"mentalarena: {source}: the embedded model knows the generated clinic alone and plays these patients as "
        "gibberish; set models.all to a real model",
        err=True,
    )


def config_of(out: Path) -> Config:
    """The settings that a run directory began with. Raises `DataError` where there are none."""
    from mentalarena.stages.run import config_in

    return config_in(out)


def model_of(opened: Run, iteration: int) -> Any:
    """The model that plays an iteration. Raises `DataError` when it has not been trained."""
    from mentalarena.stages.train import trained

    return trained(opened, iteration)


def settings_for(out: Path, config: Path | None, assignments: list[str] | None) -> Config:
    """The settings of a command that begins a run directory or works on one that is there: those that are given, or else the
    directory's own."""
    from mentalarena.runs.directory import SETTINGS
    from mentalarena.settings import load_config

    if config is None and not assignments and (out / SETTINGS).exists():
        return config_of(out)
    return load_config(config, assignments or ())
