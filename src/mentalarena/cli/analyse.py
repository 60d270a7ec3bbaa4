"""`mentalarena analyse`: the signals of a run's iterations, and when they say to stop."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentalarena.cli.common import AsJson, Quiet, config_of, opened_run

if TYPE_CHECKING:
    from mentalarena.config import Config


def analyse(
    out: Annotated[
        list[Path], typer.Option(help="Run directory of an earlier command; repeatable: several are correlated.")
    ],
    scored: Annotated[
        bool, typer.Option("--scored/--unscored", help="Whether the model scores rows and dialogues, where it can.")
    ] = True,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Perplexity, diversity, drift and collapse of each iteration with intervals, and the stopping rule (docs/analysis.md)."""
    from mentalarena.analysis.correlation import correlations
    from mentalarena.report.analysis import analysis_table, correlation_table
    from mentalarena.report.html import write_report
    from mentalarena.stages.analyse import analyse as analyse_stage
    from mentalarena.stages.analyse import history_from, identity

    told, resamples = [], 0
    distinct: dict[str, tuple[Path, Config]] = {}
    given = dict[Path, Path]()
    for folder in out:
        given.setdefault(folder.resolve(), folder)  # a directory given twice is one run
    for folder in given.values():
        config = config_of(folder)
        same = identity(config, folder)
        if same in distinct:
            typer.echo(f"{folder}: a copy of {distinct[same][0]}; counted once", err=True)
        else:
            distinct[same] = folder, config
    for folder, config in distinct.values():
        resamples = max(resamples, config.evaluation.resamples)
        with opened_run(config, folder, quiet or as_json) as opened:
            told.append(analyse_stage(opened, scored))
        if (folder / "report.html").exists():
            write_report(folder)
    # the iterations of one run follow on each other: their correlation says nothing
    several = {one["run"]: history_from(one) for one in told} if len(told) > 1 else {}
    found = correlations(several, resamples)
    if as_json:
        typer.echo(json.dumps({"runs": told, "correlations": [asdict(one) for one in found]}))
        return
    for one in told:
        typer.echo(f"{one['run']}\n{analysis_table(one)}")
    if len(told) > 1:
        typer.echo(correlation_table(found))
