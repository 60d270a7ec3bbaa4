"""Patients from JSON or JSONL files: one cognitive model a record, errors with file, line, field and what was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mentalarena.clinic.cognitive_model import COMPONENTS, CognitiveModel, CoreBeliefs, Patient
from mentalarena.errors import DataError
from mentalarena.runs.directory import json_kind, read_jsonl

_KINDS = ("helpless", "unlovable", "worthless")
_OTHER = ("id", "name", "demographics", "source", "licence")


def read_patients(path: Path) -> list[Patient]:
    """All patients of a file. Raises `DataError` for a missing or empty file, a torn line, a wrong, unknown or missing
    field, and an id that stands there twice."""
    records = _json_records(path) if path.suffix == ".json" else list(enumerate(read_jsonl(path), 1))
    if not records:
        raise DataError(f"{path}: no patients; expected at least one cognitive model")
    patients: list[Patient] = []
    seen: dict[str, int] = {}
    for line, record in records:
        try:
            json.dumps(record, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise DataError(f"{path}:{line}: half a surrogate pair (\\ud800 to \\udfff); expected Unicode text") from None
        patient = _patient(record, f"{path}:{line}")
        if patient.id in seen:
            raise DataError(f"{path}:{line}: id: {patient.id!r} stands in line {seen[patient.id]} too; expected unique ids")
        seen[patient.id] = line
        patients.append(patient)
    return patients


def patient_record(patient: Patient) -> dict[str, Any]:
    """The record that `read_patients` reads back as the same patient."""
    model = asdict(patient.cognitive_model)
    return {**model, "demographics": dict(patient.demographics), "source": patient.source, "licence": patient.licence}


def _json_records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected a JSON file") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: invalid JSON ({error}); expected a list of objects") from None
    if not isinstance(data, list) or not all(isinstance(r, dict) for r in data):
        raise DataError(f"{path}: expected a list of objects")
    return list(enumerate(data, 1))


def _patient(record: Mapping[str, Any], where: str) -> Patient:
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
    )


def _text(record: Mapping[str, Any], key: str, where: str) -> str:
    value = record.get(key, "")
    if not isinstance(value, str):
        raise DataError(f"{where}: {key}: {json_kind(value)}; expected text")
    return value.strip()


def _beliefs(value: object, where: str) -> CoreBeliefs:
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: core_beliefs: expected an object with lists under {', '.join(_KINDS)}")
    for kind, entries in value.items():
        if kind not in _KINDS:
            raise DataError(f"{where}: core_beliefs.{kind}: unknown field; expected one of {', '.join(_KINDS)}")
        if not isinstance(entries, list) or not all(isinstance(e, str) for e in entries):
            raise DataError(f"{where}: core_beliefs.{kind}: expected a list of texts")
    return CoreBeliefs(**{kind: tuple(value.get(kind, ())) for kind in _KINDS})
