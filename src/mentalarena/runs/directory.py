"""The run directory: one writer at a time (or one a shard, runs/shards.py), settings that decide what is computed are fixed,
files appear whole or not.

DIR/config.json  DIR/journal.sqlite  DIR/iteration-NN/episodes.jsonl  DIR/summary.json
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

from mentalarena.config import Config
from mentalarena.errors import ConfigError, DataError, RunError
from mentalarena.runs.lines import each_line

SETTINGS = "config.json"
ROLE_FREE = (
    "base_url", "api_key_env", "concurrency", "timeout", "retries", "patience", "backoff", "requests_per_minute",
    "tokens_per_minute", "context", "max_batch", "cache_mb", "workers",
)  # fmt: skip
TRAINING_FREE = ("save_steps", "launcher", "device", "gradient_checkpointing", "tensorboard")
FREE = (
    *(f"models.{role}.{key}" for role in ("patient", "therapist", "judge") for key in ROLE_FREE),
    "play.concurrency",
    "loop.iterations",
    "loop.patience",
    "loop.stopping",
    *(f"training.{key}" for key in TRAINING_FREE),
    "budget.calls",
    "budget.tokens",
    "budget.cost",
    *(f"cluster.{key}" for key in ("ray", "shards", "workers", "cpus", "gpus", "retries")),
)
"""May change between calls: they decide how fast and how long, not what. Changes are kept in changes.jsonl."""
LARGEST = 1 << 25
"""Bytes of a file that is read whole. A summary has some 100 kB, the audit of a large run a few MB."""


@contextmanager
def open_run(path: Path, config: Mapping[str, Any], shared: bool = False) -> Iterator[Path]:
    """Create or reopen a run directory and hold its lock; `shared` with others who play shards of it, each its own.

    Raises `RunError` when it cannot be written or another process writes it, `ConfigError` when a fixed setting differs.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; expected a folder that can be written") from None
    with locked(path / ".lock", "another process is writing this run, or a shard of it; expected one writer", shared):
        if shared:
            with settling(path):
                _fix(path / SETTINGS, config)
        else:
            _fix(path / SETTINGS, config)
        yield path


@contextmanager
def settling(path: Path) -> Iterator[None]:
    """For the moment in which one of several processes that share a run directory fixes what all rely on."""
    with locked(path / ".settling", "another process keeps its settings; expected it to be done in a moment", wait=60.0):
        yield


@contextmanager
def locked(path: Path, otherwise: str, shared: bool = False, wait: float = 0.0) -> Iterator[None]:
    """Hold a lock file, which is gone with the process that holds it. Raises `RunError` that says `otherwise` when another
    process still has it after `wait` seconds."""
    try:
        file = path.open("a+")  # a shared lock on a network file system asks for reading, an exclusive one for writing
    except OSError as error:
        raise RunError(f"{path.parent}: {error.strerror}; expected a folder that can be written") from None
    with file:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise RunError(f"{path.parent}: {otherwise}") from None
                time.sleep(0.1)
            except OSError as error:
                raise RunError(f"{path.parent}: {error.strerror}; expected a file system with locks (flock)") from None
        yield


def _fix(path: Path, config: Mapping[str, Any]) -> None:
    if path.exists():
        defaults = flat(Config().model_dump(mode="json"))  # of a setting that came after the run had begun
        old, new = defaults | flat(read_json(path, "the settings that the run began with")), flat(config)
        changed = [k for k in sorted(old.keys() | new.keys()) if old.get(k) != new.get(k)]
        fixed = [k for k in changed if k not in FREE and not k.startswith("prices.")]
        if fixed:
            key = fixed[0]
            raise ConfigError(
                f"{path.parent}: {key} was {old.get(key)!r} and is now {new.get(key)!r}; "
                "expected the settings that the run began with (or another --out)"
            )
        if changed:
            log = path.with_name("changes.jsonl")
            before = log.read_text("utf-8") if log.exists() else ""
            write_whole(log, before + json.dumps({k: [old.get(k), new.get(k)] for k in changed}) + "\n")
    write_whole(path, json.dumps(config, indent=1, ensure_ascii=False) + "\n")


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A tree of settings as `a.b` to value, as `--set` names them."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def digest_of_file(path: Path, expected: str = "a file that can be read") -> str:
    """SHA-256 of a file, which need not fit into memory. Raises `DataError`."""
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected {expected}") from None


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader or a crash sees the old one or the new one. Raises `RunError`."""
    write_lines(path, [text])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """As `write_whole`, of a file that need not fit into memory; the lines bring their ends along."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; nothing that was there is lost") from None
    except UnicodeEncodeError:
        raise RunError(f"{path}: half a surrogate pair in a text or setting; expected Unicode text") from None


