"""`mentalarena export`: a dataset folder with its card, and trained weights with theirs; to a hub when asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mentalarena.cli.common import AsJson, Made, config_of
from mentalarena.errors import ConfigError


def export(
    out: Made,
    to: Annotated[Path, typer.Option(help="Folder for the export; an earlier export there is replaced.")],
    iterations: Annotated[str | None, typer.Option(help="Whose rows, such as 0,1; unset: all of the main arm.")] = None,
    patient_side: Annotated[
        bool, typer.Option("--patient-side", help="Also the patient's and the judge's replayed replies.")
    ] = False,
    dev_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the people whose rows are the dev split.")] = 0.1,
    seed: Annotated[int | None, typer.Option(help="Of the splits; unset: the run's.")] = None,
    adapter: Annotated[
        bool | None, typer.Option("--adapter/--no-adapter", help="Trained weights too; unset: where there are any.")
    ] = None,
    iteration: Annotated[int | None, typer.Option(min=1, help="Whose weights; unset: the best iteration's.")] = None,
    only_licence: Annotated[
        list[str] | None, typer.Option(help="Only rows of patients under this licence; repeatable.")
    ] = None,
    licence_unstated: Annotated[
        str, typer.Option(help="ok: you vouch for patients whose licence nobody has stated. Otherwise they are refused.")
    ] = "refuse",
    despite: Annotated[
        list[str] | None,
        typer.Option(help="A failed gate of the audit that is overridden, in bold in the card; repeatable."),
    ] = None,
    patients: Annotated[Path | None, typer.Option(help="The run's file of patients, where it has moved.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Move aside what is in the folder and is no export.")] = False,
    push: Annotated[str | None, typer.Option(help="OWNER/NAME on the hub: private, with the token in HF_TOKEN.")] = None,
    public: Annotated[bool, typer.Option("--public", help="With --push: for everybody to see.")] = False,
    as_json: AsJson = False,
) -> None:
    """A dataset folder that `datasets` and TRL read, with data card, and trained weights with model card (docs/export.md)."""
    from mentalarena.export.hub import push as push_to
    from mentalarena.export.hub import token, uploads
    from mentalarena.export.plan import ExportOptions
    from mentalarena.report.export import export_lines
    from mentalarena.stages.export import export_run, numbers_of

    if licence_unstated not in ("refuse", "ok"):
        raise ConfigError(f"--licence-unstated {licence_unstated}: expected refuse or ok")
    if public and not push:
        raise ConfigError("--public: nothing is pushed; expected --push OWNER/NAME")
    if adapter is False and iteration is not None:
        raise ConfigError(f"--no-adapter --iteration {iteration}: expected one of them")
    secret = token() if push and uploads(push, to) else ""  # told before anything is done
    options = ExportOptions(
        iterations=numbers_of(iterations),
        patient_side=patient_side,
        dev_share=dev_share,
        seed=seed,
        weights=adapter,
        weights_of=iteration,
        only=tuple(only_licence or ()),
        unstated_ok=licence_unstated == "ok",
        despite=tuple(despite or ()),
        patients=patients,
        force=force,
        dataset=push or "",
    )
    told = export_run(config_of(out), out, to, options)
    if push:
        told["pushed"] = [push_to(one, secret, public) for one in uploads(push, to, told["weights"])]
    typer.echo(json.dumps(told) if as_json else export_lines(told))
