"""One self-contained HTML page about a run: no script, no network, models' text always escaped.

What it tells is put together here as sections of blocks (report/blocks.py); templates/report.html sets them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mentalarena.config import Config
from mentalarena.errors import DataError, MentalArenaError
from mentalarena.export.results import results
from mentalarena.report import account, findings, other_commands
from mentalarena.report.blocks import Block, Cases, Items, Note, Section, sections_of
from mentalarena.report.cases import cases_of
from mentalarena.report.costs import costs
from mentalarena.report.headline import Headline, headline
from mentalarena.report.terminal import notice
from mentalarena.runs.directory import SETTINGS, own_file, read_json, write_whole
from mentalarena.stages.episodes import EpisodeIndex, episodes_of
from mentalarena.stages.run import config_in

if TYPE_CHECKING:
    from markupsafe import Markup

NEVER = "Research software about simulated people, never care or advice."
ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What comes of a file that holds something else than this version writes."""


@dataclass(frozen=True)
class Story:
    """What is told of a run, for a page to set."""

    headline: Headline
    notice: str
    sections: Sequence[Section]


def story_of(out: Path) -> Story:
    """What the stages have left, put in order. Raises `DataError` where there is no summary yet, or one of another version."""
    summary = _read(out, "summary.json", "the run directory of `mentalarena run` or `play`")
    tree = _read(out, SETTINGS, "the settings of the run")
    try:
        config = _config(out)
        resamples = config.evaluation.resamples if config else Config().evaluation.resamples
        found = results(out, summary, None, resamples) if summary.get("held_out") else None
        index = episodes_of(out)
        if index.unreadable and not index.lines:
            raise DataError(f"{index.told[0]}; {out} has no episode that can be read")
        looks = found.looks if found else ()
        sections = _sections(out, summary, tree, config, index, looks, findings.result(summary, found, resamples))
        return Story(headline(summary, found), notice(summary), sections)
    except ODD as error:
        raise _unknown(out, error) from None


def write_report(out: Path) -> Path:
    """DIR/report.html. Raises `DataError` as `story_of` does."""
    from jinja2 import Environment, PackageLoader, TemplateError
    from markupsafe import Markup

    story = story_of(out)
    environment = Environment(
        loader=PackageLoader("mentalarena.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    # drawn: of report/curves.py alone, which escapes what it is told
    environment.filters |= {"coded": coded, "drawn": Markup}
    style = files("mentalarena.report").joinpath("templates/report.css").read_text("utf-8")
    try:
        text = environment.get_template("report.html").render(
            name=out.resolve().name,
            headline=story.headline,
            never=NEVER,
            notice=story.notice,
            sections=story.sections,
            style=Markup(style),  # noqa: S704  (our own)
        )
    except (*ODD, TemplateError) as error:
        raise _unknown(out, error) from None
    write_whole(out / "report.html", text)
    return out / "report.html"


def _read(out: Path, name: str, expected: str) -> dict[str, Any]:
    return read_json(own_file(out, name) or out / name, expected)


def _told(part: Callable[[Path], Sequence[Block]], out: Path, name: str) -> Sequence[Block]:
    """What another command has left; a file of it that cannot be read is told, and costs no other part."""
    try:
        return part(out)
    except DataError as error:
        return [Note(f"Left out: {str(error).replace(f'{out}/', '')}", "warning")]
    except ODD as error:
        why = f"{type(error).__name__}: {error}"[:200]
        return [Note(f"Left out: {name} is not as this version writes it ({why}); delete it and do it again", "warning")]


def _unknown(out: Path, error: Exception) -> DataError:
    return DataError(
        f"{out}: summary.json or episodes.jsonl is not as this version writes it ({error!r}); "
        "expected the files of `mentalarena run` or `play`"
    )


def _sections(
    out: Path,
    summary: Mapping[str, Any],
    tree: Mapping[str, Any],
    config: Config | None,
    index: EpisodeIndex,
    looks: Sequence[str],
    result: Any,
) -> list[Section]:
    rule, cases = cases_of(index)
    audited = (out / "audit.json").exists()
    measured = any(one.get("evaluation") for one in summary["iterations"])
    prices = tree.get("prices") if isinstance(tree.get("prices"), dict) else {}
    return sections_of(
        ("tested", "What was tested", account.tested(summary, config, index, looks)),
        ("result", "Result", result if measured else []),
        ("curves", "Curves", findings.curves(summary)),
        ("verifier", "Verifier", findings.verifier(summary)),
        (
            "signals",
            "Signals of play",
            [
                *findings.collapsed(summary),
                *_told(other_commands.analysed, out, "analysis.json"),
                *findings.signals(summary),
            ],
        ),
        ("episodes", "Episodes: best, mean and worst understood", [Note(rule), Cases(cases)] if cases else []),
        ("audit", "Audit", _told(other_commands.audits, out, "audit.json")),
        ("bias", "Counterfactual pairs", _told(other_commands.bias, out, "bias.json")),
        ("ablations", "Ablations", _told(other_commands.ablations, out, "ablation.json")),
        ("benchmarks", "Closed questions", _told(other_commands.benchmarks, out, "benchmarks/results.json")),
        ("costs", "Costs", costs(out, summary, prices or {})),
        ("limits", "Limits", [Items(account.limits(summary, config, audited, index))]),
        ("again", "How to do it again", account.reproduce(out, summary, config, tree)),
    )


def coded(text: str) -> Markup:
    """A sentence of ours with `commands` set as code; whatever stands in it is escaped first."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _config(out: Path) -> Config | None:
    try:
        return config_in(out)
    except MentalArenaError:
        return None  # of another version: its settings are shown as they stand
