"""Cards: README.md of a dataset and of a model, from what a run has left.

Texts of models and users may stand in them (names, sources, licences, notes of audits). Whatever a template prints is made
harmless unless a filter says how it is to be read: no HTML, no links, no second line, no end of the YAML header.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mentalarena.evaluation.statistics import Interval
from mentalarena.report.terminal import p_value, percent, points_with_interval, with_interval

MOST = 200
"""Characters of one text in a card."""
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#!])")
_WWW = re.compile(r"(www)\.", re.IGNORECASE)
_NO_TAGS = str.maketrans("<>", "()")
_IN_CODE = str.maketrans("`|&<>", "'/+()")
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))


class Ready(str):
    """A text that stands in a card as it is."""

    __slots__ = ()


def render(template: str, told: Mapping[str, Any]) -> str:
    """A card from templates/NAME. Raises jinja2's errors for a value that is missing: that is a bug."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mentalarena.export"),
        autoescape=False,  # noqa: S701  (Markdown: `finalize` makes every text harmless)
        finalize=lambda value: value if isinstance(value, Ready) else plain(value),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": code,
        "fenced": fenced,
        "json": json.dumps,
        "yaml": yaml,
        "percent": percent,
        "with_interval": with_interval,
        "p_value": p_value,
        "points": points,
    }
    return environment.get_template(template).render(told)


def plain(value: object) -> Ready:
    """A text that Markdown and HTML read as that text, in one line."""
    text = html.escape(_line(value), quote=False)
    text = _MARKDOWN.sub(r"\\\1", text).replace("://", "&#58;//").replace("@", "&#64;")
    return Ready(_WWW.sub(r"\1&#46;", text).replace("$", "&#36;"))


def code(value: object) -> Ready:
    """A name in a code span."""
    return Ready(f"`{_line(value).translate(_IN_CODE) or ' '}`")


def fenced(value: object) -> Ready:
    """A line of a fenced block (`fence`), with its indent: whole, so that a command can be given again."""
    text = str(value)
    indent = text[: len(text) - len(text.lstrip(" "))]
    return Ready(indent + _line(text, len(text) + 1))


def fence(lines: Iterable[object]) -> Ready:
    """What begins and ends a block of such lines: more backticks than any of them has in a row."""
    longest = max((len(run) for line in lines for run in re.findall("`+", str(line))), default=0)
    return Ready("`" * max(3, longest + 1))


def yaml(value: object) -> Ready:
    """A scalar or a list of them in the header: JSON is YAML as long as its characters are ordinary ones."""
    if isinstance(value, list | tuple):
        return Ready("[" + ", ".join(yaml(one) for one in value) + "]")
    if isinstance(value, bool | int):
        return Ready(json.dumps(value))
    text = _line(value) if isinstance(value, Ready) else _line(value).translate(_NO_TAGS)
    return Ready(json.dumps("".join(c if ord(c) < 0x10000 else "?" for c in text)))


def points(interval: Interval) -> str:
    """A difference in percentage points, with its interval."""
    return points_with_interval(interval.mean, (interval.low, interval.high))


def size_category(rows: int) -> Ready:
    """The hub's name for so many rows."""
    return Ready(next((name for most, name in SIZES if rows < most), "n>10M"))


def differing(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """`key=value` of each setting that is not the default, as `--set` takes it."""
    return [f"{key}={json.dumps(value)}" for key, value in settings.items() if key in defaults and defaults[key] != value]


def _line(value: object, most: int = MOST) -> str:
    text = " ".join(str(value).split())
    text = "".join(c for c in text if c.isprintable())
    return text if len(text) <= most else f"{text[: most - 1]}…"
