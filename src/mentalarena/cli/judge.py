"""`mentalarena judge`: a model's verdicts on what a run made, each judge beside what it is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mentalarena.cli.common import AsJson, Iteration, Made, Quiet, config_of, opened_run


def judge(
    out: Made,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="validity, authenticity, fidelity, guideline, skill, safety; without any, all."),
    ] = None,
    iteration: Iteration = 0,
    human: Annotated[Path | None, typer.Option(help="A template that people have filled in: agreement with them.")] = None,
    template: Annotated[
        Path | None, typer.Option(help="Write the questions for people to answer, blind and shuffled, and ask nobody.")
    ] = None,
    second: Annotated[
        Path | None, typer.Option(help="A second judge, a TOML file with the keys of models.judge: agreement with it.")
    ] = None,
    talks: Annotated[
        Path | None, typer.Option(help="People's talks (JSONL: id, lines of role and text): authenticity's known-good.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Items of each judge, and controls of each kind, at most.")] = 40,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """A judge model's verdicts on an iteration, with controls, position swaps and agreement (docs/judges.md)."""
    from mentalarena.evaluation.judges.forms import NAMES
    from mentalarena.report.judges import judges_table
    from mentalarena.stages.judge import judge as judge_stage
    from mentalarena.stages.judge import player_of, read_model
    from mentalarena.stages.judge import template as template_stage

    asked = list(dict.fromkeys(names or NAMES))
    with opened_run(config_of(out), out, quiet or as_json) as opened:
        if template:
            count = template_stage(opened, template, asked, iteration, talks, limit)
            typer.echo(json.dumps({"questions": count, "file": str(template)}) if as_json else _filled_in(template, count))
            return
        other = player_of(opened, read_model(second)) if second else None
        told = judge_stage(opened, asked, iteration, human, other, talks, limit)
    typer.echo(json.dumps(told) if as_json else judges_table(told))


def _filled_in(path: Path, count: int) -> str:
    return f"{count} questions in {path}: fill in `answer` and give the file back with --human"
