"""The episodes of a run directory, all arms and iterations, as an index that is kept in memory: to filter, search, sort and
page ten thousand of them, and to read one again by where it stands.

    index = episodes_of(out)
    page = index.select(Filters(verdicts=("wrong",)), order="-similarity")
    episode = index.read(page.lines[0].id, page.lines[0].arm)

Nothing here writes, opens models or takes the run's lock, so a run that is being played can be looked at.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from mentalarena.clinic.clinics import open_clinic
from mentalarena.errors import DataError, MentalArenaError
from mentalarena.runs.directory import SETTINGS, open_file, record_of
from mentalarena.runs.lines import Stamp, Where, read_at
from mentalarena.stages.episode_lines import (
    EpisodeFile,
    EpisodeLine,
    Indexed,
    episode_files,
    id_of,
    indexed,
    lines_with_id,
    spoken,
    stamp_of,
)
from mentalarena.stages.filters import ALL, COLUMNS, Filters, Page, names, ordered, page_of
from mentalarena.stages.run import config_in, truths
from mentalarena.training.rows import read_episode

__all__ = ["COLUMNS", "EpisodeIndex", "EpisodeLine", "Filters", "Page", "episodes_of", "find", "kept"]
Key = TypeVar("Key")
Found = TypeVar("Found")
KEPT = 16
"""Run directories whose index is kept in memory, those that were asked for last."""
SEARCHES = 32
"""Searches, and selections, that an index keeps, so that the next page costs nothing."""
PATIENTS = 200_000
"""Beyond that many a clinic is not asked what is true: the settings of a run directory may be anybody's."""


@dataclass(frozen=True, eq=False)
class EpisodeIndex:
    """A run's episodes as they were when it was made; `episodes_of` makes another when files have changed."""

    out: Path
    lines: tuple[EpisodeLine, ...]
    """`main` first, then by arm, iteration and place in the file."""
    unreadable: int
    """Lines that are no episodes."""
    told: tuple[str, ...]
    """Of files, and of the first such lines, that cannot be read: where, what, and what was expected."""
    _places: Mapping[tuple[str, str], EpisodeLine] = field(repr=False)
    _searches: OrderedDict[str, frozenset[Where]] = field(default_factory=OrderedDict, repr=False)
    _selected: OrderedDict[tuple[Filters, str, str, bool], list[EpisodeLine]] = field(
        default_factory=OrderedDict, repr=False
    )
    _lock: Any = field(default_factory=Lock, repr=False)
    """Of what is kept: several threads may ask."""

    def select(
        self,
        filters: Filters = ALL,
        text: str = "",
        order: str = "id",
        page: int = 1,
        size: int = 50,
        dialogues: bool = False,
    ) -> Page:
        """The lines that pass, in order, of them one page (all where `size` is 0).

        `text` stands in ids, names or style, whatever the case; with `dialogues` in one message of what patient and therapist
        said to each other too (not in prompts, notes or trials), for which the files are read through. Raises `ConfigError`
        for an order that is none.
        """
        key = (filters, text.strip().casefold(), order, dialogues)
        found = self._kept(self._selected, key, lambda: self._select(*key))
        return page_of(found, page, size)

    def _select(self, filters: Filters, wanted: str, order: str, dialogues: bool) -> list[EpisodeLine]:
        found = [line for line in self.lines if filters.let(line)]
        if wanted:
            saying = self._saying(wanted) if dialogues else frozenset[Where]()
            found = [line for line in found if names(line, wanted) or line.where in saying]
        return ordered(found, order)

    @property
    def played(self) -> list[EpisodeLine]:
        """What the method itself has played, iterations that are not finished left out."""
        return [line for line in self.lines if line.arm == "main" and not line.coming]

    def values(self, column: str) -> list[Any]:
        """What stands in a column, each once, sorted: what a filter can offer. Of problems the steps."""
        if column == "problems":
            return sorted({failed.step for line in self.lines for failed in line.problems})
        return sorted({value for line in self.lines if (value := getattr(line, column)) is not None})

    def line(self, id: str, arm: str = "main") -> EpisodeLine | None:
        """The line of an episode."""
        return self._places.get((arm, id))

    def read(self, id: str, arm: str = "main") -> dict[str, Any]:
        """A whole episode as `dataclasses.asdict` gives it. Raises `DataError`."""
        if line := self.line(id, arm):
            try:
                text = read_at(line.where)
            except OSError:
                text = b""
            if id_of(text) == id:
                return _whole(text, f"{line.where.file}, byte {line.where.offset}")
        return find(self.out, id, arm)  # the file has changed since

    def _saying(self, wanted: str) -> frozenset[Where]:
        return self._kept(self._searches, wanted, lambda: frozenset(_said(self.lines, wanted)))

    def _kept(self, among: OrderedDict[Key, Found], key: Key, make: Callable[[], Found]) -> Found:
        """What was made for a key before, or is made now; of two threads that make it at once one is kept."""
        with self._lock:
            if key in among:
                return among[key]
        found = make()
        with self._lock:
            among[key] = found
            while len(among) > SEARCHES:
                among.popitem(last=False)
        return found


