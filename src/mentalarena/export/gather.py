"""What of a run may go out: the main arm's rows, pairs and talks, less what an audit holds back and what is left out by licence.

Control arms are never exported: their answers are spoilt on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from mentalarena.audit.licences import LicensedRow, read_licence
from mentalarena.audit.record import AuditRecord
from mentalarena.errors import DataError
from mentalarena.export.formats import Record, dialogue
from mentalarena.runs.directory import each_of_jsonl
from mentalarena.training.preference import PreferencePair, read_pairs
from mentalarena.training.rows import THERAPIST, VERIFIER, Row, RowKind, RowLineage, lineage_of, read_episode, read_rows

What = TypeVar("What")
Example = TypeVar("Example", Row, PreferencePair)
SFT, PAIRS, EPISODES = "sft.jsonl", "preferences.jsonl", "episodes.jsonl"
DIALOGUE = "dialogue"
"""The kind of a record that is a whole talk."""


@dataclass(frozen=True, slots=True)
class Placed(Generic[What]):
    """A row, pair or episode, and where it stands."""

    what: What
    kind: str
    lineage: RowLineage
    file: str
    line: int
    """From 1."""

    @property
    def licensed(self) -> LicensedRow:
        return LicensedRow(self.file, self.line, self.lineage.patient, self.lineage.patient_licence)


@dataclass
class Gathered:
    """What goes out, and how many were left out for what reason."""

    rows: list[Placed[Row]] = field(default_factory=list)
    pairs: list[Placed[PreferencePair]] = field(default_factory=list)
    talks: list[Placed[Record]] = field(default_factory=list)
    """As they are exported: whole episodes would fill the memory."""
    held_back: Counter[str] = field(default_factory=Counter)
    """What the audit holds back, by `rows`, `pairs` and `talks`."""
    other_licence: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    """Equal to one of an earlier place."""
    taught: set[tuple[object, ...]] = field(default_factory=set)
    """What rows that are held back teach (prompt, answers): to be found again in what a model has learnt."""

    def __iter__(self) -> Iterator[Placed[Any]]:
        yield from self.rows
        yield from self.pairs
        yield from self.talks


def played_iterations(out: Path) -> list[int]:
    """The main arm's iterations that have rows."""
    found = (out / "arms" / "main").glob(f"iteration-*/{SFT}")
    return sorted(int(path.parent.name.removeprefix("iteration-")) for path in found)


def gather(
    out: Path, iterations: Sequence[int], audit: AuditRecord, patient_side: bool = False, only: Collection[str] = ()
) -> Gathered:
    """The exportable of some iterations, in their order. `only`: identifiers of licences (`read_licence`), empty for all.

    An episode that is held back takes its rows and pairs along, a therapist's row the pairs of its episode and kind and the talk.
    The patient's own replies hang on nothing: what is held against a talk is held against its episode.
    Raises `DataError` for a file that is missing or torn, or that the audit has not seen.
    """
    found = Gathered()
    kinds: tuple[RowKind, ...] = (*THERAPIST, *VERIFIER) if patient_side else THERAPIST
    for iteration in iterations:
        name = f"iteration-{iteration:02d}"
        folder = out / "arms" / "main" / name
        if not (folder / SFT).exists():
            raise DataError(f"{folder / SFT}: not there; expected rows of `mentalarena build --iteration {iteration}`")
        if f"arms/main/{name}/{SFT}" not in audit.files:
            raise DataError(f"{folder / SFT}: the audit has not examined it; expected `mentalarena audit` to be run again")
        episodes = _placed_episodes(folder / EPISODES, f"{name}/{EPISODES}")
        pairs = _placed_pairs(folder / PAIRS, f"{name}/{PAIRS}")
        rows = _placed_rows(folder / SFT, f"{name}/{SFT}")
        bad_episodes = {one.lineage.episode for one in _held(episodes, audit)}
        bad_rows = {(one.file, one.line) for one in rows if one.lineage.episode in bad_episodes}
        bad_rows |= {(one.file, one.line) for one in _held(rows, audit)}
        bad_answers = {
            (one.lineage.episode, one.kind)
            for one in rows
            if (one.file, one.line) in bad_rows and one.what.kind in THERAPIST
        }
        bad_talks = bad_episodes | {episode for episode, _ in bad_answers}
        bad_pairs = {(one.file, one.line) for one in _held(pairs, audit)}
        for row in rows:
            if (row.file, row.line) in bad_rows:
                found.taught.add(answer_of(row.what))
            if row.what.kind in kinds:
                _take(found, "rows", row, found.rows, (row.file, row.line) in bad_rows, only)
        for pair in pairs:
            bad = (pair.file, pair.line) in bad_pairs or pair.lineage.episode in bad_episodes
            bad = bad or (pair.lineage.episode, pair.kind) in bad_answers
            if bad:
                found.taught.add(answer_of(pair.what))
            _take(found, "pairs", pair, found.pairs, bad, only)
        for talk in episodes:
            _take(found, "talks", talk, found.talks, talk.lineage.episode in bad_talks, only)
    found.rows = _distinct(found, "rows", found.rows)
    found.pairs = _distinct(found, "pairs", found.pairs)
    return found


def _take(
    found: Gathered, name: str, one: Placed[What], kept: list[Placed[What]], bad: bool, only: Collection[str]
) -> None:
    if bad:
        found.held_back[name] += 1
    elif only and read_licence(one.lineage.patient_licence).id not in only:
        found.other_licence[name] += 1
    else:
        kept.append(one)


def _distinct(found: Gathered, name: str, placed: list[Placed[Example]]) -> list[Placed[Example]]:
    """First ones of equals, as in training: an equal row of another person would stand in both splits."""
    kept = {answer_of(one.what): one for one in reversed(placed)}
    found.repeated[name] += len(placed) - len(kept)
    return list(kept.values())[::-1]


def answer_of(what: Row | PreferencePair) -> tuple[object, ...]:
    """What an example teaches: equal ones are one."""
    return (what.prompt, what.completion) if isinstance(what, Row) else (what.prompt, what.chosen, what.rejected)


def _held(placed: Sequence[Placed[What]], audit: AuditRecord) -> list[Placed[What]]:
    return [one for one in placed if one.line - 1 in audit.held_back(one.file)]


def _placed_rows(path: Path, name: str) -> list[Placed[Row]]:
    return [Placed(row, row.kind, row.lineage, name, line) for line, row in enumerate(read_rows(path), 1)]


def _placed_pairs(path: Path, name: str) -> list[Placed[PreferencePair]]:
    pairs = read_pairs(path) if path.exists() else []
    return [Placed(pair, pair.kind, pair.lineage, name, line) for line, pair in enumerate(pairs, 1)]


def _placed_episodes(path: Path, name: str) -> list[Placed[Record]]:
    found = []
    for line, record in enumerate(each_of_jsonl(path) if path.exists() else (), 1):
        episode = read_episode(record, f"{path}:{line}")
        if len(episode.views.get("patient", ())) > 1:
            found.append(Placed(dialogue(episode), DIALOGUE, lineage_of(episode, "therapist"), name, line))
    return found
