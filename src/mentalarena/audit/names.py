"""What stands in a record that may be given away tells of no machine: a file or a model by its name, not by where it lies."""

from __future__ import annotations

import re
from pathlib import Path

_PATH = re.compile(r"(?<![\w.~:/\\])(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[^\s/\\:;,()'\"]+[/\\])*(?=[^\s/\\:;,()'\"])")
"""All folders of a path that begins at the root, the home, or here: up to its last part."""


def last_part(name: str | Path) -> str:
    """The name of a file, or of a model that is a folder here; a model of a hub (OWNER/NAME) keeps its name."""
    text, _, revision = str(name).partition("@")
    if isinstance(name, str) and text.count("/") <= 1 and not text.startswith(("/", "~", ".")) and "\\" not in text:
        return name
    end = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    return f"{end}@{revision}" if revision else end


def without_folders(text: str) -> str:
    """A message with every path in it cut down to its last part."""
    return _PATH.sub("", text)
