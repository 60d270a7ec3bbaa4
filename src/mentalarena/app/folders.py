"""Which run directories are shown, and by what names. An address names a run, which is looked up here;
nothing of an address is ever joined to a path."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mentalarena.runs.directory import SETTINGS

DEPTH = 3
"""Folders below a given one that are looked into for run directories."""
MOST = 1000
"""Run directories that are shown, at most."""


@dataclass(frozen=True)
class Folders:
    """Run directories, or folders that hold some."""

    roots: Sequence[Path]

    def runs(self) -> Mapping[str, Path]:
        """Name to run directory, newest first. Links to folders are not followed, and a run whose files are links to
        somewhere else is left out: whoever made it would decide what of this machine is shown."""
        found: dict[Path, Path] = {}
        for root in self.roots:
            found.update((path.resolve(), path) for path in _runs_under(root, DEPTH) if not _leads_out(path))
        newest = sorted(list(found.values())[:MOST], key=_changed, reverse=True)
        return dict(zip(_names(newest), newest, strict=True))

    def run(self, name: str) -> Path | None:
        """The run directory of a name that `runs` gives."""
        return self.runs().get(name)


def _runs_under(folder: Path, depth: int) -> Iterable[Path]:
    if (folder / SETTINGS).is_file():
        yield folder
    elif depth:
        try:
            below = sorted(path for path in folder.iterdir() if not path.is_symlink() and path.is_dir())
        except OSError:
            return
        for path in below:
            yield from () if path.name.startswith(".") else _runs_under(path, depth - 1)


def _leads_out(run: Path) -> bool:
    for folder in (run, run / "evaluation"):
        try:
            with os.scandir(folder) as entries:
                links = [Path(entry.path).resolve() for entry in entries if entry.is_symlink()]
        except OSError:
            continue
        if not all(link.is_relative_to(run.resolve()) for link in links):
            return True
    return False


def _changed(run: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (run, run / SETTINGS))
    except OSError:
        return 0.0


def _names(paths: Sequence[Path]) -> list[str]:
    """The folder's own name, with as many of those above it as it takes to be the only one."""
    resolved = [path.resolve() for path in paths]
    deep = 1
    names = [_last(path, deep) for path in resolved]
    while deep < 20 and (twice := {name for name, count in Counter(names).items() if count > 1}):
        deep += 1
        names = [_last(path, deep) if name in twice else name for name, path in zip(names, resolved, strict=True)]
    return names


def _last(path: Path, count: int) -> str:
    return "~".join(path.parts[-count:]).replace("/", "~") or "run"
