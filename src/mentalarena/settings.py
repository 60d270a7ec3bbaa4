"""Settings as people write them: TOML files and `--set a.b=value`, as the tree of config.py. Each error is one line that names
file or assignment, key, and what was expected."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from mentalarena.config import Config, Section
from mentalarena.errors import ConfigError

Settings = TypeVar("Settings", bound=Section)


def load_config(path: Path | None, assignments: Sequence[str] = ()) -> Config:
    """Defaults, then the file, then `a.b=value` assignments (values are JSON, or else text).

    Raises `ConfigError` that names file or assignment, key, and what was expected.
    """
    tree = read_toml(path) if path else {}
    for assignment in assignments:
        _assign(tree, assignment)
    return validated(tree, str(path or "settings"))


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a tree. Raises `ConfigError`."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from None


def validated(tree: Mapping[str, Any], where: str) -> Config:
    """A settings tree as settings. Raises `ConfigError` that names place, key, and what was expected."""
    return validated_as(Config, tree, where)


def validated_as(kind: type[Settings], tree: Mapping[str, Any], where: str) -> Settings:
    """A tree as the section of settings that it is meant to be. Raises as `validated` does."""
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            what = _unknown(kind, first["loc"])
        elif isinstance(first["input"], Mapping):  # of a whole section
            what = first["msg"].removeprefix("Value error, ")
        else:
            what = f"{first['msg']}, found {first['input']!r}"
        raise ConfigError(f"{where}: {key}: {what}" if key else f"{where}: {what}") from None


def _unknown(kind: type[Section], place: Sequence[int | str]) -> str:
    """What is said of a key that nobody reads, with the one that may be meant."""
    section: Any = kind
    for part in place[:-1]:
        fields = getattr(section, "model_fields", {})
        # a section, or one of several by name: dict[str, Section]
        section = fields[part].annotation if part in fields else (get_args(section)[1:] or (None,))[0]
    near = get_close_matches(str(place[-1]), getattr(section, "model_fields", {}), 1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def _assign(tree: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    # a part in quotes may hold dots, as in TOML: prices."gpt-4.1".prompt
    parts = [quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|([^."]+)', key)]
    if not equals or not parts:
        raise ConfigError(f"--set {assignment}: expected key=value, such as play.patients=20")
    *sections, last = parts
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {assignment}: {section} is a value, not a section")
    try:
        tree[last] = json.loads(text)
    except (ValueError, RecursionError):
        tree[last] = text
