"""What of a run may go out: the main arm's rows, pairs and talks, less what an audit holds back and what is left out by licence.

Control arms are never exported: their answers are spoilt on purpose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
AFTER: tuple[RowKind, ...] = ("outcome", "score")
"""What is said of a treatment or medicine once it is proposed: its words stand in those prompts."""
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
    return iterations_with(out, SFT)


def iterations_with(out: Path, name: str) -> list[int]:
    """The main arm's iterations that have a file; folders that somebody put beside them (`iteration-old`) are none."""
    folders = (out / "arms" / "main").glob("iteration-*")
    numbers = [(path, path.name.removeprefix("iteration-")) for path in folders if (path / name).is_file()]
    return sorted(int(told) for _, told in numbers if re.fullmatch("[0-9]{2,9}", told) and told == f"{int(told):02d}")


def gather(
    out: Path, iterations: Sequence[int], audit: AuditRecord, patient_side: bool = False, only: Collection[str] = ()
) -> Gathered:
    """The exportable of some iterations, in their order. `only`: identifiers of licences (`read_licence`), empty for all.

    An episode that is held back takes its rows and pairs along, any row the talk, a therapist's row the pairs of its episode and
    kind and what came after it: its words stand in those prompts. A talk tells only what a row of its episode teaches that goes
    out. What is held back is learnt (`taught`) of all the iterations that the audit has seen.
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
        _gather_one(found, folder, audit, kinds, only)
    for iteration in played_iterations(out):
        name = f"iteration-{iteration:02d}"
        if iteration not in iterations and f"arms/main/{name}/{SFT}" in audit.files:
            other = Gathered()
            _gather_one(other, out / "arms" / "main" / name, audit, kinds, only)
            found.taught |= other.taught
    found.rows = _distinct(found, "rows", found.rows)
    found.pairs = _distinct(found, "pairs", found.pairs)
    return found


def _gather_one(
    found: Gathered, folder: Path, audit: AuditRecord, kinds: Collection[RowKind], only: Collection[str]
) -> None:
    """Add one iteration."""
    name = folder.name
    episodes = _placed_episodes(folder / EPISODES, f"{name}/{EPISODES}")
    pairs = _placed_pairs(folder / PAIRS, f"{name}/{PAIRS}")
    rows = _placed_rows(folder / SFT, f"{name}/{SFT}")
    bad_episodes = {one.lineage.episode for one in _held(episodes, audit)}
    held = [one for one in rows if one.lineage.episode in bad_episodes] + _held(rows, audit)
    answers: dict[str, dict[str, set[str]]] = {}  # what is held back of the therapist's, by episode and kind
    for row in held:
        if row.what.kind in THERAPIST:
            answers.setdefault(row.lineage.episode, {}).setdefault(row.kind, set()).add(row.what.completion)

    def hangs(one: Placed[Row] | Placed[PreferencePair]) -> bool:
        """Whether words that are held back stand in its prompt."""
        own = answers.get(one.lineage.episode, {})
        if one.lineage.episode in bad_episodes:
            return True
        if ("diagnosis" in own and one.kind != "talk") or (own and one.kind in AFTER):
            return True
        said = {m.content for m in one.what.prompt if m.role == "assistant"}
        return any(texts & said for texts in own.values())

    bad_rows = {(one.file, one.line) for one in held} | {(one.file, one.line) for one in rows if hangs(one)}
    bad_pairs = {(one.file, one.line) for one in _held(pairs, audit)}
    bad_talks = bad_episodes | {one.lineage.episode for one in rows if (one.file, one.line) in bad_rows}
    passed: dict[str, list[Row]] = {}
    for row in rows:
        bad = (row.file, row.line) in bad_rows
        if bad:
            found.taught.add(answer_of(row.what))
        elif row.what.kind in THERAPIST:
            passed.setdefault(row.lineage.episode, []).append(row.what)
        if row.what.kind in kinds:
            _take(found, "rows", row, found.rows, bad, only)
    for pair in pairs:
        bad = (pair.file, pair.line) in bad_pairs or hangs(pair) or pair.kind in answers.get(pair.lineage.episode, {})
        if bad:
            found.taught.add(answer_of(pair.what))
        _take(found, "pairs", pair, found.pairs, bad, only)
    for talk in (one for one in episodes if one.what["dialogue"]):
        told = replace(talk, what=_as_taught(talk.what, passed.get(talk.lineage.episode, ())))
        _take(found, "talks", told, found.talks, talk.lineage.episode in bad_talks, only)


def _as_taught(talk: Record, rows: Sequence[Row]) -> Record:
    """A talk without the answers that no row of its episode teaches: no audit has read them."""
    told = dict(talk)
    for kind in THERAPIST:
        stated = f"{kind}: {talk[kind]}"
        texts = [row.completion for row in rows if row.kind == kind]
        if not any(text == stated or text.startswith(f"{stated}\n") for text in texts):
            told[kind] = None
            if kind == "diagnosis":
                told["candidates"] = []
            else:
                told[f"{kind}_score"] = None
    return told


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
        found.append(Placed(dialogue(episode), DIALOGUE, lineage_of(episode, "therapist"), name, line))
    return found
