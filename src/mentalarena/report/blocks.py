"""What a report is made of: sections of blocks, which the template sets. Texts are plain; the template escapes them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Table:
    """Cells in rows, of which the first `names` name the row."""

    kind: ClassVar[str] = "table"
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    """Below it: how its numbers were made."""
    names: int = 1
    texts: Sequence[int] = ()
    """Columns that hold sentences."""


@dataclass(frozen=True)
class Note:
    """A paragraph."""

    kind: ClassVar[str] = "note"
    text: str
    tone: str = ""
    """`warning` is set apart, `quiet` is small."""


@dataclass(frozen=True)
class Items:
    """A list, of sentences."""

    kind: ClassVar[str] = "items"
    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """What is called what."""

    kind: ClassVar[str] = "facts"
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Figures:
    """Drawings of report/curves.py side by side, each with its title: markup of our own, with text alternatives."""

    kind: ClassVar[str] = "figures"
    drawings: Sequence[tuple[str, str]]
    note: str = ""


@dataclass(frozen=True)
class Code:
    """Commands or settings, as they stand."""

    kind: ClassVar[str] = "code"
    text: str
    title: str = ""
    """Where there is one it is folded away on a screen."""


@dataclass(frozen=True)
class Cases:
    """Episodes to read, as report/cases.py tells them."""

    kind: ClassVar[str] = "cases"
    cases: Sequence[Any]


Block = Table | Note | Items | Facts | Figures | Code | Cases


@dataclass(frozen=True)
class Section:
    """A part with a heading and an anchor."""

    id: str
    title: str
    blocks: Sequence[Block]


def sections_of(*told: tuple[str, str, Sequence[Block | None]]) -> list[Section]:
    """Of (id, title, blocks) those that have something to tell."""
    found = [Section(id, title, [block for block in blocks if block is not None]) for id, title, blocks in told]
    return [section for section in found if section.blocks]
