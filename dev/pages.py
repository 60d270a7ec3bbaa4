"""Pages of the documentation that are made when it is built: command line, settings, changelog, contributing.

A hook of mkdocs (mkdocs.yml). What stands in the sources is told once, and the pages cannot fall behind it.
"""

from __future__ import annotations

import os
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 100
"""Characters of a usage line."""


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages to those of docs/ (mkdocs calls this)."""
    from mkdocs.structure.files import File

    made = {
        "reference/cli.md": command_line(),
        "reference/settings.md": settings(),
        "changelog.md": linked((ROOT / "CHANGELOG.md").read_text("utf-8")),
        "contributing.md": linked((ROOT / "CONTRIBUTING.md").read_text("utf-8")),
    }
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_post_page(output: str, page: Any, config: Any) -> str:
    """The theme's search box with a name for screen readers (mkdocs calls this)."""
    return output.replace(
        'data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"'
    )


def linked(text: str) -> str:
    """A page of the repository's root with its mentions of docs/NAME.md as links."""
    return re.sub(r"`docs/([\w-]+\.md)`", r"[\1](\1)", text)


def command_line() -> str:
    """Every command with its arguments and options, as `--help` tells them."""
    import typer

    from mentalarena.cli import app

    root: Any = typer.main.get_command(app)
    context = root.make_context("mentalarena", [], resilient_parsing=True)
    parts = [
        "# Command line",
        "Made from the commands' own help. `mentalarena COMMAND --help` prints the same. Bad input is one line on stderr and "
        "exit code 2; a command that was stopped goes on when it is given again.",
    ]
    for name, command in root.commands.items():
        parts.extend(_command(command, f"mentalarena {name}", context, level=2))
    return "\n\n".join(parts) + "\n"


def _command(command: Any, name: str, parent: Any, level: int) -> Iterator[str]:
    context = type(parent)(command, info_name=name.rsplit(" ", 1)[-1], parent=parent)
    yield f"{'#' * level} `{name}`"
    yield markdown(command.help or "")
    inner = getattr(command, "commands", None)
    if inner:
        for word, one in inner.items():
            yield from _command(one, f"{name} {word}", context, level + 1)
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{name} {usage}\n```"
    rows = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    if rows:
        yield "\n".join(
            ["| option | what it does |", "|---|---|", *(f"| {_code(what)} | {cell(told)} |" for what, told in rows)]
        )


def settings() -> str:
    """The whole tree of config.py, each field with its docstring."""
    from mentalarena.config import Config

    parts = [
        "# Settings",
        "What a TOML file (`--config`) and `--set section.key=value` may say. Made from `src/mentalarena/config.py`, where each "
        "setting is documented once. Unknown keys are errors. The files in `configs/` are whole examples.",
    ]
    own = [(name, field) for name, field in Config.model_fields.items() if not _section_of(field.annotation)]
    parts.append("## At the top\n\n" + _table(Config, own, ""))
    for name, field in Config.model_fields.items():
        kind = _section_of(field.annotation)
        if not kind or name == "prices":
            continue
        parts.append(f"## `[{name}]`\n\n{markdown(kind.__doc__ or '')}")
        if name == "models":
            role = _section_of(kind.model_fields["therapist"].annotation)
            parts.append(
                "Sections are `[models.all]`, `[models.patient]`, `[models.therapist]` and `[models.judge]`; each has:"
            )
            kind = role
        parts.append(_table(kind, list(kind.model_fields.items()), f"{name}."))
    return "\n\n".join(parts) + "\n"


def _table(kind: Any, fields: list[tuple[str, Any]], place: str) -> str:
    told = _field_docstrings(kind)
    rows = ["| key | value | default | what it does |", "|---|---|---|---|"]
    for name, field in fields:
        anchor = f'<span id="{place}{name}"></span>'
        default = field.get_default(call_default_factory=True)
        words = _literal(default) if not isinstance(default, dict) else "none"
        rows.append(f"| {anchor}{_code(name)} | {_kind(field)} | {words} | {cell(told.get(name, ''))} |")
    return "\n".join(rows)


def _field_docstrings(kind: Any) -> dict[str, str]:
    """The text under each field of a class; for the arena's the text under the same field of `ArenaSettings`."""
    import griffe

    module = griffe.load("mentalarena", search_paths=[ROOT / "src"])
    place = "arena.types.ArenaSettings" if kind.__name__ == "ArenaConfig" else f"config.{kind.__name__}"
    members = module[place].members
    return {name: member.docstring.value for name, member in members.items() if member.docstring}


def _section_of(annotation: Any) -> Any:
    """The section of settings that an annotation names, alone or in a dict, or None."""
    from mentalarena.config import Section

    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None


def _kind(field: Any) -> str:
    bounds = [f"{word} {bound}" for m in field.metadata for word, bound in _bounds(m)]
    return ", ".join([_type(field.annotation), *bounds])


def _bounds(metadata: Any) -> Iterator[tuple[str, Any]]:
    for name, word in (("ge", "≥"), ("gt", "&gt;"), ("le", "≤"), ("lt", "&lt;")):
        if (bound := getattr(metadata, name, None)) is not None:
            yield word, bound


def _type(kind: Any) -> str:
    """A type in words."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *metadata = get_args(kind)
        return ", ".join([_type(inner), *(f"{word} {bound}" for m in metadata for word, bound in _field_bounds(m))])
    if origin is Literal:
        return ", ".join(_literal(choice) for choice in get_args(kind))
    if origin in (Union, types.UnionType):
        return " or ".join(_type(choice) for choice in get_args(kind) if choice is not type(None))
    if origin is tuple:
        return f"list of {_type(get_args(kind)[0])}"
    if origin is dict or kind is dict:
        return "table"
    return {bool: "true or false", int: "integer", float: "number", str: "text", Path: "path"}.get(kind, _code(str(kind)))


def _field_bounds(metadata: Any) -> Iterator[tuple[str, Any]]:
    for inner in getattr(metadata, "metadata", [metadata]):
        yield from _bounds(inner)


def _literal(value: Any) -> str:
    if value is None or value == "":
        return "unset"
    if isinstance(value, bool):
        return _code(str(value).lower())
    if isinstance(value, tuple):
        return _code("[" + ", ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in value) + "]")
    return _code(f'"{value}"' if isinstance(value, str) else str(value))


def _code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|")


def cell(text: str) -> str:
    """Prose as one cell of a table."""
    return markdown(" ".join(text.split())).replace("|", r"\|")


def markdown(text: str) -> str:
    """A docstring as Markdown: what Markdown would take for its own stays as it was written."""
    pieces = re.split(r"(`[^`]*`)", text)
    for number in range(0, len(pieces), 2):
        pieces[number] = re.sub(r"([\[\]<>*_])", r"\\\1", pieces[number])
    return linked_mentions("".join(pieces))


def linked_mentions(text: str) -> str:
    """docs/NAME.md as a link, seen from reference/."""
    return re.sub(r"docs/([\w-]+)\.md", r"[\1](../\1.md)", text)


os.environ.setdefault("TYPER_USE_RICH", "0")  # before typer is imported: help in plain words
