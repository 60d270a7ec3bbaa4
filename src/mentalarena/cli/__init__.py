"""The command line: one command a stage, thin. Errors are one line and exit code 2."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from mentalarena.cli.ablate import ablate
from mentalarena.cli.analyse import analyse
from mentalarena.cli.app import serve_app
from mentalarena.cli.audit import audit
from mentalarena.cli.benchmarks import benchmarks_app, reproduce
from mentalarena.cli.bias import bias
from mentalarena.cli.common import (
    AsJson,
    Assignments,
    ConfigFile,
    Iteration,
    Made,
    OnRay,
    Out,
    Quiet,
    config_of,
    model_of,
    on_ray,
    opened_run,
    say_what_plays,
    who_comes,
)
from mentalarena.cli.contest import rank
from mentalarena.cli.export import export
from mentalarena.cli.judge import judge
from mentalarena.cli.patients import patients_app
from mentalarena.cli.practise import practise
from mentalarena.cli.show import show
from mentalarena.errors import ConfigError, MentalArenaError
from mentalarena.report.text import printable

if TYPE_CHECKING:
    from mentalarena.arena.types import Episode

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A simulated patient and a therapist model that learn from playing together. Research software, never care.",
)


@app.command()
def run(
    out: Out,
    config: ConfigFile = None,
    set_: Assignments = None,
    control: Annotated[
        str | None, typer.Option(help="Control arm (loop.control): unselected, shuffled-labels or none.")
    ] = None,
    ray: OnRay = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """The whole loop: play, collect, train, evaluate, again; then the held-out comparison and the report."""
    from mentalarena.loop import run_loop
    from mentalarena.report.html import write_report
    from mentalarena.report.terminal import result_table
    from mentalarena.settings import load_config

    arm = [f"loop.control={control}"] if control else []
    settings = load_config(config, [*(set_ or ()), *arm, *on_ray(ray)])
    say_what_plays(settings)
    with opened_run(settings, out, quiet or as_json) as opened:
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
    patients: Annotated[
        str | None,
        typer.Option(help="How many (play.patients), or who: library, generated, or a file of patients (clinic.source)."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="How many patients, where --patients says who.")] = None,
    show: Annotated[bool, typer.Option(help="Print the dialogue as it is spoken, then the whole episode.")] = False,
    shard: Annotated[
        str | None,
        typer.Option(help="Play one part alone, such as 3/16 (of 0 to 15), beside others; without it all are joined."),
    ] = None,
    ray: OnRay = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Play one episode with each patient into a run directory."""
    from dataclasses import asdict

    from mentalarena.arena.prompts import load_prompts
    from mentalarena.report.text import describe, spoken_line
    from mentalarena.runs.shards import shard_of
    from mentalarena.settings import load_config
    from mentalarena.stages.play import play as play_stage
    from mentalarena.stages.play import play_shard, write_play_summary
    from mentalarena.stages.train import warm_started

    settings = load_config(config, [*(set_ or ()), *who_comes(patients, count), *on_ray(ray)])
    part = shard_of(shard) if shard else None
    if part and ray:
        raise ConfigError(f"--shard {shard} --ray {ray}: expected one of them: Ray plays all shards")
    say_what_plays(settings)
    with opened_run(settings, out, quiet or as_json or show, part) as opened:
        streamed = show and settings.play.patients == 1
        if streamed:
            opening = load_prompts(settings.models.patient.prompt_set).render("patient_open")
            typer.echo(f"therapist  {opening}")
            opened.journal.listener = lambda scope, text: typer.echo(line) if (line := spoken_line(scope, text)) else None

        def done(episode: Episode) -> None:
            if show:
                typer.echo("\n" + describe(asdict(episode), dialogue=not streamed))

        if part:
            counts = summary = play_shard(opened, 0, warm_started(opened), part, done=done)
        else:
            counts = play_stage(opened, 0, warm_started(opened), done=done)
            summary = write_play_summary(opened, counts)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        typer.echo(", ".join(f"{key} {value}" for key, value in counts.items()))
        if part:
            typer.echo(f"shard {shard} is played; when all are, the same command without --shard joins them")
        else:
            typer.echo(f"episodes in {out / 'iteration-00' / 'episodes.jsonl'}")


@app.command()
def build(out: Made, iteration: Iteration = 0, quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Training rows from the episodes of an iteration: iteration-NN/sft.jsonl (patients are asked some more for it)."""
    from mentalarena.stages.build import build as build_stage
    from mentalarena.stages.rehearse import rehearse
    from mentalarena.training.rows import read_episodes

    with opened_run(config_of(out), out, quiet or as_json) as opened:
        # what is missing or torn is told before anything is asked
        read_episodes(opened.folder(iteration) / "episodes.jsonl")
        rehearse(opened, model_of(opened, 0))
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
    """Better weights from the rows of the iterations before: iteration-NN/adapter."""
    from mentalarena.stages.run import named
    from mentalarena.stages.train import train as train_stage

    with opened_run(config_of(out), out, quiet or as_json) as opened:
        ref = train_stage(opened, iteration, model_of(opened, iteration - 1))
        name = named(ref)
    typer.echo(json.dumps({"model": name, "adapter": str(ref.adapter)}) if as_json else f"{name}: weights in {ref.adapter}")


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
    from mentalarena.stages.evaluate import adjusted
    from mentalarena.stages.evaluate import evaluate as evaluate_stage

    split: Any = "held_out" if held_out else "development"
    with opened_run(config_of(out), out, quiet or as_json) as opened:
        model = model_of(opened, iteration)
        evaluate_stage(opened, model_of(opened, 0), split, "iteration-00")
        base = "iteration-00" if iteration else None
        [found] = adjusted([evaluate_stage(opened, model, split, f"iteration-{iteration:02d}", base)])
    typer.echo(json.dumps(found) if as_json else evaluation_table(found))


@app.command()
def estimate(
    config: ConfigFile = None,
    set_: Assignments = None,
    pilot: Annotated[int, typer.Option(min=1, help="Patients a stage in the pilot, which is paid for.")] = 3,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """What a whole run would ask for and cost, from a small pilot: calls, tokens, money (by `prices`), time."""
    from mentalarena.report.terminal import bars, estimate_table
    from mentalarena.settings import load_config
    from mentalarena.stages.estimate import estimate as estimate_stage

    settings = load_config(config, set_ or ())
    with bars(quiet or as_json) as progress:
        found = estimate_stage(settings, pilot, progress)
    typer.echo(json.dumps(found) if as_json else estimate_table(found))


@app.command()
def report(out: Made) -> None:
    """One self-contained HTML page about a run, with its audit where there is one: report.html."""
    from mentalarena.report.html import write_report

    typer.echo(f"report: {write_report(out)}")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What works on this machine."""
    from mentalarena.report.doctor import examine_machine

    found = examine_machine()
    typer.echo(json.dumps(found) if as_json else "\n".join(f"{k:12}{v}" for k, v in found.items()))


app.command("app")(serve_app)
for command in (practise, show, analyse, ablate, bias, judge, rank, audit, export, reproduce):
    app.command()(command)
app.add_typer(patients_app, name="patients")
app.add_typer(benchmarks_app, name="benchmarks")


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
