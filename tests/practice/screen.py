"""The screen of a terminal, as far as a line that is shown while it comes needs one: text, ends of lines, colours, a hidden
cursor, one row up, a row wiped. Anything else that reaches it is an error: nobody who talks may write to the terminal."""

from __future__ import annotations

import io
import re

from rich.console import Console

_KNOWN = re.compile(r"\x1b\[(?:[\d;]*m|\?25[lh]|1A|2K)|[\r\n]|[^\r\n\x1b]")


class Screen(io.StringIO):
    """What stands on it, also above its top, where nothing can be wiped any more."""

    def __init__(self, width: int = 40, height: int = 6) -> None:
        super().__init__()
        self.width, self.height = width, height

    @property
    def console(self) -> Console:
        return Console(
            file=self, force_terminal=True, width=self.width, height=self.height, legacy_windows=False, _environ={}
        )

    @property
    def rows(self) -> list[str]:
        """Rows from the first to the cursor's, without spaces at their ends."""
        rows, row, column = [""], 0, 0
        told = self.getvalue()
        assert "".join(_KNOWN.findall(told)) == told, "a control sequence that is none of ours"
        for piece in _KNOWN.findall(told):
            if piece == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            elif piece == "\r":
                column = 0
            elif piece == "\x1b[1A":
                row = max(row - 1, len(rows) - self.height, 0)
            elif piece == "\x1b[2K":
                rows[row] = ""
            elif not piece.startswith("\x1b"):
                assert piece.isprintable(), repr(piece)
                rows[row] = rows[row][:column].ljust(column) + piece + rows[row][column + 1 :]
                column += 1
        assert not any(rows[row + 1 :]), "something is left below the cursor"
        return [text.rstrip() for text in rows[: row + 1]]
