"""What a table shows of each episode of a file, read line by line so that no episode is held: one short record a line, and
where the line stands."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from mentalarena.errors import DataError
from mentalarena.runs.directory import open_file
from mentalarena.runs.lines import Stamp, Where, each_line
from mentalarena.runs.runner import PART, part_of
from mentalarena.runs.shards import SHARDS
from mentalarena.stages.play import EPISODES
from mentalarena.training.rows import first_of

TOLD = 20
"""Lines of a file that are named when they cannot be read; all are counted."""


class Failed(NamedTuple):
    """A step that failed, and how (`arena.types.Problem`)."""

    step: str
    kind: str


@dataclass(frozen=True, slots=True)
class EpisodeLine:
    """An episode in a table: what it is found and sorted by."""

    id: str
    """Unique within an arm: both together are an episode's address."""
    iteration: int
    arm: str
    patient_id: str
    style: str
    """The principles that the patient talked by."""
    diagnosis: str | None
    """What the patient chose in both orders; None where nothing was agreed."""
    truth: str | None
    """The reference's disorder; None where nobody knows it."""
    similarity: float | None
    """Of the last decoding, the mean over components, in cosine; None where nothing was decoded."""
    score: int | None
    """Of the best trial, 1 to 10; None where nothing was scored."""
    problems: tuple[Failed, ...]
    turns: int
    """How often the patient spoke."""
    stop_reason: str
    where: Where = field(repr=False)

    @property
    def coming(self) -> bool:
        """Whether its play is not finished (`runner.part_of`)."""
        return self.where.file.suffix == PART

    @property
    def right(self) -> bool | None:
        """Whether the diagnosis is the reference's; None where one of them is missing."""
        return None if self.diagnosis is None or self.truth is None else self.diagnosis == self.truth


@dataclass(frozen=True, slots=True)
class EpisodeFile:
    """An `episodes.jsonl` of a run directory, or what there is of one that is being played."""

    path: Path
    arm: str
    iteration: int

    @property
    def coming(self) -> bool:
        """Whether it is being played, or was when the process was killed."""
        return self.path.suffix == PART


@dataclass(frozen=True, slots=True)
class Indexed:
    """A file that was read through once. What is true of the patients is not in it."""

    stamp: Stamp
    lines: tuple[EpisodeLine, ...]
    unreadable: int
    told: tuple[str, ...]
    """Of the first lines that cannot be read: where, what, and what was expected."""


def episode_files(out: Path) -> list[EpisodeFile]:
    """All files of episodes in a run directory, `main` first; of a play that is not joined yet those of its shards, and of one
    that is not finished what there is. A file that lies elsewhere (behind a link) is none of the run's."""
    folders = {(path.parent.name, path.name): path for path in out.glob("arms/*/iteration-*")}
    for path in out.glob("iteration-*"):
        folders.setdefault(("main", path.name), path)
    inside, found = out.resolve(), list[EpisodeFile]()
    for (arm, name), folder in sorted(folders.items(), key=lambda pair: (pair[0][0] != "main", pair[0])):
        if (number := re.fullmatch(r"iteration-([0-9]{2,6})", name)) and arm.isprintable():
            shards = [] if (folder / EPISODES).exists() else sorted(folder.glob(f"{SHARDS}/*-of-*"))
            wholes = [one / EPISODES for one in (folder, *shards)]
            paths = [whole if whole.exists() else part_of(whole) for whole in wholes]
            own = [path for path in paths if path.is_file() and path.resolve().is_relative_to(inside)]
            found += [EpisodeFile(path, arm, int(number[1])) for path in own]
    return found


def stamp_of(path: Path) -> Stamp | None:
    """As the file stands now; None where it is gone."""
    try:
        return Stamp.of(path.stat())
    except OSError:
        return None


