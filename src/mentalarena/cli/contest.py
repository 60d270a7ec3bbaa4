"""`mentalarena rank`: the arena of therapists, and of patients."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from mentalarena.cli.common import AsJson, Made, Quiet, config_of, opened_run
from mentalarena.errors import ConfigError

As = Annotated[str, typer.Option("--as", help="therapist: of the base model's patients. patient: of the base's therapist.")]
Iterations = Annotated[
    str | None,
    typer.Option(help="Of this run, such as 0,1 or iteration-02; unset: all of them; none: the --model ones alone."),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="NAME=FILE.toml: another model, by the keys of models.ROLE; or FILE.toml with contestants.NAME sections.",
    ),
]


def rank(
    out: Made,
    as_: As = "therapist",
    iterations: Iterations = None,
    model: Models = None,
    cross: Annotated[bool, typer.Option(help="Also each as patient against each as therapist.")] = False,
    held_out: Annotated[bool, typer.Option(help="On the held-out patients; each look is counted.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Rank iterations and other models on the same patients: paired differences and Bradley-Terry, with intervals."""
    from mentalarena.report.contest import cross_table, ranking_tables
    from mentalarena.stages.contest import cross as cross_stage
    from mentalarena.stages.contest import rank_patients, rank_therapists
    from mentalarena.stages.contestants import contestants

    stages = {"therapist": rank_therapists, "patient": rank_patients}
    if as_ not in stages:
        raise ConfigError(f"--as {as_}: expected therapist or patient")
    split: Any = "held_out" if held_out else "development"
    with opened_run(config_of(out), out, quiet or as_json) as opened:
        who = contestants(opened, iterations, model or ())
        found = stages[as_](opened, who, split)
        crossed = cross_stage(opened, who, who, split) if cross else None
    if as_json:
        typer.echo(json.dumps(found | {"cross": crossed} if crossed else found))
        return
    typer.echo(ranking_tables(found), nl=False)
    if crossed:
        typer.echo(cross_table(crossed), nl=False)
