"""Prompt sets: a folder of text files each, with `$names` filled in by the arena.

A set is chosen per model: `full` for real models, `compact` for the embedded one. Both serve the same code and ask for
the same `label: value` answers, so one parser reads both.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from string import Template

from mentalarena.errors import ConfigError


class PromptSet:
    """The prompts of one set by name. Raises `ConfigError` for a set or prompt that is not there."""

    def __init__(self, name: str, texts: dict[str, str]) -> None:
        self.name = name
        self.texts = texts

    def render(self, prompt: str, **values: str) -> str:
        """Fill in a prompt. Values are inserted as they are: a `$` or `{` said by a model means nothing here."""
        try:
            return Template(self.texts[prompt]).substitute(values)
        except (KeyError, ValueError) as error:
            raise ConfigError(f"prompt set {self.name!r}: prompt {prompt!r}: {error}; expected known $names") from None


@lru_cache
def load_prompts(name: str) -> PromptSet:
    """A shipped set (`full`, `compact`) or a folder of `*.txt` files that replaces some or all prompts of `full`."""
    root = files(__name__)
    shipped = root.joinpath(name) if name in ("full", "compact") else None
    if shipped is not None:
        texts = {f.name[:-4]: f.read_text("utf-8").strip() for f in shipped.iterdir() if f.name.endswith(".txt")}
        return PromptSet(name, texts)
    folder = Path(name)
    if not folder.is_dir():
        raise ConfigError(f"prompt set {name!r}: expected 'full', 'compact' or a folder of .txt files")
    try:
        own = {f.stem: f.read_text("utf-8").strip() for f in sorted(folder.glob("*.txt"))}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"prompt set {name!r}: {error}; expected UTF-8 text files") from None
    return PromptSet(name, {**load_prompts("full").texts, **own})
