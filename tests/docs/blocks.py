"""The fenced blocks of the documentation, and what the comment above each says that is done with it.

`<!-- run -->`: the tests run it. `<!-- run: embedded -->`: likewise, in processes of its own, since it loads weights.
`<!-- run: gallery -->`: the gallery's test does. `<!-- file: NAME -->`: the page's reader writes it to NAME.
`<!-- settings -->`: settings of a run. `<!-- needs: WHAT -->`: it cannot be run here; its words are checked.
`<!-- compile: WHY -->`: Python that cannot be run here.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
SHELL = ("bash", "sh", "console", "shell")
_FENCE = re.compile(r"^(?P<indent>\s*)(?P<fence>`{3,}|~{3,})\s*(?P<info>[^`]*)$")
_MARK = re.compile(r"^\s*<!--\s*(?P<word>[a-z]+)(?::\s*(?P<rest>.*?))?\s*-->\s*$")
_SNIPPET = re.compile(r'^\s*--8<-- "(?P<path>[^"]+)"\s*$')


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text, and the mark above it."""

    page: str
    line: int
    language: str
    text: str
    mark: str = ""
    detail: str = ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(text: str, page: str = "") -> list[Block]:
    """All fenced blocks of a page, in order. Raises `ValueError` for one that is not closed."""
    lines, found, number = text.splitlines(), [], 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        if not opened:
            number += 1
            continue
        first, indent, fence = number, opened["indent"], opened["fence"]
        number += 1
        inner = []
        while number < len(lines) and not re.fullmatch(rf"\s*{fence[0]}{{{len(fence)},}}\s*", lines[number]):
            inner.append(lines[number].removeprefix(indent))
            number += 1
        if number == len(lines):
            raise ValueError(f"{page}:{first + 1}: a block that is not closed")
        number += 1
        mark = _MARK.match(lines[first - 1]) if first else None
        words = opened["info"].split()
        told = (mark["word"], mark["rest"] or "") if mark else ("", "")
        found.append(Block(page, first + 1, words[0] if words else "", "\n".join(map(_included, inner)), *told))
    return found


def _included(line: str) -> str:
    snippet = _SNIPPET.match(line)
    return (ROOT / snippet["path"]).read_text("utf-8") if snippet else line


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page.read_text("utf-8"), str(page.relative_to(ROOT)))]


def commands(text: str) -> list[list[str]]:
    """The simple commands of a shell block as words, without prompts, comments and values of the environment."""
    lines = [line.removeprefix("$ ") for line in text.replace("\\\n", " ").splitlines()]
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        while words and re.match(r"[A-Z_]+=", words[0]):
            words = words[1:]
        if words:
            found.append([word for word in words if word != "..."])
    return found


def spans(text: str) -> list[str]:
    """The inline code of a page, outside of fenced blocks."""
    prose = re.sub(r"(?ms)^\s*(`{3,}|~{3,}).*?^\s*\1\s*$", "", text)
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose)


def parsed(words: list[str]) -> dict[str, Any]:
    """The options of a `mentalarena` command as the command line reads them, without running it. Raises what it raises."""
    context, rest = _resolved(words[1:])
    made = context.command.make_context(context.info_name, rest, parent=context.parent)
    return dict(made.params)


def options_of(words: list[str]) -> set[str]:
    """The options that the command, which may be the beginning of one, knows. Raises `LookupError` for no command."""
    context, _ = _resolved(words[1:])
    return {name for parameter in _parameters(context.command) for name in (*parameter.opts, *parameter.secondary_opts)}


def _parameters(command: Any) -> Iterator[Any]:
    yield from command.params
    for inner in getattr(command, "commands", {}).values():
        yield from _parameters(inner)


def _resolved(words: list[str]) -> tuple[Any, list[str]]:
    import typer

    from mentalarena.cli import app

    command: Any = typer.main.get_command(app)
    context = command.make_context("mentalarena", [], resilient_parsing=True)
    while words and hasattr(context.command, "commands"):
        inner = context.command.commands.get(words[0])
        if inner is None:
            if words[0].startswith("-"):
                break
            raise LookupError(f"mentalarena has no command {words[0]!r}")
        context = type(context)(inner, info_name=words[0], parent=context)
        words = words[1:]
    return context, words
