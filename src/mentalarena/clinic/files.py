"""Patients from JSON or JSONL files: one cognitive model a record, errors with file, line, field and what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mentalarena.clinic.cognitive_model import COMPONENTS, CognitiveModel, CoreBeliefs, Patient, Voice
from mentalarena.errors import DataError
from mentalarena.runs.directory import json_kind, read_jsonl, write_jsonl

CORE_BELIEFS = ("helpless", "unlovable", "worthless")
_LISTS = ("fixed", "styles")
_DEGREES = ("offered", "asked", "trust")
_OTHER = ("id", "name", "demographics", "source", "licence", "person", "voice", *_LISTS)


def read_patients(path: Path) -> list[Patient]:
    """All patients of a file. Raises `DataError` for a missing or empty file, a torn line, a wrong, unknown or missing
    field, and an id that stands there twice."""
    records = json_records(path) if path.suffix == ".json" else list(enumerate(read_jsonl(path), 1))
    if not records:
        raise DataError(f"{path}: no patients; expected at least one cognitive model")
    patients: list[tuple[str, Patient]] = []
    for line, record in records:
        try:
            json.dumps(record, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise DataError(f"{path}:{line}: half a surrogate pair (\\ud800 to \\udfff); expected Unicode text") from None
        patients.append((f"{path}:{line}", patient_of(record, f"{path}:{line}")))
    return unique(patients)


def write_patients(path: Path, patients: Iterable[Patient]) -> None:
    """A JSONL file that `read_patients` reads back as the same patients."""
    write_jsonl(path, map(patient_record, patients))


def unique(patients: Iterable[tuple[str, Patient]]) -> list[Patient]:
    """The patients of (place, patient) pairs. Raises `DataError` with both places where an id stands twice."""
    seen: dict[str, tuple[str, Patient]] = {}
    for where, patient in patients:
        if patient.id in seen:
            before = seen[patient.id][0].rsplit(":", 1)[-1]
            raise DataError(f"{where}: id: {patient.id!r} stands in line {before} too; expected unique ids")
        seen[patient.id] = where, patient
    return [patient for _, patient in seen.values()]


def patient_record(patient: Patient) -> dict[str, Any]:
    """The record that `read_patients` reads back as the same patient."""
    model = asdict(patient.cognitive_model)
    told = {"demographics": dict(patient.demographics), "source": patient.source, "licence": patient.licence}
    more = {
        "person": patient.person,
        "voice": {degree: list(texts) for degree, texts in asdict(patient.voice).items() if texts},
        "fixed": list(patient.fixed),
        "styles": list(patient.styles),
    }
    return {**model, **told, **{key: value for key, value in more.items() if value}}


def json_records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The numbered records of a JSON file that is a list of objects. Raises `DataError`."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a JSON file") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: invalid JSON ({error}); expected a list of objects") from None
    if not isinstance(data, list) or not all(isinstance(r, dict) for r in data):
        raise DataError(f"{path}: expected a list of objects")
    return list(enumerate(data, 1))


def patient_of(record: Mapping[str, Any], where: str) -> Patient:
    """A record as a patient. Raises `DataError` with place and field."""
    for key in record:
        if key not in (*COMPONENTS, *_OTHER):
            raise DataError(f"{where}: {key}: unknown field; expected one of {', '.join((*_OTHER, *COMPONENTS))}")
    texts = {c: _text(record, c, where) for c in COMPONENTS if c != "core_beliefs"}
    beliefs = _beliefs(record.get("core_beliefs", {}), where)
    if not any(texts.values()) and not beliefs.text():
        raise DataError(f"{where}: every component is empty; expected a cognitive model")
    patient_id = _text(record, "id", where)
    if not patient_id:
        raise DataError(f"{where}: id: missing; expected text")
    demographics = record.get("demographics", {})
    if not isinstance(demographics, Mapping) or not all(isinstance(v, str) for v in demographics.values()):
        raise DataError(f"{where}: demographics: expected an object of texts")
    return Patient(
        CognitiveModel(id=patient_id, name=_text(record, "name", where), core_beliefs=beliefs, **texts),
        tuple(sorted(demographics.items())),
        _text(record, "source", where) or "file",
        _text(record, "licence", where) or "unstated",
        _text(record, "person", where),
        _voice(record.get("voice", {}), where),
        _texts(record, "fixed", where),
        _texts(record, "styles", where),
    )


def _text(record: Mapping[str, Any], key: str, where: str) -> str:
    value = record.get(key, "")
    if not isinstance(value, str):
        raise DataError(f"{where}: {key}: {json_kind(value)}; expected text")
    return value.strip()


def _texts(record: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = record.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise DataError(f"{where}: {key}: expected a list of texts")
    return tuple(value)


def _voice(value: object, where: str) -> Voice:
    if not isinstance(value, Mapping) or not set(value) <= set(_DEGREES):
        raise DataError(f"{where}: voice: expected an object with lists under {', '.join(_DEGREES)}")
    return Voice(**{degree: _texts(value, degree, f"{where}: voice") for degree in value})


def _beliefs(value: object, where: str) -> CoreBeliefs:
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: core_beliefs: expected an object with lists under {', '.join(CORE_BELIEFS)}")
    for kind, entries in value.items():
        if kind not in CORE_BELIEFS:
            raise DataError(f"{where}: core_beliefs.{kind}: unknown field; expected one of {', '.join(CORE_BELIEFS)}")
        if not isinstance(entries, list) or not all(isinstance(e, str) for e in entries):
            raise DataError(f"{where}: core_beliefs.{kind}: expected a list of texts")
    return CoreBeliefs(**{kind: tuple(value.get(kind, ())) for kind in CORE_BELIEFS})
