"""Which run directories are shown, and by what names. An address names a run, which is looked up here;
nothing of an address is ever joined to a path."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from mentalarena.runs.directory import SETTINGS

DEPTH = 3
"""Folders below a given one that are looked into for run directories."""
MOST = 1000
"""Run directories that are shown, at most: the newest."""
LIFE = 2.0
"""Seconds for which a listing is good: whoever asks within them walks through no folder."""


@dataclass(frozen=True)
class Folders:
    """Run directories, or folders that hold some."""

    roots: Sequence[Path]
    life: float = LIFE
    most: int = MOST
    _kept: list[tuple[float, Mapping[str, Path]]] = field(default_factory=list, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, repr=False, compare=False)

    def runs(self) -> Mapping[str, Path]:
        """Name to run directory, newest first. Links to folders are not followed, and a run whose files are links to
        somewhere else is left out: whoever made it would decide what of this machine is shown. As it was at most `life`
        seconds ago."""
        with self._lock:  # one walk at a time; who waited for it takes what it has found
            if not self._kept or monotonic() - self._kept[0][0] >= self.life:
                found = self._walk()
                self._kept[:] = [(monotonic(), found)]
            return self._kept[0][1]

    def _walk(self) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for root in self.roots:
            found.update((os.path.realpath(path), path) for path in _runs_under(root, DEPTH) if not _leads_out(path))
        newest = sorted(found.values(), key=_changed, reverse=True)[: self.most]
        return dict(zip(_names(newest), newest, strict=True))

    def run(self, name: str) -> Path | None:
        """The run directory of a name that `runs` gives, or gave before."""
        kept = self._kept[0][1].get(name) if self._kept else None
        found = kept if kept and _is_run(kept) else self.runs().get(name)
        return None if found is None or _leads_out(found) else found


def _runs_under(folder: Path, depth: int) -> Iterable[Path]:
    if _is_run(folder):
        yield folder
    elif depth:
        try:
            with os.scandir(folder) as entries:
                below = sorted(entry.path for entry in entries if not entry.name.startswith(".") and _is_folder(entry))
        except OSError:
            return
        for path in below:
            yield from _runs_under(Path(path), depth - 1)


def without_place(text: object, path: Path, name: str) -> str:
    """A text about a run without where on this machine it lies."""
    found = str(text)
    for place in dict.fromkeys((os.path.realpath(path), str(path.absolute()), str(path))):
        found = found.replace(place, name)
    return found


def _is_run(folder: Path) -> bool:
    try:
        return (folder / SETTINGS).is_file()
    except OSError:  # a folder that may not be entered
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _leads_out(run: Path) -> bool:
    for folder in (run, run / "evaluation"):
        try:
            with os.scandir(folder) as entries:
                links = [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]
        except OSError:
            continue
        if links and not all(Path(link).is_relative_to(os.path.realpath(run)) for link in links):
            return True
    return False


def _changed(run: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (run, run / SETTINGS))
    except OSError:
        return 0.0


def _names(paths: Sequence[Path]) -> list[str]:
    """The folder's own name, with as many of those above it as it takes to be the only one."""
    resolved = [Path(os.path.realpath(path)) for path in paths]
    deep = 1
    names = [_last(path, deep) for path in resolved]
    while deep < 20 and (twice := {name for name, count in Counter(names).items() if count > 1}):
        deep += 1
        names = [_last(path, deep) if name in twice else name for name, path in zip(names, resolved, strict=True)]
    return names


def _last(path: Path, count: int) -> str:
    name = "~".join(path.parts[-count:]).replace("/", "~") or "run"
    return name.encode("utf-8", "backslashreplace").decode()  # what is no UTF-8 can stand in no address
