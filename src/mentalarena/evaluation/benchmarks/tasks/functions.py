"""What the task files call: questions in the form that lm-evaluation-harness takes, and the reading of an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mentalarena.evaluation.benchmarks.answers import read_answer
from mentalarena.evaluation.benchmarks.catalogue import benchmark as described
from mentalarena.evaluation.benchmarks.prompting import prompt
from mentalarena.evaluation.benchmarks.questions import Question, load_questions


def questions(
    benchmark: str, data: str | None = None, own: str | None = None, prompting: Any = "direct", **_: Any
) -> dict[str, Any]:
    """The data set of a task. `data` (the folder of files), `own` (a TOML file of own sets) and `prompting` (direct, cot,
    paper) come from `--metadata`; a letter's prompt is put by the task, so that no template is needed twice."""
    from datasets import Dataset

    told = described(benchmark, Path(own) if own else None)
    found = load_questions(told, Path(data) if data else None)
    return {"test": Dataset.from_list([_doc(question, prompting) for question in found])}


def _doc(question: Question, prompting: Any) -> dict[str, Any]:
    labels = list(question.options)
    return {
        "id": question.id,
        "question": question.text,
        "labels": labels,
        "texts": list(question.options.values()),
        "answer": question.answer,
        "target": labels.index(question.answer),
        "prompt": prompt(question, prompting),
    }


def question_of(doc: dict[str, Any]) -> Question:
    """The question that a record of `questions` was made of."""
    return Question(doc["id"], doc["question"], dict(zip(doc["labels"], doc["texts"], strict=True)), doc["answer"])


def read(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Whether a reply is right, and whether it names no single option."""
    label = read_answer(results[0], question_of(doc).options)
    return {"acc": float(label == doc["answer"]), "invalid": float(label is None)}
