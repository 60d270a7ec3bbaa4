"""The folder of an export: it appears whole or not at all, and nothing that a user keeps is overwritten."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mentalarena.errors import ConfigError, DataError, RunError
from mentalarena.runs.directory import digest_of_file, read_json, write_whole

MARK = "export.json"
"""In every export: what it was made from, and the SHA-256 of each of its files."""
MAKER = "mentalarena"


def check_target(to: Path, out: Path, force: bool = False) -> None:
    """Raises `ConfigError` where an export may not be put: over the run or into it, or over what is no export."""
    target, run = to.resolve(), out.resolve()
    if run.is_relative_to(target) or Path.cwd().is_relative_to(target) or Path.home().is_relative_to(target):
        raise ConfigError(f"{to}: the run, this directory or your home is in it; expected a folder for the export alone")
    if any(_touch(target, place) for place in _places(run)) or target.is_relative_to(run):
        raise ConfigError(f"{to}: in the run directory {out}; expected a folder outside of it")
    if force or not to.exists():
        return
    if not to.is_dir():
        raise ConfigError(f"{to}: a file; expected a folder for the export (--force moves it aside)")
    if not any(to.iterdir()):
        return
    if strange := _strange(to):
        raise ConfigError(
            f"{to}: {strange}; expected an empty folder or an earlier export (--force moves what is there aside)"
        )


def _places(run: Path) -> Iterator[Path]:
    """Where links of a run lead: its arms may lie on another disk."""
    for folder, folders, files in os.walk(run):
        yield from (path.resolve() for name in (*folders, *files) if (path := Path(folder, name)).is_symlink())


def _touch(target: Path, place: Path) -> bool:
    return target.is_relative_to(place) or place.is_relative_to(target)


def write_export(to: Path, fill: Callable[[Path], Mapping[str, Any]]) -> Path | None:
    """Let `fill` write into a new folder, add the mark with what it returns, and put the folder in place of an earlier export.
    What is no export is moved aside; returns where to. Raises `RunError`."""
    own: Path | None = None
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix=f".{to.name}.part-", dir=to.parent))  # another export may write there too
        part = own / "new"  # a folder of its own, since a temporary one is closed to others
        part.mkdir()
        told = fill(part)
        files = {str(path.relative_to(part)): digest_of_file(path) for path in sorted(part.rglob("*")) if path.is_file()}
        write_whole(part / MARK, json.dumps({"export": MAKER, "version": 1, **told, "files": files}, indent=1) + "\n")
        return _put(part, to)
    except OSError as error:
        raise RunError(f"{to}: {error.strerror or error}; expected a folder that can be written") from None
    finally:
        if own:
            shutil.rmtree(own, ignore_errors=True)


def _put(part: Path, to: Path) -> Path | None:
    if not to.exists():
        part.rename(to)
        return None
    keep = not to.is_dir() or (any(to.iterdir()) and bool(_strange(to)))
    aside = _free(to) if keep else part.with_name("old")
    to.rename(aside)
    try:
        part.rename(to)
    except OSError:
        if not to.exists():
            aside.rename(to)
        raise
    return aside if keep else None


def _free(to: Path) -> Path:
    """A name beside that nobody has."""
    number = 1
    while (path := to.with_name(f"{to.name}.before-{number}")).exists():
        number += 1
    return path


def _strange(folder: Path) -> str:
    """What makes a folder no export, or more than one; empty for an export as it was written."""
    if not (folder / MARK).is_file():
        return "not empty, and no export"
    try:
        told = read_json(folder / MARK, "the mark of an export")
    except DataError:
        return f"its {MARK} cannot be read"
    files = told.get("files")
    if told.get("export") != MAKER or not isinstance(files, dict):
        return f"its {MARK} is another's"
    own = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} - {MARK}
    if more := sorted(own - files.keys()):
        return f"{more[0]} is not of the export"
    if changed := sorted(name for name in own if digest_of_file(folder / name) != files[name]):
        return f"{changed[0]} was changed since the export"
    return ""
