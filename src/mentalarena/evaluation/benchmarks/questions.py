"""Closed questions from files in the forms in which benchmarks are published.

What the data leave open is an error, never a guess: a key that is no option, numbers that may count from 0 or from 1.
"""

from __future__ import annotations

import csv
import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.errors import DataError
from mentalarena.evaluation.benchmarks.catalogue import Benchmark

Record = Mapping[str, Any]
LETTERS = string.ascii_uppercase
WORDS = 3
"""Up to so many labels are asked as words ("yes", "no"); more, or longer ones, get letters."""
_LETTERED = re.compile(r"^\s*\(?([A-Z])[.):]\s*(.+?)\s*$", re.MULTILINE)
_KEY = re.compile(r"\(?([A-Z])\)?(?:[.):\s]|$)")
_SEVERAL = re.compile(r"\(?[A-Z]\)?\s*(?:,|&|and)\s*\(?[A-Z]\b")
_FIELD = 1 << 24
"""Characters of one field of a CSV file."""


@dataclass(frozen=True, slots=True)
class Question:
    """One closed question. Where the options are words (yes, no), label and text are the same."""

    id: str
    text: str
    options: dict[str, str]
    """Label to text, in the order in which they are shown."""
    answer: str
    """The label of the right option."""

    @property
    def words(self) -> bool:
        """Whether words are answered, and not letters."""
        return all(label == text for label, text in self.options.items())


def load_questions(told: Benchmark, data: Path | None, examples: bool = False) -> list[Question]:
    """The questions of a benchmark (with `examples`: those that may be shown as examples), from the user's folder where a file
    of it lies there, else from the hub. Raises `DataError` with file, record, field and what was expected."""
    where, records = _records(told, data, examples)
    keys = {number: _key(told, record, f"{where}:{number}") for number, record in enumerate(records, 1)}
    if told.several == "leave out":
        keys = {number: key for number, key in keys.items() if not _SEVERAL.match(str(key))}
    options = {number: _options(told, records[number - 1], f"{where}:{number}") for number in keys}
    base = _base(
        keys.values(), max(map(len, options.values()), default=0), f"{where}: {told.answer}"
    )  # of all, not of a subject
    found = []
    for number, key in keys.items():
        record, place = records[number - 1], f"{where}:{number}"
        if all(str(_field(record, field)) in values for field, values in told.where.items()):
            answer = _label(key, base, options[number], f"{place}: {told.answer}")
            found.append(Question(f"{number:05d}", _text(told, record, place), options[number], answer))
    if not found:
        raise DataError(
            f"{where}: no questions of {told.name}; expected records with {dict(told.where) or 'a question each'}"
        )
    return found


def label_shares(questions: Sequence[Question]) -> dict[str, float]:
    """The share of each right answer, commonest first: what its constant answer scores."""
    counts = Counter(question.answer for question in questions)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {label: count / len(questions) for label, count in ordered}


def local_file(told: Benchmark, data: Path | None, examples: bool = False) -> Path | None:
    """The first of the benchmark's files that lies in the user's folder."""
    for name in told.files if data else ():
        path = Path(data or "", name)
        path = path.with_name(told.examples + path.suffix) if examples else path
        if path.is_file() and (told.examples or not examples):
            return path
    return None


