"""`mentalarena show`: the episodes of a run, filtered and sorted, or one of them to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from mentalarena.cli.common import AsJson, Made
from mentalarena.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mentalarena.stages.filters import Verdict


def show(
    out: Made,
    episode: Annotated[str, typer.Argument(help="Episode id, or the beginning of one; without it all are listed.")] = "",
    wrong: Annotated[bool, typer.Option("--wrong", help="Whose diagnosis is not the reference's.")] = False,
    right: Annotated[bool, typer.Option("--right", help="Whose diagnosis is the reference's.")] = False,
    problems: Annotated[bool | None, typer.Option(help="In which a step failed, or none.")] = None,
    search: Annotated[str, typer.Option(metavar="TEXT", help="In ids, names and what was said aloud, in any case.")] = "",
    iteration: Annotated[int | None, typer.Option(min=0, help="Of one iteration.")] = None,
    arm: Annotated[str, typer.Option(help="Of one arm (a control, an ablation), or of `all`.")] = "main",
    order: Annotated[
        str, typer.Option(help="Column to sort by, such as similarity; -similarity: the greatest first.")
    ] = "id",
    limit: Annotated[int, typer.Option(min=0, help="How many at most; 0 is all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Print one episode to read, or list those of a run."""
    from mentalarena.report.text import describe, in_one_line
    from mentalarena.stages.episodes import episodes_of
    from mentalarena.stages.filters import Filters

    if wrong and right:
        raise ConfigError("--wrong --right: expected one of them: a diagnosis is not both")
    verdicts: tuple[Verdict, ...] = ("wrong",) if wrong else ("right",) if right else ()
    index = episodes_of(out)
    if not index.lines:
        why = f" that can be read (first: {index.told[0]})" if index.told else ""
        if (out / "summary.json").exists() and not why:
            why = ", since nothing was played in it yet"
        raise DataError(f"{out}: no episodes{why}; expected the run directory of `mentalarena play` or `run`")
    if arm != "all" and arm not in (arms := index.values("arm")):
        raise DataError(f"{out}: no episodes of arm {arm!r}; expected one of {', '.join(arms)}, or all")
    filters = Filters(verdicts, problems=problems, iteration=iteration, arm="" if arm == "all" else arm, prefix=episode)
    found = index.select(filters, search, order, size=limit, dialogues=True)
    if (wrong or right) and not any(line.truth for line in index.lines):
        raise DataError(f"{out}: nobody knows what these patients have; expected the generated clinic, or the library")
    if episode and not found.lines:
        like = " and is like that" if any(line.id.startswith(episode) for line in index.lines) else ""
        raise DataError(f"{out}: no episode begins with {episode!r}{like}; expected an id that `mentalarena show` lists")
    if coming := sum(line.coming for line in index.lines):
        typer.echo(f"mentalarena: a play is not finished: {coming} of these are what there is of it", err=True)
    if index.unreadable:
        typer.echo(f"mentalarena: {index.unreadable} lines are no episodes (first: {index.told[0]})", err=True)
    if episode:
        told = index.read(found.lines[0].id, found.lines[0].arm)
        typer.echo(json.dumps(told, ensure_ascii=False) if as_json else describe(told))
    elif as_json:
        typer.echo(json.dumps([line.id for line in found.lines], ensure_ascii=False))
    else:
        typer.echo("\n".join([*map(in_one_line, found.lines)] or ["no episode is like that"]))
        if len(found.lines) < found.total:
            typer.echo(f"{len(found.lines)} of {found.total} (--limit)")
