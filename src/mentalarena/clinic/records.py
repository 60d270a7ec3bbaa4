"""Records of JSONL data files as frozen types: every field known, errors with file, line, field and what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mentalarena.errors import DataError
from mentalarena.runs.directory import read_jsonl


class Strict(BaseModel):
    """A record: frozen, every field known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Record = TypeVar("Record", bound=Strict)


def read_records(path: Path, kind: type[Record], key: str, expected: str) -> list[Record]:
    """The records of a file, unique by `key`. Raises `DataError` that names file, line, field and what was `expected`."""
    found: dict[str, Record] = {}
    for number, told in enumerate(read_jsonl(path), 1):
        try:
            record = kind.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DataError(f"{path}:{number}: {field}: {first['msg']}; expected {expected}") from None
        name = str(getattr(record, key))
        if name in found:
            raise DataError(f"{path}:{number}: {key}: {name!r} is there already; expected unique {key}s")
        found[name] = record
    if not found:
        raise DataError(f"{path}: empty; expected at least one: {expected}")
    return list(found.values())
