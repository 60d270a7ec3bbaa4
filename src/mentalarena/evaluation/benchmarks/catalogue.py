"""What is asked: the benchmarks that the package knows, and users' own sets, one table of a TOML file each.

A benchmark is a description, never data: questions come from the user's files (`--data`) or from the hub, in the form in which
they are published, and the description says which fields hold what.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mentalarena.config import Section
from mentalarena.errors import ConfigError
from mentalarena.settings import read_toml, validated_as

Names = tuple[str, ...]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Of a benchmark: it stands in names of files."""


class Benchmark(Section):
    """One set of closed questions."""

    name: str = ""
    """The table's name."""
    title: str
    source: str = ""
    """Where it is published."""
    licence: str = "unstated"
    size: int = 0
    """Questions, as published; 0: unknown."""
    note: str = ""
    """What a reader of its numbers should know."""

    files: Names = ()
    """Where it may lie under the user's folder, first come first served; JSONL, JSON (a list of objects) or CSV."""
    hub: str = ""
    """The data set's name on the Hugging Face hub."""
    config: str = ""
    split: str = "test"
    examples: str = ""
    """For MedPrompt: a split of the same hub set; local files lie beside the questions, with this name."""
    examples_of: str = ""
    """For MedPrompt: the set of the same file whose examples are shown."""

    question: Names = ()
    """Fields that make the question, joined by blank lines; `a.b` is the field b of the object a."""
    options: str | Names = ()
    """A field with an object, a list or lettered lines; or one field for each option."""
    labels: Names = ()
    """In the place of options: the words that may be answered. Up to three are asked as words, more by letters."""
    answer: str = ""
    """The field of the right answer: a letter, a word, an option's text, or a number (from 0 or from 1: the data tell)."""
    patterns: dict[str, str] = Field(default_factory=dict)
    """Where the answer is free text: for each label the regular expression that its beginning matches."""
    several: Literal["refuse", "leave out"] = "refuse"
    """What is done with a question of several right answers."""
    where: dict[str, Names] = Field(default_factory=dict)
    """Fields and the values that a record must have to belong."""

    harness: str = ""
    """A task of lm-evaluation-harness that is run as it is defined there, in the place of all the above."""
    tasks: str = ""
    """The folder of its task file, where it is none of the harness's own."""

    @model_validator(mode="after")
    def _whole(self) -> Benchmark:
        if self.harness:
            return self
        if not self.question or not self.answer:
            raise ValueError("expected question and answer (names of fields)")
        if bool(self.options) == bool(self.labels):
            raise ValueError("expected either options (fields) or labels (words)")
        if not self.files and not self.hub:
            raise ValueError("expected files or hub")
        if self.patterns and set(self.patterns) != set(self.labels):
            raise ValueError("expected a pattern for each of labels")
        return self


def read_benchmarks(tables: Mapping[str, Any], where: str) -> dict[str, Benchmark]:
    """The benchmarks of a TOML tree by name. A table may name another as `like`, whose keys it then has too. Raises
    `ConfigError` with place, key and what was expected."""
    found: dict[str, Benchmark] = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or not _NAME.fullmatch(name):
            raise ConfigError(f"{where}: {name}: expected a table [NAME] for each benchmark, of letters, digits, _ and -")
        like = table.get("like", "")
        if like and not isinstance(tables.get(like), dict):
            raise ConfigError(f"{where}: {name}.like: no table {like!r}; expected one of this file")
        own = {**(tables[like] if like else {}), **table, "name": name}
        found[name] = validated_as(
            Benchmark, {key: value for key, value in own.items() if key != "like"}, f"{where}: {name}"
        )
    return found


@lru_cache
def catalogue() -> dict[str, Benchmark]:
    """The benchmarks that the package knows, by name."""
    text = files(__package__).joinpath("catalogue.toml").read_text("utf-8")
    return read_benchmarks(tomllib.loads(text), "catalogue.toml")


@lru_cache
def code_digest() -> str:
    """How questions are read, asked and counted here, and by which harness: another version's numbers are not this one's."""
    from importlib.metadata import version

    found = hashlib.sha256(version("lm_eval").encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def own_benchmarks(path: Path) -> dict[str, Benchmark]:
    """A user's own sets. Raises `ConfigError`."""
    found = read_benchmarks(read_toml(path), str(path))
    if known := sorted(set(found) & set(catalogue())):
        raise ConfigError(f"{path}: {known[0]}: the package has a benchmark of this name; expected another")
    return found


def benchmark(name: str, own: Path | None = None) -> Benchmark:
    """One benchmark by name: an own one, or one of the catalogue. Raises `ConfigError` with names that may be meant."""
    from difflib import get_close_matches

    known = {**catalogue(), **(own_benchmarks(own) if own else {})}
    if name not in known:
        near = get_close_matches(name, known, 3)
        meant = f"did you mean {', '.join(near)}?" if near else "`mentalarena benchmarks list` names them"
        raise ConfigError(f"{name}: unknown benchmark; {meant}")
    return known[name]
