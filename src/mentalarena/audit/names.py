"""What stands in a record that may be given away tells of no machine: a file or a model by its name, not by where it lies."""

from __future__ import annotations

import re

_REVISION = re.compile(r"(.*)@([0-9a-f]{12})", re.DOTALL)
_PATH = re.compile(
    r"(?:file:|(?<![\w<:/.~-])|(?<=[:=]))(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?!/)[^\s'\"`,;()<>|]+|file:///?[^\s'\"`,;()<>|]+"
)


def last_part(name: str) -> str:
    """The name of a file, or of a model that is a folder here; names of a hub (OWNER/NAME) and revisions stay."""
    base, revision = match.groups() if (match := _REVISION.fullmatch(name)) else (name, "")
    told = base.replace("\\", "/")
    if told.startswith(("/", ".", "~")) or told.count("/") > 1 or re.match("[A-Za-z]:/", told):
        told = told.rstrip("/").rsplit("/", 1)[-1].lstrip(".~") or "local model"
    return f"{told}@{revision}" if revision else told


def without_folders(text: str) -> str:
    """A text in which each path of a machine is its last name."""
    return _PATH.sub(lambda found: last_part(found[0].removeprefix("file:").strip()), text)