def indexed(file: EpisodeFile) -> Indexed:
    """A file's episodes; lines that are none are counted and told. Raises `DataError` for a file that cannot be read."""
    lines, unreadable, told, torn = list[EpisodeLine](), 0, list[str](), False
    try:
        with open_file(file.path) as opened:
            stamp = Stamp.of(os.fstat(opened.fileno()))
            for number, offset, text in each_line(opened):
                try:
                    if text is None:
                        raise DataError("too long; expected one episode a line")
                    lines.append(_line_of(text, file, Where(file.path, offset, len(text))))
                    torn = False
                except DataError as error:
                    unreadable, torn = unreadable + 1, True
                    if len(told) < TOLD:
                        told.append(f"{file.path}:{number}: {error}")
    except OSError as error:
        raise DataError(f"{file.path}: {error.strerror}; expected a file of episodes") from None
    if file.coming:
        lines = list({line.id: line for line in lines}.values())
        if torn:  # the last line has no end yet
            unreadable -= 1
            told = told[:unreadable]
    return Indexed(stamp, tuple(lines), unreadable, tuple(told))


def lines_with_id(path: Path, id: str) -> Iterator[tuple[int, bytes]]:
    """Number and text of the lines of this `id`, found without reading the others as JSON. Raises `OSError`."""
    needles = {json.dumps(id, ensure_ascii=plain).encode("utf-8", "surrogatepass") for plain in (True, False)}
    with open_file(path) as opened:
        for number, _, text in each_line(opened):
            if text and any(needle in text for needle in needles) and id_of(text) == id:
                yield number, text


def id_of(text: bytes) -> str | None:
    """The id of a line's episode; None where it is none."""
    try:
        return _NAMED.validate_json(text).id
    except ValidationError:
        return None


def spoken(text: bytes) -> list[str]:
    """What was said aloud in a line's episode, message by message; nothing where it is none."""
    try:
        return [message.content for message in _TALKED.validate_json(text).views.get("patient", [])[1:]]
    except ValidationError:
        return []


@dataclass(slots=True)
class _Named:
    id: str


@dataclass(slots=True)
class _Said:
    content: str


@dataclass(slots=True)
class _Talked:
    views: Mapping[str, list[_Said]]


@dataclass(slots=True)
class _Speaker:
    role: str


@dataclass(slots=True)
class _Compared:
    similarity: Annotated[float, Field(allow_inf_nan=False)]


@dataclass(slots=True)
class _Decoded:
    comparisons: list[_Compared]


@dataclass(slots=True)
class _Diagnosed:
    chosen: str | None


@dataclass(slots=True)
class _Tried:
    score: int | None


@dataclass(slots=True)
class _Problem:
    step: str
    kind: str


@dataclass(slots=True)
class _Short:
    """Of `arena.types.Episode` what a line is made of: texts that nobody needs are not even made."""

    id: Annotated[str, Field(min_length=1)]
    patient_id: str
    principles: str
    views: dict[str, list[_Speaker]]
    decodings: list[_Decoded]
    diagnosis: _Diagnosed | None
    trials: list[_Tried]
    problems: list[_Problem]
    stop_reason: str


_SHORT, _NAMED, _TALKED = TypeAdapter(_Short), TypeAdapter(_Named), TypeAdapter(_Talked)


def _line_of(text: bytes, file: EpisodeFile, where: Where) -> EpisodeLine:
    try:
        short = _SHORT.validate_json(text)
    except ValidationError as error:
        torn = error.errors()[0]["type"] == "json_invalid"
        what = "torn or invalid JSON" if torn else first_of(error)
        raise DataError(f"{what}; expected an episode") from None
    compared = short.decodings[-1].comparisons if short.decodings else []
    mean = sum(c.similarity for c in compared) / len(compared) if compared else 0.0
    chosen = short.diagnosis.chosen if short.diagnosis else None
    return EpisodeLine(
        id=short.id,
        iteration=file.iteration,
        arm=file.arm,
        patient_id=short.patient_id,
        style=intern(short.principles),
        diagnosis=intern(chosen) if chosen else None,
        truth=None,
        similarity=mean if short.decodings else None,
        score=max((trial.score for trial in short.trials if trial.score is not None), default=None),
        problems=tuple(Failed(intern(problem.step), intern(problem.kind)) for problem in short.problems),
        turns=sum(message.role == "assistant" for message in short.views.get("patient", [])),
        stop_reason=intern(short.stop_reason),
        where=where,
    )
