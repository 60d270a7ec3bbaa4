"""`mentalarena audit`: what must not get out of a run, a file of rows, or records in the published layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mentalarena.cli.common import AsJson, Quiet, config_of, opened_run
from mentalarena.errors import ConfigError, DataError


def audit(
    target: Annotated[
        Path, typer.Argument(help="A run directory, a file of rows (any form), or records in the published layout.")
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Benchmark questions that may stand in no row: your folder of files, or a file; repeatable."),
    ] = None,
    embedder: Annotated[
        str, typer.Option(help="Look for questions in other words too: lexical, or a sentence-transformers model. Slow.")
    ] = "",
    seeds: Annotated[
        Path | None, typer.Option(help="More texts that no answer may give away (patients, records, lines).")
    ] = None,
    canary: Annotated[
        list[str] | None, typer.Option(help="A text that was planted, and may come out nowhere; repeatable.")
    ] = None,
    extract: Annotated[
        bool,
        typer.Option(help="Ask the trained model to go on with seed patients' texts, and the untrained one. Takes time."),
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help="Do this check alone; repeatable. Writes no audit.json.")] = None,
    strict: Annotated[
        bool, typer.Option(help="Exit with 1 where rows are held back or a check was not done, too.")
    ] = False,
    clean: Annotated[Path | None, typer.Option(help="Of a file of rows: write those that pass here.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write audit.json and audit.jsonl into this folder (a run's own stand in the run).")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Leaks, contamination, repetition, memorisation and clinical safety of rows: pass, held back or failed (docs/audit.md).

    Exit code 0 where gates pass or rows are held back, 1 where a gate fails or none was done, 2 for bad input.
    """
    from mentalarena.audit.record import lost_checks, write_audit
    from mentalarena.report.audit import audit_table, counted, lost_line
    from mentalarena.report.html import write_report
    from mentalarena.report.terminal import bars
    from mentalarena.stages.audit import Wanted, audited_file, audited_run, check_clean, write_clean
    from mentalarena.stages.extract import extract as extract_stage

    if not target.exists():
        raise DataError(
            f"{target}: not there; expected a run directory, a file of rows, or records in the published layout"
        )
    wanted = Wanted(tuple(data or ()), embedder, seeds, tuple(canary or ()), tuple(only or ()))
    if target.is_dir() and clean:
        raise ConfigError(
            f"--clean {clean}: {target} is a run; expected a file of rows (`mentalarena export` filters a run)"
        )
    if clean:
        check_clean(target, clean)
    if extract and only and "extraction" not in only:
        raise ConfigError(
            f"--extract: --only {', '.join(only)} leaves it out; expected --only extraction too, or no --only"
        )
    if extract and not target.is_dir():
        raise ConfigError(f"--extract: {target} is no run directory; expected one whose model can be asked")
    if extract:
        with opened_run(config_of(target), target, quiet or as_json) as opened:
            extract_stage(opened)
    with bars(quiet or as_json) as progress:
        audited = (audited_run if target.is_dir() else audited_file)(target, wanted, progress)
    kept = out or (target if target.is_dir() and not only else None)
    if kept:
        if lost := lost_checks(kept, audited.record):
            typer.echo(lost_line(kept, lost), err=True)
        write_audit(kept, audited.record, audited.gates)
    if kept == target and (target / "report.html").exists():
        write_report(target)
    count = write_clean(target, clean, audited) if clean else 0
    if as_json:
        typer.echo(json.dumps(audited.record, ensure_ascii=False))
    else:
        typer.echo(audit_table(audited.record, audited.gates))
        if clean:
            typer.echo(f"{counted(count, 'row')} that pass{'es' if count == 1 else ''} in {clean}")
        nothing = "the findings were not written" if clean else "nothing was written"
        typer.echo(f"findings in {kept / 'audit.jsonl'}" if kept else f"{nothing} (--out FOLDER keeps them)")
    status = audited.record["status"]
    nobody = all(gate.not_done for gate in audited.gates)
    if status == "failed" or nobody or (strict and status != "pass"):
        raise typer.Exit(1)