def episodes_of(out: Path) -> EpisodeIndex:
    """The index of a run directory: the one that is kept while its files are as they were, or else a new one, for which only
    files that have changed are read through (10,000 episodes of 25 kB: a second or two). Several threads may ask.

    A directory without episodes has an empty index."""
    return _run_at(out.resolve()).index()


def kept(out: Path) -> EpisodeIndex | None:
    """The index that is kept, however old; None where none has been made yet. Costs nothing."""
    with _LOCK:
        run = _RUNS.get(out.resolve())
    return run.made if run else None


def find(out: Path, id: str, arm: str = "main") -> dict[str, Any]:
    """A whole episode as `dataclasses.asdict` gives it, without an index: the files of the arm are looked through, the one
    that the id names first. Raises `DataError`."""
    files = [file for file in episode_files(out) if file.arm == arm]
    for file in sorted(files, key=lambda file: not id.startswith(f"{file.iteration:02d}-")):
        try:
            lines = lines_with_id(file.path, id)
            # of a play that goes on the last: what was met again takes the place of the first
            for number, text in deque(lines, 1) if file.coming else islice(lines, 1):
                return _whole(text, f"{file.path}:{number}")
        except OSError as error:
            raise DataError(f"{file.path}: {error.strerror}; expected a file of episodes") from None
    raise DataError(f"{out}: no episode {id!r} in arm {arm!r}; expected an id that `mentalarena show` lists")


def _whole(text: bytes, where: str) -> dict[str, Any]:
    return asdict(read_episode(record_of(text, where), where))


def _said(lines: Iterable[EpisodeLine], wanted: str) -> Iterator[Where]:
    """Where a dialogue says it. The line's bytes are looked at first, as JSON has them: to read each as JSON takes several
    times as long."""
    needle = json.dumps(wanted, ensure_ascii=False)[1:-1]
    for path, own in groupby((line.where for line in lines), key=attrgetter("file")):
        try:
            with open_file(path) as file:
                for where in own:
                    file.seek(where.offset)
                    text = file.read(where.length)
                    likely = needle in text.decode("utf-8", "replace").casefold()
                    if likely and any(wanted in said.casefold() for said in spoken(text)):
                        yield where
        except OSError:  # gone since: the next index tells
            continue


@dataclass
class _Kept:
    """A run directory whose files were read through."""

    out: Path
    lock: Lock = field(default_factory=Lock)
    files: dict[EpisodeFile, Indexed] = field(default_factory=dict)
    known: dict[int, tuple[Mapping[str, str], str]] = field(default_factory=dict)
    """By iteration: what each patient has, or why nobody can tell."""
    settings: Stamp | None = None
    made: EpisodeIndex | None = None
    broken: tuple[str, ...] = ()

    def index(self) -> EpisodeIndex:
        with self.lock:
            files, settings = episode_files(self.out), stamp_of(self.out / SETTINGS)
            held, broken = dict[EpisodeFile, Indexed](), list[str]()
            for file in files:
                before = self.files.get(file)
                try:
                    held[file] = before if before and before.stamp == stamp_of(file.path) else indexed(file)
                except DataError as error:
                    broken.append(str(error))
            same = self.made and list(held.items()) == list(self.files.items()) and self.settings == settings
            if not same or self.broken != tuple(broken):
                if self.settings != settings:
                    self.known.clear()
                self.files, self.settings, self.broken = held, settings, tuple(broken)
                self.made = self._made()
            assert self.made is not None  # noqa: S101
            return self.made

    def _made(self) -> EpisodeIndex:
        lines = list[EpisodeLine]()
        for file, one in self.files.items():
            if file.iteration not in self.known:
                self.known[file.iteration] = _with_disorder(self.out, file.iteration)
            known = self.known[file.iteration][0]
            lines += [replace(line, truth=known.get(line.patient_id)) if known else line for line in one.lines]
        places = {(line.arm, line.id): line for line in reversed(lines)}  # the first of two that claim one address
        unreadable = sum(one.unreadable for one in self.files.values())
        notes = [note for one in self.files.values() for note in one.told]
        whys = dict.fromkeys(why for _, why in self.known.values() if why)
        return EpisodeIndex(self.out, tuple(lines), unreadable, (*self.broken, *notes, *whys), places)


_LOCK, _RUNS = Lock(), OrderedDict[Path, _Kept]()


def _run_at(out: Path) -> _Kept:
    with _LOCK:
        run = _RUNS.setdefault(out, _Kept(out))
        _RUNS.move_to_end(out)
        while len(_RUNS) > KEPT:
            _RUNS.popitem(last=False)
        return run


def _with_disorder(out: Path, iteration: int) -> tuple[Mapping[str, str], str]:
    """What each patient of an iteration has, where the clinic knows (own files are not even opened), and what went wrong."""
    try:
        config = config_in(out)
        if config.clinic.source not in ("generated", "library") or config.play.patients > PATIENTS:
            return {}, ""
        known = truths(open_clinic(config.clinic.source), config, iteration)
    except MentalArenaError as error:
        return {}, f"{error}; diagnoses stand without references"
    return {patient: reference.disorder for patient, reference in known.items()}, ""
