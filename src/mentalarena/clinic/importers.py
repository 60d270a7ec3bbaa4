"""Patients and principles from other collections: Patient-Psi-CM, Roleplay-doh, and any table by a mapping of its fields.

Nothing of these collections is shipped: users read their own copies, and say under which licence they have them. Every record
is checked, and what is wrong with it is told with file, record and field.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mentalarena.clinic.cognitive_model import COMPONENTS, CognitiveModel, CoreBeliefs, Patient, PrincipleGroup
from mentalarena.clinic.files import CORE_BELIEFS, json_records, patient_of, unique
from mentalarena.errors import DataError
from mentalarena.runs.directory import json_kind, read_jsonl

PATIENT_PSI = {
    "history": "history",
    "intermediate_belief": "intermediate_beliefs",
    "intermediate_belief_depression": "intermediate_beliefs_during_depression",
    "coping_strategies": "coping_strategies",
    "situation": "situation",
    "auto_thought": "automatic_thoughts",
    "emotion": "emotions",
    "behavior": "behavior",
}
"""Patient-Psi-CM's field -> component (https://github.com/ruiyiw/patient-psi)."""
_SPLIT = re.compile(r"\s*(?:;|\n|\|)\s*")


PSI_ALONE = frozenset({"auto_thought", "intermediate_belief", *(f"{kind}_belief_current" for kind in CORE_BELIEFS)})
"""Names that no other layout has."""


def is_patient_psi(path: Path) -> bool:
    """Whether any record of a file has a field of that collection: one that lacks the others is then told, and not read as a
    table with little in it. Raises `DataError`."""
    records = _rows(path) if path.suffix.lower() == ".csv" else _records(path)
    return any(PSI_ALONE & record.keys() for _, record in records)


def read_patient_psi(path: Path, licence: str = "unstated", source: str = "Patient-Psi-CM") -> list[Patient]:
    """The patients of a file in the published layout of Patient-Psi-CM, without loss: lists (`emotion`) are joined by "; ",
    core beliefs of `*_belief` and `*_belief_current` are united, styles (`type`) are kept, and an id like 3-2 is the second
    situation of person 3. Raises `DataError` with file, record and field."""
    patients = []
    for number, record in _records(path):
        where = f"{path}:{number}"
        lists = [f"{kind}_belief{end}" for kind in CORE_BELIEFS for end in ("", "_current")]
        known = {"name", "id", "type", *PATIENT_PSI, *lists}
        if unknown := sorted(record.keys() - known):
            raise DataError(f"{where}: {unknown[0]}: unknown field; expected Patient-Psi-CM's: {', '.join(sorted(known))}")
        if missing := [key for key in ("id", *PATIENT_PSI) if key not in record]:
            raise DataError(f"{where}: {missing[0]}: missing; expected a record of Patient-Psi-CM's layout")
        texts = {component: _joined(record[key], f"{where}: {key}") for key, component in PATIENT_PSI.items()}
        beliefs = {
            kind: tuple(
                dict.fromkeys(
                    text for end in ("", "_current") for text in _texts(record, f"{kind}_belief{end}", f"{where}: ")
                )
            )
            for kind in CORE_BELIEFS
        }
        found = _joined(record["id"], f"{where}: id")
        if not found:
            raise DataError(f"{where}: id: empty; expected one like 1-1")
        if not any(texts.values()) and not any(beliefs.values()):
            raise DataError(f"{where}: every component is empty; expected a cognitive model")
        model = CognitiveModel(
            id=f"psi-{found}",
            name=_joined(record.get("name", ""), f"{where}: name"),
            core_beliefs=CoreBeliefs(**beliefs),
            **texts,
        )
        person = f"psi-{found.rsplit('-', 1)[0]}"
        styles = tuple(_texts(record, "type", f"{where}: "))
        patients.append((where, Patient(model, source=source, licence=licence, person=person, styles=styles)))
    return unique(patients)


