"""The settings of a run: a typed tree, read from TOML and `--set a.b=value`; unknown keys are errors."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mentalarena.errors import ConfigError


class Section(BaseModel):
    """A part of the tree: frozen, and without keys that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(Section):
    """Which model plays a role."""

    provider: Literal["scripted", "transformers"] = "scripted"
    """`scripted` plays the generated clinic by rule; `transformers` runs a checkpoint in this process."""
    model: str = ""
    """For `transformers`: a checkpoint folder or hub name."""
    device: str = "cpu"
    prompts: str = "compact"
    """A shipped prompt set (`full`, `compact`) or a folder of text files."""
    temperature: float = Field(default=0.8, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=256, gt=0)


class RolesConfig(Section):
    """One model a role."""

    patient: ModelConfig = ModelConfig()
    therapist: ModelConfig = ModelConfig()
    judge: ModelConfig = ModelConfig()


class ArenaConfig(Section):
    """How an episode is played; see `arena.types.ArenaSettings`."""

    talk_turns: int = Field(default=4, ge=0)
    decode_rounds: int = Field(default=3, ge=0)
    turns_per_round: int = Field(default=1, ge=1)
    guided: bool = True
    trials: int = Field(default=3, ge=1)
    good_score: int = Field(default=9, ge=1, le=10)
    trial_start: Literal["S0", "sequential"] = "S0"


class PlayConfig(Section):
    """How much is played, and how."""

    patients: int = Field(default=100, ge=1)
    concurrency: int = Field(default=256, ge=1)
    """Episodes at once; may change between calls."""
    file: Path | None = None
    """Patients from a JSON or JSONL file; without it they are drawn from the generated clinic."""
    threshold_quantile: float = Field(default=0.95, gt=0, lt=1)


class Config(Section):
    """A run."""

    seed: int = 0
    models: RolesConfig = RolesConfig()
    arena: ArenaConfig = ArenaConfig()
    play: PlayConfig = PlayConfig()


def load_config(path: Path | None, assignments: Sequence[str] = ()) -> Config:
    """Defaults, then the file, then `a.b=value` assignments (values are JSON, or else text).

    Raises `ConfigError` that names file or assignment, key, and what was expected.
    """
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; expected a TOML file") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not TOML ({error})") from None
    for assignment in assignments:
        _assign(tree, assignment)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        what = "unknown key" if first["type"] == "extra_forbidden" else f"{first['msg']}, found {first['input']!r}"
        raise ConfigError(f"{path or 'settings'}: {key}: {what}") from None


def _assign(tree: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {assignment}: expected key=value, such as play.patients=20")
    *sections, last = key.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {assignment}: {section} is a value, not a section")
    try:
        tree[last] = json.loads(text)
    except ValueError:
        tree[last] = text
