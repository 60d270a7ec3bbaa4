"""The command line: one command a stage, thin. Errors are one line and exit code 2."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mentalarena.errors import DataError, MentalArenaError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A simulated patient and a therapist model that learn from playing together. Research software, never care.",
)
patients_app = typer.Typer(no_args_is_help=True, help="The patients: list, show, check.")
app.add_typer(patients_app, name="patients")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file; without it the built-in defaults.")]
Assignments = Annotated[list[str] | None, typer.Option("--set", help="One setting, such as play.patients=20; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def play(
    out: Annotated[Path, typer.Option(help="Run directory; giving it again resumes.")],
    config: ConfigFile = None,
    set_: Assignments = None,
    patients: Annotated[int | None, typer.Option(min=1, help="How many patients (play.patients).")] = None,
    show: Annotated[bool, typer.Option(help="Print each episode to read.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress bar.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play one episode with each patient into a run directory."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    from mentalarena import stages
    from mentalarena.arena.types import Episode
    from mentalarena.config import load_config
    from mentalarena.report.text import describe

    settings = load_config(config, [*(set_ or ()), *([f"play.patients={patients}"] if patients else [])])
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet or as_json or show) as progress:
        bar = progress.add_task("episodes", total=settings.play.patients)

        def done(episode: Episode) -> None:
            progress.advance(bar)
            if show:
                typer.echo(describe(asdict(episode)) + "\n")

        summary = stages.play(settings, out, done)
    counts: Any = summary["iterations"]
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(", ".join(f"{key} {value}" for key, value in counts[0]["play"].items()))
        typer.echo(f"episodes in {out / 'iteration-00' / 'episodes.jsonl'}")


@app.command()
def show(
    episode: Annotated[str, typer.Argument(help="Episode id, or the beginning of one.")],
    out: Annotated[Path, typer.Option(help="Run directory.")],
    as_json: AsJson = False,
) -> None:
    """Print one episode to read."""
    from mentalarena.report.text import describe
    from mentalarena.runs.directory import read_jsonl

    files = sorted(out.glob("iteration-*/episodes.jsonl"))
    found = [r for file in files for r in read_jsonl(file) if str(r.get("id", "")).startswith(episode)]
    if not found:
        raise DataError(f"{out}: no episode begins with {episode!r}; expected an id from its episodes.jsonl")
    typer.echo(json.dumps(found[0], ensure_ascii=False) if as_json else describe(found[0]))


@patients_app.command("list")
def list_patients(config: ConfigFile = None, set_: Assignments = None, as_json: AsJson = False) -> None:
    """Ids of the patients that `play` would take, with how they cope."""
    from mentalarena import stages
    from mentalarena.config import load_config

    patients = stages.patients_of(load_config(config, set_ or ()))
    if as_json:
        typer.echo(json.dumps([p.id for p in patients]))
        return
    for patient in patients:
        typer.echo(f"{patient.id}  {patient.cognitive_model.coping_strategies}")


@patients_app.command("show")
def show_patient(patient_id: str, config: ConfigFile = None, set_: Assignments = None, as_json: AsJson = False) -> None:
    """One patient's cognitive model."""
    from mentalarena import stages
    from mentalarena.clinic.files import patient_record
    from mentalarena.config import load_config

    found = [p for p in stages.patients_of(load_config(config, set_ or ())) if p.id == patient_id]
    if not found:
        raise DataError(f"no patient {patient_id!r}; expected an id from `mentalarena patients list`")
    typer.echo(json.dumps(patient_record(found[0])) if as_json else found[0].cognitive_model.profile())


@patients_app.command("check")
def check_patients(file: Path, as_json: AsJson = False) -> None:
    """Read a JSON or JSONL file of patients and say whether it is sound."""
    from mentalarena.clinic.files import read_patients

    patients = read_patients(file)
    typer.echo(json.dumps({"patients": len(patients)}) if as_json else f"{file}: {len(patients)} patients, all sound")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What works on this machine."""
    from importlib.util import find_spec

    extras = {"local": ("torch", "transformers"), "train": ("trl", "peft", "datasets"), "eval": ("scipy", "statsmodels")}
    report = {"python": sys.version.split()[0]}
    for extra, modules in extras.items():
        missing = [m for m in modules if find_spec(m) is None]
        report[extra] = "ready" if not missing else f"not installed ({', '.join(missing)})"
    typer.echo(json.dumps(report) if as_json else "\n".join(f"{k:8} {v}" for k, v in report.items()))


def main() -> None:
    """Entry point: known errors become one line and exit code 2; Ctrl-C leaves a run that can go on."""
    try:
        app()
    except MentalArenaError as error:
        typer.echo(f"mentalarena: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("mentalarena: stopped; every reply is kept, the same command goes on", err=True)
        sys.exit(130)
