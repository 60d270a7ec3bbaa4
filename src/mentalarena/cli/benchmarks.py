"""`mentalarena benchmarks`: which there are, run them, where their task files lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mentalarena.cli.common import (
    AsJson,
    Assignments,
    ConfigFile,
    Iteration,
    Out,
    Quiet,
    model_of,
    opened_run,
    settings_for,
)
from mentalarena.errors import ConfigError, DataError
from mentalarena.report.text import printable

benchmarks_app = typer.Typer(no_args_is_help=True, help="Closed questions of the field: list them, put them to a model.")

Data = Annotated[Path | None, typer.Option(help="Your folder of benchmark files, as upstream publishes them.")]
Own = Annotated[Path | None, typer.Option(help="A TOML file of your own sets (docs/benchmarks.md).")]


@benchmarks_app.command("list")
def list_benchmarks(data: Data = None, own: Own = None, as_json: AsJson = False) -> None:
    """What can be asked: source, licence, size, and of what lies in --data the share of each right answer."""
    from mentalarena.evaluation.benchmarks.catalogue import catalogue, own_benchmarks
    from mentalarena.evaluation.benchmarks.questions import label_shares, load_questions, local_file
    from mentalarena.report.benchmarks import catalogue_table

    found: list[dict[str, Any]] = []
    for told in {**catalogue(), **(own_benchmarks(own) if own else {})}.values():
        file = local_file(told, data)
        entry = {"name": told.name, "title": told.title, "source": told.source, "licence": told.licence, "size": told.size,
                 "note": told.note, "file": str(file) if file else None, "hub": told.hub or None,
                 "harness": told.harness or None, "questions": None, "label_shares": None, "problem": None}  # fmt: skip
        if file:
            try:
                questions = load_questions(told, data)
                entry |= {"questions": len(questions), "label_shares": label_shares(questions)}
                if questions[0].options and not questions[0].words and told.labels:
                    entry["labels"] = questions[0].options
            except DataError as error:
                entry["problem"] = str(error)
        found.append(entry)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else printable(catalogue_table(found)))


@benchmarks_app.command("path")
def path() -> None:
    """The folder of task files, for `lm_eval run --include_path`."""
    from mentalarena.evaluation.benchmarks.harness import TASKS

    typer.echo(str(TASKS))


@benchmarks_app.command("run")
def run_benchmarks(
    names: Annotated[list[str], typer.Argument(help="Names that `benchmarks list` shows (or of --own).")],
    out: Out,
    data: Data = None,
    own: Own = None,
    config: ConfigFile = None,
    set_: Assignments = None,
    iteration: Iteration = 0,
    scoring: Annotated[
        str, typer.Option(help="loglikelihood (of each option's label), generation (what is written, parsed), or both.")
    ] = "both",
    prompting: Annotated[
        str, typer.Option(help="direct, cot (reasoning first), medprompt (examples, reasoning, ensemble), or paper.")
    ] = "direct",
    limit: Annotated[int | None, typer.Option(min=1, help="The first questions of each set alone.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="MedPrompt: examples shown with each question.")] = 5,
    shuffles: Annotated[
        int, typer.Option(min=1, help="MedPrompt: askings of each question, options in another order.")
    ] = 5,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Put benchmarks to the therapist's model, with intervals, baselines and the comparison with the untrained model.

    A new directory takes its model from --config and --set, an older one has its own. A stopped command goes on.
    """
    from mentalarena.evaluation.benchmarks.prompting import PROMPTINGS
    from mentalarena.report.benchmarks import scores_table
    from mentalarena.stages.benchmark import Exam, benchmarks

    ways = {"both": ("loglikelihood", "generation"), "loglikelihood": ("loglikelihood",), "generation": ("generation",)}
    if scoring not in ways:
        raise ConfigError(f"--scoring {scoring}: expected {', '.join(ways)}")
    if prompting not in PROMPTINGS:
        raise ConfigError(f"--prompting {prompting}: expected one of {', '.join(PROMPTINGS)}")
    exam: Any = Exam(data, own, ways[scoring], prompting, limit, examples, shuffles)  # type: ignore[arg-type]
    with opened_run(settings_for(out, config, set_), out, quiet or as_json) as opened:
        found = benchmarks(opened, [(n, model_of(opened, n)) for n in sorted({0, iteration})], names, exam)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else printable(scores_table(found)))
    if not as_json:
        typer.echo(f"samples in {out / 'benchmarks'}")


def reproduce(
    out: Out,
    data: Annotated[Path, typer.Option(help="Your folder of the paper's files (docs/benchmarks.md).")],
    config: ConfigFile = None,
    set_: Assignments = None,
    iteration: Iteration = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="The first questions of each set alone.")] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """The paper's table beside your model, asked in the paper's way, counted by our parser and by the paper's substring rule."""
    from mentalarena.report.benchmarks import reproduction_table
    from mentalarena.stages.benchmark import Exam
    from mentalarena.stages.reproduce import reproduce as reproduce_stage

    exam = Exam(data, None, ("generation",), "paper", limit)
    with opened_run(settings_for(out, config, set_), out, quiet or as_json) as opened:
        models = [(number, model_of(opened, number)) for number in sorted({0, iteration})]
        found = reproduce_stage(opened, models, exam)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else printable(reproduction_table(found)))
