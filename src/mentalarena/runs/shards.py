"""Shards: an iteration's play in a fixed number of parts, each with a journal of its own, which any number of processes on any
number of machines may play at the same time.

DIR/arms/ARM/iteration-NN/shards/03-of-16/  journal.sqlite  episodes.jsonl  play.json

The part that a patient belongs to follows from its id alone, so that neither the number of workers nor their order decides
anything, and whoever takes a shard over goes on from its journal.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mentalarena.errors import ConfigError, RunError
from mentalarena.runs.directory import SETTINGS, locked
from mentalarena.runs.journal import Journal, Place

SHARDS = "shards"
JOURNAL = "journal.sqlite"
LOST = 60.0
"""Seconds for which a shard is waited for whose worker is thought to be lost: it may live a little longer than that."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number`, counted from 0, of `of`."""

    number: int
    of: int

    @property
    def name(self) -> str:
        return f"{self.number:02d}-of-{self.of:02d}"

    def holds(self, patient_id: str) -> bool:
        """Whether a patient is played in this part."""
        return int.from_bytes(hashlib.sha256(patient_id.encode()).digest()[:8]) % self.of == self.number


def shard_of(text: str) -> Shard:
    """`3/16` as a shard. Raises `ConfigError`."""
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    if not found or int(found[1]) >= int(found[2]):
        raise ConfigError(
            f"--shard {text}: expected NUMBER/OF, such as 3/16, where numbers go from 0 to OF - 1 and OF is at most 9999"
        )
    return Shard(int(found[1]), int(found[2]))


def all_of(count: int) -> list[Shard]:
    """All shards of a play in `count` parts."""
    return [Shard(number, count) for number in range(count)]


def begun(iteration: Path) -> list[Shard]:
    """All shards of the play that has begun in an iteration's folder; none where it has not begun in shards."""
    names = (re.fullmatch(r"[0-9]+-of-([0-9]+)", path.name) for path in (iteration / SHARDS).glob("*-of-*"))
    counts = {int(name[1]) for name in names if name}
    if len(counts) > 1:
        raise RunError(f"{iteration / SHARDS}: shards of different plays; expected folders NN-of-N with the same N")
    return all_of(counts.pop()) if counts else []


def claim(out: Path, iteration: Path, place: Place, shard: Shard) -> Path:
    """The folder of a shard, made where it is not there yet; to be called by one process at a time.

    Raises `ConfigError` when the play is in another number of parts, `RunError` when it has begun in one piece."""
    others = begun(iteration)
    if others and others[0].of != shard.of:
        raise ConfigError(f"{iteration}: its play is in {others[0].of} shards; expected --shard NUMBER/{others[0].of}")
    if not others and has_played(out / JOURNAL, place):
        raise RunError(f"{out}: its play has begun without shards; expected the same command without --shard to end it")
    folder = iteration / SHARDS / shard.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: {error.strerror}; expected a folder that can be written") from None
    return folder


@contextmanager
def shard_journal(folder: Path, wait: float = 0.0) -> Iterator[Journal]:
    """A shard's journal under the shard's lock. Raises `RunError` when another process still plays it after `wait` seconds."""
    with locked(folder / ".lock", "another process is playing this shard; expected one", wait=wait):
        journal = Journal(folder / JOURNAL)
        try:
            yield journal
        finally:
            journal.close()


def has_played(path: Path, place: Place) -> bool:
    """Whether a journal holds a reply of this place's iteration and stage, whosever."""
    if not path.exists():
        return False
    with _open(path) as db:
        asked = "SELECT 1 FROM replies WHERE iteration=? AND stage=? LIMIT 1"
        return db.execute(asked, place.key[:2]).fetchone() is not None


def take_in(out: Path, iterations: Iterable[Path] | None = None) -> None:
    """Copy what the shards were answered into the run's journal, so that it is found, shared and counted there as if one process
    had played; without `iterations` that of all iterations whose shards have not been joined. To be called by the only writer.

    Rows of two journals never clash: each stands under what it is (a place, a digest)."""
    if iterations is None:
        iterations = (folder for folder in out.glob("arms/*/iteration-*") if not (folder / "play.json").exists())
    for folder in sorted(path.parent for iteration in iterations for path in iteration.glob(f"{SHARDS}/*-of-*/{JOURNAL}")):
        with shard_journal(folder, LOST):  # brings an older file up to date, and tells one that is damaged
            pass
        _copy(folder / JOURNAL, out / JOURNAL)


def lend(source: Path, folder: Path) -> None:
    """Give a shard what the same shard of another arm was answered, so that it does not ask again what is equal."""
    if (source / JOURNAL).exists():
        with shard_journal(source, LOST), shard_journal(folder, LOST):
            _copy(source / JOURNAL, folder / JOURNAL)


def _copy(source: Path, into: Path) -> None:
    with _open(into) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'").fetchall()
        db.execute("ATTACH ? AS other", (str(source),))
        db.execute("BEGIN IMMEDIATE")
        for (table,) in tables:
            db.execute(f'INSERT OR IGNORE INTO main."{table}" SELECT * FROM other."{table}"')  # noqa: S608 - own tables
        db.execute("COMMIT")


def answered(out: Path) -> bool:
    """Whether anything was ever answered in a run directory, its shards included."""
    for path in (out / JOURNAL, *out.glob(f"arms/*/iteration-*/{SHARDS}/*/{JOURNAL}")):
        if path.exists():
            with closing(Journal(path)) as journal:
                if not journal.empty:
                    return True
    return False


def forget(out: Path) -> None:
    """Settings that were refused do not bind a run directory in which nothing was ever answered or made; where others still play
    shards, the last of them sees to it."""
    try:
        with locked(out / ".lock", "others are at it"):
            if not any(out.glob("arms/**/*.json*")) and not answered(out):
                (out / SETTINGS).unlink(missing_ok=True)
                for folder in out.glob(f"arms/*/iteration-*/{SHARDS}"):
                    shutil.rmtree(folder, ignore_errors=True)
    except RunError:
        pass


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise RunError(
            f"{path}: the journal, or a shard's beside it, cannot be read ({error}); nothing was changed"
        ) from None
