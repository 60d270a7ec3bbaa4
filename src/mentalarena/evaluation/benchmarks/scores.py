"""What answers come to: accuracy with everything that must stand beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mentalarena.evaluation.statistics import (
    Interval,
    balanced_accuracy,
    constant_answer,
    difference_interval,
    macro_f1,
    mcnemar_p,
    share_interval,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question and what came of it."""

    id: str
    question: str
    options: dict[str, str]
    prompt: list[dict[str, str]]
    """The request as chat messages; of MedPrompt, as if it were asked once."""
    answer: str
    """What the model wrote; empty where answers were scored."""
    scores: dict[str, float]
    """The log-probability (natural) of each label where answers were scored, else empty."""
    parsed: str | None
    """The label that it comes to; None for an answer that names no single option."""
    truth: str
    correct: bool
    replies: dict[str, str]
    """All replies by scope, where several were asked for (MedPrompt)."""
    examples: int = 0
    """How many were shown with it (MedPrompt)."""
    problem: str = ""
    """Why there is no answer: a prompt that is too long, a request that was refused, a reply that was cut off."""


def numbers(samples: Sequence[Sample], base: Sequence[Sample] | None, resamples: int) -> dict[str, Any]:
    """Accuracy of the samples with its interval (95 %, Wilson), balanced accuracy and macro F1 with theirs, the best constant
    answer, the share of invalid answers and, against `base` (the same questions), the paired comparison: Tango's interval and
    McNemar's exact p, not yet adjusted for how many there are. `distinct` prompts may be fewer than n, where a set holds a
    question twice: intervals take all as independent, and are then a little narrow.

    Raises `ValueError` where the two do not pair up.
    """
    truth, parsed = [s.truth for s in samples], [s.parsed for s in samples]
    right = [s.correct for s in samples]
    accuracy, balanced, f1 = share_interval(right), balanced_accuracy(truth, parsed), macro_f1(truth, parsed, resamples)
    label, share = constant_answer(truth)
    against = mcnemar_p(right, [true == label for true in truth])
    found = {
        "n": len(samples),
        "distinct": len({json.dumps(s.prompt) for s in samples}),
        "accuracy": accuracy.mean,
        "ci95": _bounds(accuracy),
        "balanced_accuracy": balanced.mean,
        "balanced_accuracy_ci95": _bounds(balanced),
        "macro_f1": f1.mean,
        "macro_f1_ci95": _bounds(f1),
        "invalid": sum(answer is None for answer in parsed) / len(samples),
        "problems": sum(bool(s.problem) for s in samples) / len(samples),
        "constant_answer": label,
        "constant_baseline": share,
        "p_vs_constant": against,
        "label_shares": {name: truth.count(name) / len(truth) for name in sorted(set(truth))},
        "answer_shares": {name: parsed.count(name) / len(parsed) for name in sorted({a for a in parsed if a})},
        "mark": mark(accuracy, share, against, parsed),
        "base_accuracy": None,
        "change_vs_base": None,
        "change_ci95": None,
        "p_vs_base": None,
    }
    if base is None:
        return found
    if [s.id for s in base] != [s.id for s in samples]:
        raise ValueError("the base answered other questions; expected the same")
    before = [s.correct for s in base]
    change = difference_interval(right, before)
    differ = sum(a != b for a, b in zip(right, before, strict=True)) / len(right)
    return found | {
        "base_accuracy": sum(before) / len(before),
        "discordant": differ,
        "change_vs_base": change.mean,
        "change_ci95": _bounds(change),
        "p_vs_base": mcnemar_p(right, before),
    }


def mark(accuracy: Interval, constant: float, p: float, parsed: Sequence[str | None]) -> str:
    """What a reader must know of an accuracy at a glance; empty where it beats the best constant answer (p < 0.05)."""
    told = set(parsed)
    if told == {None}:
        return "no valid answer"
    if len(told) == 1:
        return f"always {told.pop()}"
    if accuracy.mean < constant:
        return "below constant"
    return "" if p < 0.05 else "not above constant"


def _bounds(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
