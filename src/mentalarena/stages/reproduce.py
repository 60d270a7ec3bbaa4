"""Reproduce: the paper's table beside the same questions put to a user's model, counted by our parser and by the paper's rule.

DIR/reproduction.json holds what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mentalarena.errors import DataError
from mentalarena.evaluation.benchmarks.catalogue import catalogue
from mentalarena.evaluation.benchmarks.questions import Question, label_shares, load_questions
from mentalarena.evaluation.benchmarks.reproduction import paper_table, substring_accuracy
from mentalarena.evaluation.benchmarks.scores import Sample
from mentalarena.evaluation.statistics import share_interval
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import read_jsonl, write_whole
from mentalarena.stages.benchmark import Exam, benchmarks, samples_of
from mentalarena.stages.run import Json, Run


def reproduce(run: Run, models: Sequence[tuple[int, ModelRef]], exam: Exam) -> Json:
    """{sets: {name: {n, constant_answer, constant_baseline} or {missing}}, paper: [...], ours: [...]}: each cell with accuracy,
    its 95 % interval, and whether the interval lies above the constant answer. `models` are (iteration, weights)."""
    sets: dict[str, Json] = {}
    for name in paper_table().sets:
        try:
            sets[name] = _constant(load_questions(told := catalogue()[name], exam.data), bool(told.labels))
        except DataError as error:
            sets[name] = {"missing": str(error)}
    at_hand = [name for name in sets if "missing" not in sets[name]]
    if not at_hand:
        raise DataError(f"none of the paper's sets can be read; the first: {next(iter(sets.values()))['missing']}")
    paper = [
        {
            "model": model,
            "cells": {name: _cell(accuracy / 100, sets[name]) for name, accuracy in zip(sets, row, strict=True)},
        }
        for model, row in paper_table().rows
    ]
    ours = []
    for iteration, ref in models:
        cells: dict[str, Any] = dict.fromkeys(sets)
        for record in benchmarks(run, [(iteration, ref)], at_hand, exam):
            name = record["benchmark"]
            samples = [Sample(**told) for told in read_jsonl(samples_of(run, iteration, name, "generation", exam))]
            cells[name] = record | {"substring_accuracy": substring_accuracy(samples, name)}
        ours.append({"model": record["model"], "iteration": iteration, "cells": cells})
    found = {"sets": sets, "paper": paper, "ours": ours, "limit": exam.limit}
    write_whole(run.out / "reproduction.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return found


def _constant(questions: Sequence[Question], named: bool) -> Json:
    """The best constant answer; by its text where all questions have the same options."""
    label, share = next(iter(label_shares(questions).items()))
    answer = questions[0].options[label] if named else label
    return {"n": len(questions), "constant_answer": answer, "constant_baseline": share}


def _cell(accuracy: float, told: Json) -> Json:
    """A number of the paper with the interval that its questions give it."""
    if "missing" in told:
        return {"accuracy": accuracy, "ci95": None, "above_constant": None}
    right = round(accuracy * told["n"])
    interval = share_interval([True] * right + [False] * (told["n"] - right))
    return {
        "accuracy": accuracy,
        "ci95": [interval.low, interval.high],
        "above_constant": interval.low > told["constant_baseline"],
    }
