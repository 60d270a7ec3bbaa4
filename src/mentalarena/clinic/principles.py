"""Behaviour principles: how real patients talk, in groups, each with the coping strategies that it goes with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

from pydantic import Field

from mentalarena.clinic.cognitive_model import PrincipleGroup
from mentalarena.clinic.records import Strict, read_records
from mentalarena.runs.directory import write_jsonl


class Principles(Strict):
    """One group of the library."""

    id: str = Field(min_length=1)
    coping: tuple[str, ...] = ()
    principles: tuple[str, ...] = Field(min_length=1)


def read_principles(path: Path) -> list[PrincipleGroup]:
    """The groups of a JSONL file. Raises `DataError` with file, line, field and what was expected."""
    found = read_records(path, Principles, "id", "a group of behaviour principles")
    return [PrincipleGroup(group.id, group.principles, group.coping) for group in found]


def write_principles(path: Path, groups: Iterable[PrincipleGroup]) -> None:
    """A JSONL file that `read_principles` reads back as the same groups."""
    write_jsonl(path, (asdict(group) for group in groups))


@lru_cache
def principle_groups() -> tuple[PrincipleGroup, ...]:
    """The groups that the package ships (CC BY 4.0, written for this project)."""
    with as_file(files("mentalarena.clinic").joinpath("data/library/principles.jsonl")) as path:
        return tuple(read_principles(path))