def open_file(path: Path) -> BufferedReader:
    """A file open for bytes. Raises `OSError` for what is no ordinary one: to open a pipe that nobody writes would wait for ever,
    and a device may never end."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        kind = os.fstat(number).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "a pipe, a socket or a device", str(path))
        return BufferedReader(FileIO(number, "rb"), 1 << 16)
    except BaseException:
        os.close(number)
        raise


def read_text(path: Path, largest: int = LARGEST) -> str:
    """An ordinary file of UTF-8 text. Raises `OSError`, also for one of more than `largest` bytes, and `UnicodeDecodeError`."""
    with open_file(path) as file:
        found = file.read(largest + 1)
    if len(found) > largest:
        raise OSError(errno.EFBIG, f"more than {largest >> 20} MB", str(path))
    return found.decode("utf-8")


def own_file(out: Path, name: str) -> Path | None:
    """A file of a run directory by its path under it; None where there is nothing. Raises `DataError` for what lies elsewhere, by
    way of its name or of links, and for what is no ordinary file."""
    path = out / name
    if not os.path.lexists(path):
        return None
    if not _lies_in(path, out):
        raise DataError(f"{path}: leads out of the run directory; expected a file of its own")
    if not path.is_file():
        raise DataError(f"{path}: a folder, a pipe or a device; expected an ordinary file")
    return path


def refuse_unless_file(path: Path) -> None:
    """Raises `RunError` where a journal is no ordinary file: SQLite would wait for ever at a pipe."""
    for part in (path, path.with_name(f"{path.name}-wal")):
        if part.exists() and not part.is_file():
            raise RunError(f"{part}: a folder, a pipe or a device; expected the journal of a run")


def _lies_in(path: Path, folder: Path) -> bool:
    inside = Path(os.path.realpath(folder))  # `Path.resolve` raises for links that lead to themselves
    return Path(os.path.realpath(path)).is_relative_to(inside)


def json_kind(value: object) -> str:
    """What a JSON value is, in words."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")


def read_json(path: Path, expected: str) -> dict[str, Any]:
    """A JSON object. Raises `DataError` that names the file and what was expected of it."""
    try:
        found = json.loads(read_text(path))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected {expected}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: torn or invalid JSON; expected {expected}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: {json_kind(found)}; expected {expected}")
    return found


def write_jsonl(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    write_lines(path, (json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n" for r in records))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All records of a file. Raises `DataError` with file and line for what is missing, torn or no object."""
    return list(each_of_jsonl(path))


def each_of_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """As `read_jsonl`, one at a time."""
    try:
        with open_file(path) as file:
            for number, _, line in each_line(file):
                if line is None:
                    raise DataError(f"{path}:{number}: too long; expected one JSON object a line")
                yield record_of(line.decode("utf-8"), f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}; expected a JSONL file") from None


def record_of(line: str | bytes, where: str) -> dict[str, Any]:
    """The JSON object of one line. Raises `DataError` with its place."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise DataError(f"{where}: torn or invalid JSON; expected one JSON object a line") from None
    if not isinstance(record, dict):
        raise DataError(f"{where}: {json_kind(record)}; expected one JSON object a line")
    return record
