"""The questions that may stand in no row: of a folder of benchmark files, and of single files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.audit.contamination import question_texts
from mentalarena.clinic.audit import words_of
from mentalarena.errors import DataError
from mentalarena.evaluation.benchmarks.catalogue import Benchmark, catalogue
from mentalarena.evaluation.benchmarks.questions import load_questions, local_file, read_records

FIELDS = ("question", "query", "text", "prompt", "input", "stem", "post")
"""Where the question may stand in a file that the catalogue does not know: the first that is there."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What is looked for, and where it comes from."""

    texts: Mapping[str, str]
    """By `set id`; a text that several sets have stands here once."""
    sets: tuple[str, ...]
    """Name and number of each set, for the reader."""


def read_questions(paths: Sequence[Path]) -> Questions:
    """The questions of folders (every set of the catalogue that lies there) and of single files (JSONL, JSON, CSV, or a text
    file with one a line). Raises `DataError` with file and what was expected."""
    texts, sets, seen = dict[str, str](), list[str](), set[str]()
    for path in paths:
        for name, found in _folder(path) if path.is_dir() else _file(path):
            sets.append(f"{name} {len(found)}")
            for number, text in found.items():
                if (plain := " ".join(words_of(text))) not in seen:  # n-grams of several questions would be no evidence
                    seen.add(plain)
                    texts[f"{name} {number}"] = text
    return Questions(texts, tuple(sets))


def _folder(data: Path) -> Iterable[tuple[str, Mapping[str, str]]]:
    by_file: dict[Path, list[Benchmark]] = {}
    for told in catalogue().values():
        if file := local_file(told, data):
            by_file.setdefault(file, []).append(told)
    if not by_file:
        raise DataError(
            f"{data}: no benchmark files; expected some of `mentalarena benchmarks list`, or single files as --data"
        )
    for file, benchmarks in by_file.items():
        yield from _of_sets(file, [(told, data) for told in benchmarks])


def _file(path: Path) -> Iterable[tuple[str, Mapping[str, str]]]:
    known = [
        (told, path.parents[len(Path(name).parts) - 1])
        for told in catalogue().values()
        for name in told.files
        if path.absolute().match(name)
    ]
    if known and path.exists():
        return _of_sets(path, known)
    if not path.exists():
        raise DataError(
            f"{path}: No such file or directory; expected a folder of benchmark files, or a file of questions (JSONL, JSON, CSV "
            "or text)"
        )
    if path.suffix == ".txt":
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}; expected a text file") from None
        return [(path.name, {str(number): line for number, line in enumerate(lines, 1) if line.strip()})]
    records = read_records(path)
    return [(path.name, {str(number): _question(r, f"{path}:record {number}") for number, r in enumerate(records, 1)})]


def _of_sets(file: Path, known: Sequence[tuple[Benchmark, Path]]) -> Iterable[tuple[str, Mapping[str, str]]]:
    """The questions of one file by the sets that it may hold: a file of one subject does not hold those of the others."""
    found, problems = list[tuple[str, Mapping[str, str]]](), list[DataError]()
    for told, data in known:
        try:
            found.append((told.name, question_texts(load_questions(told, data))))
        except DataError as error:
            problems.append(error)
    if not found:
        raise problems[0]
    return found


def _question(record: Mapping[str, Any], where: str) -> str:
    for name in FIELDS:
        if isinstance(text := record.get(name), str) and text.strip():
            return text
    raise DataError(f"{where}: no question; expected a text as one of {', '.join(FIELDS)}")
