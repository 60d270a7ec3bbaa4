"""The paper's table, and the rule by which its published code counts an answer as right.

The rule is here to show what it does, never to score: the empty answer is right wherever options have letters.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from mentalarena.evaluation.benchmarks.scores import Sample


@dataclass(frozen=True)
class PaperTable:
    """The sets in their order, and (model, accuracy a set in %)."""

    sets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


@lru_cache
def paper_table() -> PaperTable:
    """The main table of arXiv 2410.06845."""
    told = tomllib.loads(files(__package__).joinpath("paper.toml").read_text("utf-8"))
    return PaperTable(tuple(told["sets"]), tuple((row["model"], tuple(row["accuracy"])) for row in told["rows"]))


def substring_right(sample: Sample, name: str) -> bool:
    """Whether the published evaluation (MedQA_eval.py) would count a written answer as right.

    Options with letters: where there is a full stop, or one character, the first character must be the letter; else the answer
    must be a part of the key, or the key of the answer. The key is the option's text for MedQA, the letter for MedMCQA.
    Words: the key stands anywhere in the answer, less one point where "yes" and "no" both do. It has no rule for CAMS,
    dreaddit and Irf: there the one for words is used.
    """
    text, truth = sample.answer.strip(), sample.truth
    if name in ("medqa_psychosis", "medmcqa_psychosis"):
        if "." in text or len(text) == 1:
            return text[0] == truth
        key = sample.options[truth] if name == "medqa_psychosis" else truth
        return text in key or key in text
    low, key = text.lower(), sample.options[truth].lower()
    return key in low and not ("yes" in low and "no" in low)


def substring_accuracy(samples: Sequence[Sample], name: str) -> float:
    """The published evaluation's score, a share."""
    return sum(substring_right(sample, name) for sample in samples) / len(samples)
