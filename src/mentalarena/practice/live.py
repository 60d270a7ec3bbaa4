"""What a patient says, shown in a terminal while it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from mentalarena.models.base import Heard
from mentalarena.report.text import printable


def line(who: str, text: str) -> Text:
    """A line of the talk. Control characters are left out, and nothing is read as markup."""
    return Text.assemble((f"{who}: ", "bold cyan" if who == "patient" else "dim"), printable(text) or "(silence)")


@contextmanager
def while_it_comes(console: Console, who: str) -> Iterator[Heard]:
    """What is heard of a line so far stands at the end of the screen, and is wiped off when the line has come, or does not come.

    So whatever was heard (a label in front, an answer that begins anew or is cut), the line that is kept is printed whole by
    whoever has it, and by the same code where the output is no terminal: there nothing is shown before."""
    with Live(line(who, "..."), console=console, auto_refresh=False, transient=True) as live:
        yield lambda text: live.update(_end_of(line(who, text), console), refresh=True)


def _end_of(shown: Text, console: Console) -> Group:
    """As much as the screen has room for: what has left it cannot be wiped off."""
    return Group(*shown.wrap(console, console.width)[-max(1, console.height - 1) :])
