"""The command line: one command a stage, thin. Errors are one line and exit code 2."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from mentalarena.errors import DataError, MentalArenaError
from mentalarena.report.text import printable

if TYPE_CHECKING:
    from mentalarena.arena.types import Episode
    from mentalarena.config import Config
    from mentalarena.stages.run import Run

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
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
Out = Annotated[Path, typer.Option(help="Run directory; giving it again resumes.")]
Made = Annotated[Path, typer.Option(help="Run directory of an earlier command.")]
Iteration = Annotated[int, typer.Option(min=0, help="Which iteration.")]


@app.command()
def run(
    out: Out,
    config: ConfigFile = None,
    set_: Assignments = None,
    control: Annotated[
        str | None, typer.Option(help="Control arm (loop.control): unselected, shuffled-labels or none.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """The whole loop: play, collect, train, evaluate, again; then the held-out comparison and the report."""
    from mentalarena.config import load_config
    from mentalarena.loop import run_loop
    from mentalarena.report.html import write_report
    from mentalarena.report.terminal import result_table

    settings = load_config(config, [*(set_ or ()), *([f"loop.control={control}"] if control else [])])
    _say_what_plays(settings)
    with _opened(settings, out, quiet or as_json) as opened:
        summary = run_loop(opened)
    report = write_report(out)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(result_table(summary))
        typer.echo(f"report: {report}")


@app.command()
def play(
    out: Out,
    config: ConfigFile = None,
    set_: Assignments = None,
    patients: Annotated[int | None, typer.Option(min=1, help="How many patients (play.patients).")] = None,
    show: Annotated[bool, typer.Option(help="Print the dialogue as it is spoken, then the whole episode.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Play one episode with each patient into a run directory."""
    from dataclasses import asdict

    from mentalarena.arena.prompts import load_prompts
    from mentalarena.config import load_config
    from mentalarena.report.text import describe, spoken_line
    from mentalarena.stages.play import play as play_stage
    from mentalarena.stages.play import write_play_summary
    from mentalarena.stages.train import warm_started

    settings = load_config(config, [*(set_ or ()), *([f"play.patients={patients}"] if patients else [])])
    _say_what_plays(settings)
    with _opened(settings, out, quiet or as_json or show) as opened:
        streamed = show and settings.play.patients == 1
        if streamed:
            opening = load_prompts(settings.models.patient.prompt_set).render("patient_open")
            typer.echo(f"therapist  {opening}")
            opened.journal.listener = lambda scope, text: typer.echo(line) if (line := spoken_line(scope, text)) else None

        def done(episode: Episode) -> None:
            if show:
                typer.echo("\n" + describe(asdict(episode), dialogue=not streamed))

        counts = play_stage(opened, 0, warm_started(opened), done=done)
        summary = write_play_summary(opened, counts)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(", ".join(f"{key} {value}" for key, value in counts.items()))
        typer.echo(f"episodes in {out / 'iteration-00' / 'episodes.jsonl'}")


