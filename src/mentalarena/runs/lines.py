"""Lines of a large file by where they stand, so that one can be read again without those before it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LONGEST = 1 << 26
"""Bytes of a line that are held in memory. An episode has some 20 kB; a longer line than this is skipped unread."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a line stands: file, and the bytes from `offset` on, its end left out."""

    file: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells a file that was written anew from the one that was read."""

    device: int
    inode: int
    mtime_ns: int
    size: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def each_line(file: BinaryIO, longest: int = LONGEST) -> Iterator[tuple[int, int, bytes | None]]:
    """Number (from 1), offset and bytes of each line that is not empty, its end left out; None for one that is longer than
    `longest` bytes. `file` is open for bytes, at its start."""
    offset = number = 0
    while piece := file.readline(longest + 1):
        number, start, length = number + 1, offset, len(piece)
        too_long = length > longest and not piece.endswith(b"\n")
        if too_long:
            while rest := file.readline(longest):
                length += len(rest)
                if rest.endswith(b"\n"):
                    break
        offset += length
        if too_long:
            yield number, start, None
        elif text := piece.strip(b" \t\r\n"):
            yield number, start + piece.index(text[:1]), text


def read_at(where: Where) -> bytes:
    """The bytes that stand there now, fewer where the file has ended. Raises `OSError`."""
    with where.file.open("rb") as file:
        file.seek(where.offset)
        return file.read(where.length)
