"""Closed questions from files in the forms in which benchmarks are published.

What the data leave open is an error, never a guess: a key that is no option, numbers that may count from 0 or from 1.
"""

from __future__ import annotations

import csv
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.errors import DataError
from mentalarena.evaluation.benchmarks.catalogue import Benchmark

Record = Mapping[str, Any]
LETTERS = string.ascii_uppercase[:10]
"""Labels of options; a reply is read for so many."""
WORDS = 3
"""Up to so many labels are asked as words ("yes", "no"); more, or longer ones, get letters."""
_LETTERED = re.compile(r"^\s*\(?([A-Z])[.):]\s*(.+?)\s*$", re.MULTILINE)
_KEY = re.compile(r"\(?([A-Z])\)?(?:[.):\s]|$)")
_SEVERAL = re.compile(r"\s*[A-Z](?:\s*(?:,|&|and)\s*[A-Z])+\s*")
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
    unit = "" if where.endswith(".jsonl") else "record "  # a line is a record in JSONL alone
    places = {number: f"{where}:{unit}{number}" for number in range(1, len(records) + 1)}
    keys = {number: _key(told, records[number - 1], place) for number, place in places.items()}
    if told.several == "leave out":
        keys = {number: key for number, key in keys.items() if not _SEVERAL.fullmatch(str(key).split(")")[0].split(".")[0])}
    options = {number: _options(told, records[number - 1], places[number]) for number in keys}
    base = _base(keys, options, f"{where}: {told.answer}")  # of all records, not of a subject's
    found = []
    for number, key in keys.items():
        record, place = records[number - 1], places[number]
        if all(str(_field(record, field)) in values for field, values in told.where.items()):
            answer = _label(key, base, options[number], f"{place}: {told.answer}")
            found.append(Question(f"{number:05d}", _text(told, record, place), options[number], answer))
    if not found:
        wanted = dict(told.where) or "a question each"
        raise DataError(f"{where}: no questions of {told.name}; expected records with {wanted}")
    return found


def label_shares(questions: Sequence[Question]) -> dict[str, float]:
    """The share of each right answer, commonest first: what its constant answer scores."""
    counts = Counter(question.answer for question in questions)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {label: count / len(questions) for label, count in ordered}


def local_file(told: Benchmark, data: Path | None, examples: bool = False) -> Path | None:
    """The first of the benchmark's files that lies in the user's folder."""
    paths = [data / name for name in _file_names(told, examples)] if data else []
    return next((path for path in paths if path.is_file()), None)


def _file_names(told: Benchmark, examples: bool) -> list[str]:
    """Where its questions, or its examples, may lie under the user's folder."""
    if not examples:
        return list(told.files)
    return [str(Path(name).with_name(told.examples + Path(name).suffix)) for name in told.files if told.examples]


def _records(told: Benchmark, data: Path | None, examples: bool) -> tuple[str, Sequence[Record]]:
    if path := local_file(told, data, examples):
        return str(path), read_records(path)
    if told.hub and (told.examples or not examples):
        return f"{told.hub}[{told.examples if examples else told.split}]", _from_hub(told, examples)
    names = _file_names(told, examples)
    where, what = (str(data), "examples" if examples else "questions") if data else ("--data", "folder")
    if examples and not told.examples:
        raise DataError(f"{told.name}: no examples are known of it; expected `examples` or `examples_of` in its table")
    raise DataError(f"{told.name}: {where}: no {what}; expected {' or '.join(names)} in your folder (--data)")


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
            table = csv.DictReader(file, strict=True)
            heading, rows = list(table.fieldnames or ()), list(table)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a CSV file") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}; expected a CSV file with a heading, in UTF-8") from None
    finally:
        csv.field_size_limit(before)
    if twice := [name for name in heading if heading.count(name) > 1]:
        raise DataError(f"{path}: the heading has {twice[0]!r} twice; expected each once")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise DataError(f"{path}:record {number}: another number of fields than the heading has")
    return rows


def _from_hub(told: Benchmark, examples: bool) -> Sequence[Record]:
    import logging

    from datasets import load_dataset

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of each try
    split = told.examples if examples else told.split
    try:
        return list(load_dataset(told.hub, told.config or None, split=split))
    except Exception as error:  # network, name, split, licence gate: each has its own class there
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        names = _file_names(told, examples)
        files = f", or {' or '.join(names)} in your folder (--data)" if names else ""
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
    if told.labels and not isinstance(value, str):
        raise DataError(f"{where}: {told.answer}: {value!r}; expected one of {', '.join(told.labels)} (or patterns)")
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()) and not told.labels:
        return int(value)
    return value


def _base(keys: Mapping[int, Any], options: Mapping[int, Mapping[str, str]], where: str) -> int | None:
    """What numbers count from: 0 or 1, as all records tell; None where keys are no numbers, or are texts of options that are
    numbers. Raises `DataError` where the data leave it open."""
    numbers = {number: key for number, key in keys.items() if isinstance(key, int)}
    if not numbers:
        return None
    low, high = min(numbers.values()), max(numbers.values())
    most = max(len(options[number]) for number in numbers)
    base = 0 if low == 0 and high < most else 1 if low >= 1 and high == most else None
    if all(str(key) in options[number].values() for number, key in numbers.items()):
        texts = {number: list(options[number].values()) for number in numbers}
        bases = [b for b in (0, 1) if all(0 <= key - b < len(texts[number]) for number, key in numbers.items())]
        if all(texts[number][key - b] == str(key) for b in bases for number, key in numbers.items()):
            return None
        raise DataError(f"{where}: its numbers may be options' places or options' texts; expected letters")
    if base is None and low >= 1 and high < most:
        raise DataError(f"{where}: numbers from {low} to {high} for {most} options; they may count from 0 or from 1")
    if base is None:
        raise DataError(
            f"{where}: numbers from {low} to {high} for {most} options; expected 0 to {most - 1} or 1 to {most}"
        )
    return base


