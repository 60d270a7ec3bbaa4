"""A table as plain text of which nothing is cut, however wide: a number never stands without its interval."""

from __future__ import annotations

import io
from collections.abc import Sequence


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", left: Sequence[str] = ()) -> str:
    """The first column and those in `left` stand to the left, the others to the right; a cell may have several lines."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if not number or heading in left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))  # as it stands, whatever brackets are in it
    widths = [max(len(line) for text in (heading, *(row[n] for row in rows)) for line in text.split("\n"))
              for n, heading in enumerate(headings)]  # fmt: skip
    file = io.StringIO()
    Console(file=file, width=max(80, len(title), sum(widths) + 3 * len(widths) + 2)).print(table)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