@app.command()
def build(out: Made, iteration: Iteration = 0, quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Training rows from the episodes of an iteration: iteration-NN/sft.jsonl (patients are asked some more for it)."""
    from mentalarena.stages.build import build as build_stage
    from mentalarena.stages.rehearse import rehearse
    from mentalarena.training.rows import read_episodes

    with _opened(_config_of(out), out, quiet or as_json) as opened:
        # what is missing or torn is told before anything is asked
        read_episodes(opened.folder(iteration) / "episodes.jsonl")
        rehearse(opened, _model_of(opened, 0))
        counts = build_stage(opened, iteration)
    if as_json:
        typer.echo(json.dumps(counts))
    else:
        typer.echo(", ".join(f"{kind} {count}" for kind, count in counts.items()))
        if not any(counts.values()):
            typer.echo("no rows: no episode came to an agreed diagnosis (`mentalarena show` lists why); play more patients")
        typer.echo(f"rows in {out / f'iteration-{iteration:02d}' / 'sft.jsonl'}")


@app.command()
def train(
    out: Made,
    iteration: Annotated[int, typer.Option(min=1, help="Which iteration's model to make, from the rows before it.")] = 1,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """An adapter from the rows of the iterations before: iteration-NN/adapter."""
    from mentalarena.stages.run import named
    from mentalarena.stages.train import train as train_stage

    with _opened(_config_of(out), out, quiet or as_json) as opened:
        ref = train_stage(opened, iteration, _model_of(opened, iteration - 1))
        name = named(ref)
    typer.echo(json.dumps({"model": name, "adapter": str(ref.adapter)}) if as_json else f"{name}: adapter in {ref.adapter}")


@app.command()
def evaluate(
    out: Made,
    iteration: Iteration = 0,
    held_out: Annotated[bool, typer.Option(help="On the held-out patients: once, when all is decided.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """An iteration's model on the development (or held-out) patients, with intervals and baselines."""
    from mentalarena.report.terminal import evaluation_table
    from mentalarena.stages.evaluate import evaluate as evaluate_stage

    split: Any = "held_out" if held_out else "development"
    with _opened(_config_of(out), out, quiet or as_json) as opened:
        model = _model_of(opened, iteration)
        evaluate_stage(opened, _model_of(opened, 0), split, "iteration-00")
        base = "iteration-00" if iteration else None
        found = evaluate_stage(opened, model, split, f"iteration-{iteration:02d}", base)
    typer.echo(json.dumps(found) if as_json else evaluation_table(found))


@app.command()
def report(out: Made) -> None:
    """One self-contained HTML page about a run: report.html."""
    from mentalarena.report.html import write_report

    typer.echo(f"report: {write_report(out)}")


@app.command()
def show(
    out: Made,
    episode: Annotated[str, typer.Argument(help="Episode id, or the beginning of one; without it all are listed.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print one episode to read, or list all of a run."""
    from dataclasses import asdict

    from mentalarena.report.text import describe, in_one_line
    from mentalarena.runs.directory import read_jsonl
    from mentalarena.training.rows import read_episode

    files = sorted(out.glob("iteration-*/episodes.jsonl"))
    if not files:
        raise DataError(f"{out}: no episodes; expected the run directory of `mentalarena play` or `run`")
    records = [(f"{file}:{n}", r) for file in files for n, r in enumerate(read_jsonl(file), 1)]
    found = [(where, r) for where, r in records if str(r.get("id", "")).startswith(episode)]
    if not found:
        raise DataError(f"{out}: no episode begins with {episode!r}; expected an id that `mentalarena show` lists")
    told = [asdict(read_episode(record, where)) for where, record in (found[:1] if episode else found)]
    if as_json:
        typer.echo(json.dumps(told[0] if episode else [record["id"] for record in told], ensure_ascii=False))
    else:
        typer.echo(describe(told[0]) if episode else "\n".join(map(in_one_line, told)))


@patients_app.command("list")
def list_patients(config: ConfigFile = None, set_: Assignments = None, as_json: AsJson = False) -> None:
    """Ids of the patients that `play` would take, with how they cope."""
    from mentalarena.config import load_config
    from mentalarena.stages.run import patients_of

    patients = patients_of(load_config(config, set_ or ()))
    if as_json:
        typer.echo(json.dumps([p.id for p in patients]))
        return
    for patient in patients:
        typer.echo(printable(f"{patient.id}  {patient.cognitive_model.coping_strategies}"))


@patients_app.command("show")
def show_patient(patient_id: str, config: ConfigFile = None, set_: Assignments = None, as_json: AsJson = False) -> None:
    """One patient's cognitive model."""
    from mentalarena.clinic.files import patient_record
    from mentalarena.config import load_config
    from mentalarena.stages.run import patients_of

    found = [p for p in patients_of(load_config(config, set_ or ())) if p.id == patient_id]
    if not found:
        raise DataError(f"no patient {patient_id!r}; expected an id from `mentalarena patients list`")
    typer.echo(json.dumps(patient_record(found[0])) if as_json else printable(found[0].cognitive_model.profile()))


@patients_app.command("check")
def check_patients(file: Path, as_json: AsJson = False) -> None:
    """Read a JSON or JSONL file of patients and say whether it is sound."""
    from mentalarena.clinic.files import read_patients

    patients = read_patients(file)
    typer.echo(json.dumps({"patients": len(patients)}) if as_json else f"{file}: {len(patients)} patients, all sound")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What works on this machine."""
    from mentalarena.report.doctor import examine_machine

    found = examine_machine()
    typer.echo(json.dumps(found) if as_json else "\n".join(f"{k:10} {v}" for k, v in found.items()))


@contextmanager
def _opened(config: Config, out: Path, quiet: bool) -> Iterator[Run]:
    from mentalarena.report.terminal import bars
    from mentalarena.stages.run import opened

    try:
        with bars(quiet) as progress, opened(config, out, progress) as found:
            yield found
    except KeyboardInterrupt:
        typer.echo("mentalarena: stopped; every reply is kept, the same command goes on", err=True)
        raise


def _say_what_plays(settings: Config) -> None:
    """What a user of an own file of patients should know before it is played."""
    from mentalarena.clinic.files import read_patients

    file = settings.play.file
    if not file:
        return
    if settings.models.patient.provider == "embedded":
        typer.echo(
            f"mentalarena: {file}: the embedded model knows its own clinic alone and plays these patients as gibberish; "
            "set models.all to a real model",
            err=True,
        )
    if (count := len(read_patients(file))) > settings.play.patients:
        typer.echo(f"mentalarena: {file}: {settings.play.patients} of {count} patients come (play.patients)", err=True)


def _config_of(out: Path) -> Config:
    """The settings that a run directory began with. Raises `DataError` where there are none."""
    from mentalarena.config import validated
    from mentalarena.runs.directory import read_json
    from mentalarena.stages.run import WEIGHTS

    path = out / "config.json"
    tree = read_json(path, "the settings of a run directory of `mentalarena play` or `run`")
    return validated({key: value for key, value in tree.items() if key != WEIGHTS}, str(path))


def _model_of(opened: Run, iteration: int) -> Any:
    """The model that plays an iteration. Raises `DataError` when it has not been trained."""
    from mentalarena.models.base import ModelRef
    from mentalarena.stages.train import warm_started
    from mentalarena.training.lora import ADAPTER, RESULT

    if iteration == 0:
        return warm_started(opened)
    adapter = opened.folder(iteration) / ADAPTER
    if not (adapter / RESULT).is_file():
        raise DataError(f"{adapter}: not there; expected `mentalarena train --iteration {iteration}` to have been run")
    return ModelRef(opened.base.base, adapter)


def main() -> None:
    """Entry point: known errors and wrong usage become one line and exit code 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except MentalArenaError as error:
        message = str(error)
    except typer.Abort:
        sys.exit(130)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # typer keeps this class to itself
            typer.echo(error.format_message(), err=True)
            sys.exit(2)
        message = f"{error.format_message()} (--help tells more)"
    typer.echo(f"mentalarena: {printable(' '.join(message.split()))}", err=True)
    sys.exit(2)