def read_mapped(
    path: Path, mapping: Mapping[str, str], licence: str = "unstated", source: str = ""
) -> tuple[list[Patient], tuple[str, ...]]:
    """The patients of a CSV, JSON or JSONL table, and the fields that were left out.

    `mapping` names the table's field for each of ours: components, `id`, `name`, `person`, `core_beliefs.helpless` (and
    unlovable, worthless), `demographics.ANYTHING`. A field that is not mapped is taken where it has our own name. Texts of
    core beliefs are cut at semicolons, bars and line ends. Records without an id are numbered. Raises `DataError`.
    """
    ours = {*COMPONENTS, "id", "name", "person", *(f"core_beliefs.{kind}" for kind in CORE_BELIEFS)} - {"core_beliefs"}
    for key in mapping:
        if key not in ours and not key.startswith("demographics."):
            raise DataError(f"mapping: {key}: unknown; expected one of {', '.join(sorted(ours))}, demographics.NAME")
    records = _rows(path) if path.suffix.lower() == ".csv" else _records(path)
    fields = {name for _, record in records for name in record}
    if absent := [name for name in mapping.values() if name not in fields]:
        raise DataError(f"{path}: no field {absent[0]!r}; the file has {', '.join(sorted(fields))}")
    used = {**{key: key for key in ours if key in fields and key not in mapping}, **mapping}
    patients = []
    for number, record in records:
        where = f"{path}:{number}"
        told: dict[str, Any] = {"id": f"{path.stem}-{number}", "source": source or path.name, "licence": licence}
        for key, name in used.items():
            value = record.get(name)
            if key.startswith("core_beliefs."):
                entries = value if isinstance(value, list) else _SPLIT.split(_joined(value, f"{where}: {name}"))
                kind = key.removeprefix("core_beliefs.")
                told.setdefault("core_beliefs", {})[kind] = [e.strip() for e in map(str, entries) if str(e).strip()]
            elif key.startswith("demographics."):
                told.setdefault("demographics", {})[key.removeprefix("demographics.")] = _joined(value, f"{where}: {name}")
            elif text := _joined(value, f"{where}: {name}"):
                told[key] = text
        patients.append((where, patient_of(told, where)))
    return unique(patients), tuple(sorted(fields - set(used.values())))


def read_principles_json(path: Path) -> list[PrincipleGroup]:
    """Groups of behaviour principles from a JSON or JSONL file: {group: [texts]}, a list of texts, or a list of objects with
    a text under `principle`, `principles` or `text` and, where there is one, a group under `group`, `id`, `category`, `expert`
    or `name` (Roleplay-doh's exports). Raises `DataError` with file, record and field."""
    groups: dict[str, list[str]] = {}
    for number, record in enumerate(_principle_records(path), 1):
        where = f"{path}:{number}"
        if isinstance(record, str):
            groups.setdefault(f"group {number}", []).append(record.strip())
            continue
        if not isinstance(record, Mapping):
            raise DataError(f"{where}: {json_kind(record)}; expected a text or an object")
        key = next((k for k in ("principles", "principle", "text") if k in record), None)
        if key is None:
            raise DataError(f"{where}: no principle; expected a field principle, principles or text")
        name = next(
            (str(record[k]) for k in ("group", "id", "category", "expert", "name") if record.get(k)), f"group {number}"
        )
        groups.setdefault(name, []).extend(_texts(record, key, f"{where}: "))
    found = [PrincipleGroup(name, tuple(dict.fromkeys(filter(None, texts)))) for name, texts in groups.items()]
    if not any(group.principles for group in found):
        raise DataError(f"{path}: no principles; expected at least one")
    if empty := [group.id for group in found if not group.principles]:
        raise DataError(f"{path}: {empty[0]}: no principles; expected at least one a group")
    return found


def _principle_records(path: Path) -> Iterable[Any]:
    if path.suffix == ".jsonl":
        return read_jsonl(path)
    data = _json(path)
    if isinstance(data, Mapping):
        return [{"group": name, "principles": texts} for name, texts in data.items()]
    if not isinstance(data, list):
        raise DataError(f"{path}: {json_kind(data)}; expected a list or an object of principles")
    return data


def _records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    found = list(enumerate(read_jsonl(path), 1)) if path.suffix == ".jsonl" else json_records(path)
    if not found:
        raise DataError(f"{path}: no records; expected at least one")
    return found


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            cut = max(",;\t", key=head.count)  # a spreadsheet writes semicolons where the comma is the decimal sign
            rows = list(csv.DictReader(file, strict=True, delimiter=cut))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = "not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        raise DataError(f"{path}: {what}; expected a UTF-8 CSV file with a header") from None
    if not rows:
        raise DataError(f"{path}: no records; expected a header and at least one line")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise DataError(f"{path}:{number}: another number of fields than the header; expected {len(rows[0])}")
    return [(number, dict(row)) for number, row in enumerate(rows, 1)]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or 'invalid JSON'}; expected a JSON file") from None


def _joined(value: object, where: str) -> str:
    """A text; a list of texts is joined by "; ", a number is written, nothing is empty."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return "; ".join(text.strip() for text in value if text.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise DataError(f"{where}: {json_kind(value)}; expected a text or a list of texts")


def _texts(record: Mapping[str, Any], key: str, where: str) -> Sequence[str]:
    """A list of texts; a single text counts as one, an empty one as none."""
    value = record.get(key, [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise DataError(f"{where}{key}: {json_kind(value)}; expected a list of texts")
    return [text.strip() for text in value if text.strip()]