def _records(told: Benchmark, data: Path | None, examples: bool) -> tuple[str, Sequence[Record]]:
    if path := local_file(told, data, examples):
        return str(path), read_records(path)
    if told.hub and (told.examples or not examples):
        return f"{told.hub}[{told.examples if examples else told.split}]", _from_hub(told, examples)
    what = "examples" if examples else "questions"
    names = ", ".join(told.files) or "no local file is known"
    raise DataError(f"{told.name}: no {what} in {data or 'no folder (--data)'}; expected {names}, or a set of the hub")


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a JSONL, JSON or CSV file. Raises `DataError` with file and line."""
    from mentalarena.clinic.files import json_records
    from mentalarena.runs.directory import read_jsonl

    if path.suffix == ".json":
        return [record for _, record in json_records(path)]
    if path.suffix != ".csv":
        return read_jsonl(path)
    before = csv.field_size_limit(_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a CSV file") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}; expected a CSV file with a heading, in UTF-8") from None
    finally:
        csv.field_size_limit(before)
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise DataError(f"{path}:{number}: another number of fields than the heading has")
    return rows


def _from_hub(told: Benchmark, examples: bool) -> Sequence[Record]:
    from datasets import load_dataset

    split = told.examples if examples else told.split
    try:
        return list(load_dataset(told.hub, told.config or None, split=split))
    except Exception as error:  # network, name, split, licence gate: each has its own class there
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        files = f", or one of {', '.join(told.files)} in --data" if told.files and not examples else ""
        raise DataError(
            f"{told.name}: {told.hub} [{split}] of the hub: {reason}; expected a set that it has{files}"
        ) from None


def _key(told: Benchmark, record: Record, where: str) -> Any:
    value = _field(record, told.answer)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise DataError(f"{where}: {told.answer}: missing; expected the right answer")
    if told.patterns:
        fitting = [label for label, pattern in told.patterns.items() if re.match(pattern, str(value), re.IGNORECASE)]
        if len(fitting) != 1:
            raise DataError(f"{where}: {told.answer}: {str(value)[:60]!r} begins like {len(fitting)} labels; expected one")
        return fitting[0]
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()) and not told.labels:
        return int(value)
    return value


def _base(keys: Iterable[Any], most: int, where: str) -> int:
    """What numbers count from: 0 or 1, as the data tell. Raises `DataError` where they do not."""
    numbers = [key for key in keys if isinstance(key, int) and not isinstance(key, bool)]
    if not numbers:
        return 0
    low, high = min(numbers), max(numbers)
    if low == 0 and high < most:
        return 0
    if low >= 1 and high == most:
        return 1
    if low >= 1 and high < most:
        raise DataError(f"{where}: numbers from {low} to {high} for {most} options; they may count from 0 or from 1")
    raise DataError(f"{where}: numbers from {low} to {high} for {most} options; expected 0 to {most - 1} or 1 to {most}")


def _text(told: Benchmark, record: Record, where: str) -> str:
    parts = []
    for name in told.question:
        value = _field(record, name)
        parts.append("\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value).strip())
    if not parts[-1]:  # what stands before is context and may be missing
        raise DataError(f"{where}: {told.question[-1]}: missing; expected a question")
    return "\n\n".join(part for part in parts if part)


def _field(record: Record, name: str) -> Any:
    """The value of a field, `a.b` of an object's; None where it is not there."""
    if name in record:
        return record[name]
    first, dot, rest = name.partition(".")
    inner = record.get(first)
    return _field(inner, rest) if dot and isinstance(inner, Mapping) else None


def _options(told: Benchmark, record: Record, where: str) -> dict[str, str]:
    if told.labels:
        if len(told.labels) <= WORDS:
            return {label: label for label in told.labels}
        return dict(zip(LETTERS, told.labels, strict=False))
    if not isinstance(told.options, str):
        fields = {name: _field(record, name) for name in told.options}
        if missing := [name for name, value in fields.items() if value is None]:
            raise DataError(f"{where}: {missing[0]}: missing; expected the text of an option")
        return _lettered([str(value) for value in fields.values()], f"{where}: {told.options[0]}")
    found = _field(record, told.options)
    if isinstance(found, str):
        found = dict(_LETTERED.findall(found))
    if isinstance(found, Mapping):
        options = {str(label): str(text).strip() for label, text in found.items() if text is not None}
        if list(options) != list(LETTERS[: len(options)]):
            raise DataError(f"{where}: {told.options}: labels {', '.join(options) or 'none'}; expected A, B, C, ...")
        return _lettered(list(options.values()), f"{where}: {told.options}")
    if isinstance(found, list):
        texts = [str(part.get("value", part.get("text"))) if isinstance(part, Mapping) else str(part) for part in found]
        return _lettered(texts, f"{where}: {told.options}")
    raise DataError(f"{where}: {told.options}: expected an object, a list or lettered lines of options")


def _lettered(texts: Sequence[str], where: str) -> dict[str, str]:
    if not 2 <= len(texts) <= len(LETTERS):
        raise DataError(f"{where}: {len(texts)} options; expected 2 to {len(LETTERS)}")
    stripped = [_LETTERED.match(text) for text in texts]
    if all(m and m[1] == letter for m, letter in zip(stripped, LETTERS, strict=False)):  # the texts bring letters along
        texts = [m[2] for m in stripped if m]
    return {letter: text.strip() for letter, text in zip(LETTERS, texts, strict=False)}


def _label(key: Any, base: int, options: Mapping[str, str], where: str) -> str:
    """The label that a key means. Raises `DataError` for one that is no option, or may be two."""
    if isinstance(key, int) and not isinstance(key, bool):
        place = key - base
        if 0 <= place < len(options):
            return list(options)[place]
        raise DataError(f"{where}: {key} for {len(options)} options")
    told = str(key).strip()
    if told in options:
        return told
    same = [label for label, text in options.items() if text.casefold() == told.casefold()]
    if len(same) == 1:
        return same[0]
    lettered = _KEY.match(told)
    if not same and lettered and lettered[1] in options:
        rest = told[lettered.end() :].strip()
        if not rest or rest.casefold() == options[lettered[1]].casefold():
            return lettered[1]
    raise DataError(f"{where}: {told[:60]!r} is {'two' if same else 'none'} of the options; expected one of them")
