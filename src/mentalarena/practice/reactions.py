"""What anybody says who has nothing of its own to say just then: prepared texts (data/reactions.json), by kind and style."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

Texts = dict[str, list[str] | dict[str, list[str]]]


def pick(kind: str, which: str | None, style: str, said: Sequence[str], number: int) -> str:
    """The text that a number picks: of those that were not used yet, and never the one that was used last."""
    texts = reactions().get(f"{kind}@{style}") or reactions()[kind]
    choice = list(texts[which] if isinstance(texts, dict) and which else texts)
    fresh = [text for text in choice if not any(_holds(line, text) for line in said)]
    other = [text for text in choice if not (said and _holds(said[-1], text))]
    left = fresh or other or choice
    return left[number % len(left)]


@lru_cache
def reactions() -> Texts:
    """All of them; `kind@style` stands in for `kind`."""
    found: Texts = json.loads(files("mentalarena.practice").joinpath("data/reactions.json").read_text("utf-8"))
    return found


def _holds(said: str, text: str) -> bool:
    """Whether a prepared text stands in what was said, as a sentence of its own."""
    return text in said and bool(re.search(rf"(?:^|[.!?]\s){re.escape(text)}(?:\s|$)", said))
