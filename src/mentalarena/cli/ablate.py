"""`mentalarena ablate`: the method without each of its parts, in one table."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mentalarena.cli.common import AsJson, Assignments, ConfigFile, Out, Quiet, opened_run, say_what_plays, settings_for


def ablate(
    out: Out,
    config: ConfigFile = None,
    set_: Assignments = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(help="One arm (docs/ablation.md lists them); repeatable. Without it all; main is always there."),
    ] = None,
    patients: Annotated[
        int,
        typer.Option(
            min=0, help="Development patients by whom arms are compared. 0: 100, or evaluation.development if more."
        ),
    ] = 0,
    iteration_free: Annotated[
        bool, typer.Option("--iteration-free", help="Train and evaluate nothing: compare what the arms would learn from.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """One iteration with and without each part, each kind of row alone, and controls: one table with paired tests."""
    from mentalarena.report.ablation import ablation_table
    from mentalarena.report.html import write_report
    from mentalarena.stages.ablate import ablate as ablate_stage

    settings = settings_for(out, config, set_)
    say_what_plays(settings)
    with opened_run(settings, out, quiet or as_json) as opened:
        told = ablate_stage(opened, arms or (), patients, trained=not iteration_free)
    report = write_report(out)
    typer.echo(json.dumps(told) if as_json else f"{ablation_table(told)}report: {report}")