def _text(told: Benchmark, record: Record, where: str) -> str:
    parts = []
    for name in told.question:
        value = _field(record, name, missing := object())
        if value is missing:
            raise DataError(f"{where}: {name}: missing; expected a part of the question (it may be empty)")
        parts.append("\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value).strip())
    if not parts[-1]:  # what stands before is context and may be missing
        raise DataError(f"{where}: {told.question[-1]}: missing; expected a question")
    return "\n\n".join(part for part in parts if part)


def _field(record: Record, name: str, missing: Any = None) -> Any:
    """The value of a field, `a.b` of an object's; `missing` where it is not there."""
    if name in record:
        return record[name]
    first, dot, rest = name.partition(".")
    inner = record.get(first)
    return _field(inner, rest, missing) if dot and isinstance(inner, Mapping) else missing


def _options(told: Benchmark, record: Record, where: str) -> dict[str, str]:
    if told.labels:
        if len(told.labels) <= WORDS:
            return {label: label for label in told.labels}
        return dict(zip(LETTERS, told.labels, strict=False))
    if not isinstance(told.options, str):
        fields = {name: _field(record, name) for name in told.options}
        if missing := [name for name, value in fields.items() if value is None]:
            raise DataError(f"{where}: {missing[0]}: missing; expected the text of an option")
        return _lettered(list(fields.values()), f"{where}: {told.options[0]}")
    place, found = f"{where}: {told.options}", _field(record, told.options)
    if isinstance(found, str):
        pairs = _LETTERED.findall(found)
        if len(pairs) != len([line for line in found.splitlines() if line.strip()]):
            raise DataError(f"{place}: lines without a letter; expected one option a line, as 'A. text'")
        return _labelled([letter for letter, _ in pairs], [text for _, text in pairs], place)
    if isinstance(found, Mapping):
        kept = {str(label): text for label, text in found.items() if text is not None}  # a table's empty columns
        return _labelled(list(kept), list(kept.values()), place)
    if isinstance(found, list) and found and all(isinstance(part, Mapping) for part in found):
        labels = [next((str(part[name]) for name in ("label", "key", "letter") if name in part), "") for part in found]
        texts = [next((part[name] for name in ("text", "value") if name in part), None) for part in found]
        return _labelled(labels, texts, place)
    if isinstance(found, list):
        return _lettered(found, place)
    raise DataError(f"{place}: expected an object, a list or lettered lines of options")


def _labelled(labels: Sequence[str], texts: Sequence[Any], where: str) -> dict[str, str]:
    """Options that bring their letters along."""
    if list(labels) != list(LETTERS[: len(labels)]):
        raise DataError(f"{where}: labels {', '.join(labels) or 'none'}; expected A, B, C, ...")
    return _lettered(texts, where)


def _lettered(texts: Sequence[Any], where: str) -> dict[str, str]:
    if not 2 <= len(texts) <= len(LETTERS):
        raise DataError(f"{where}: {len(texts)} options; expected 2 to {len(LETTERS)}")
    options = [str(text).strip() for text in texts]
    if any(text is None for text in texts) or not all(options):
        raise DataError(f"{where}: an option without text; expected one for each letter")
    letters = [m[1] if (m := _LETTERED.fullmatch(text)) else "" for text in options]
    if letters == list(LETTERS[: len(letters)]):  # the texts bring letters along
        options = [m[2] for text in options if (m := _LETTERED.fullmatch(text))]
    elif sorted(letters) == list(LETTERS[: len(letters)]):
        raise DataError(f"{where}: lettered {', '.join(letters)}; expected A, B, C, ...")
    return dict(zip(LETTERS, options, strict=False))


def _label(key: Any, base: int | None, options: Mapping[str, str], where: str) -> str:
    """The label that a key means. Raises `DataError` for one that is no option, or may be two."""
    told, texts = str(key).strip(), list(options.values())
    same = [label for label, text in options.items() if text.casefold() == told.casefold()]
    if base is not None and isinstance(key, int):
        if 0 <= key - base < len(options):
            return list(options)[key - base]
        raise DataError(f"{where}: {key} for {len(options)} options")
    if told in options and same in ([], [told]):
        return told
    if len(same) == 1 and told not in options:
        return same[0]
    lettered = _KEY.match(told)
    if not same and lettered and lettered[1] in options:
        rest = told[lettered.end() :].strip()
        if not rest or rest.casefold() == options[lettered[1]].casefold():
            return lettered[1]
    many = "two" if same or (len(set(texts)) < len(texts) and told in texts) else "none"
    raise DataError(f"{where}: {told[:60]!r} is {many} of the options; expected one of them")
