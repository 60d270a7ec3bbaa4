"""lm-evaluation-harness with the models of a run: its tasks ask, the journal remembers, the engine batches.

The harness loads tasks, makes the requests and reads the results; who answers is a player of the run. Answers that are scored
are counted as its own models count them: log-probability of the label right behind the generation prompt of the chat template.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Literal, TextIO

from mentalarena.errors import ConfigError, DataError, MentalArenaError
from mentalarena.evaluation.benchmarks.answers import read_answer
from mentalarena.evaluation.benchmarks.prompting import Prompting, prompts
from mentalarena.evaluation.benchmarks.questions import Question
from mentalarena.evaluation.benchmarks.scores import Sample
from mentalarena.evaluation.benchmarks.tasks.functions import question_of
from mentalarena.models.backends import need_extra
from mentalarena.models.base import Message, Sampling

TASKS = Path(__file__).with_name("tasks")
Scoring = Literal["loglikelihood", "generation"]
LONGEST = {"direct": 256, "paper": 256, "cot": 1024, "medprompt": 1024}
"""New tokens of an answer, at most; 256 is the paper's."""


@dataclass(frozen=True)
class Asked:
    """What of the harness's requests reaches a model: the messages, and how to answer."""

    messages: tuple[Message, ...]
    answers: tuple[str, ...] = ()
    """To be scored; or else a reply is drawn, by `sampling`."""
    sampling: Sampling = field(default_factory=Sampling)
    question: Question | None = None


@dataclass(frozen=True)
class Given:
    """What a model gave: a text, or a log-probability for each answer. `problem` says why there is neither."""

    text: str = ""
    scores: tuple[float, ...] = ()
    replies: Mapping[str, str] | None = None
    """Several replies by scope, of which `text` is the label that came of them (MedPrompt)."""
    examples: int = 0
    problem: str = ""


Answer = Callable[[Sequence[Asked]], Sequence[Given]]
"""Answers all requests of a task, in their order."""


def run_task(
    name: str,
    metadata: Mapping[str, Any],
    answer: Answer,
    limit: int | None = None,
    prompting: Prompting = "direct",
    folder: Path | None = TASKS,
) -> list[Sample]:
    """The samples of one task of the harness, from the task files of a `folder` (None: its own). `metadata` goes to the task's
    data set: for shipped tasks the folder of `data`, the `own` file and the `prompting`. Raises `DataError` for a task that
    is not there or cannot be loaded, and `ConfigError` for one that cannot be asked of a chat model."""
    need_extra("benchmarks", ("lm_eval", "datasets"), "benchmarks")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with _quiet() as shown:
        from lm_eval.evaluator import evaluate
        from lm_eval.tasks import TaskManager

        from mentalarena.evaluation.benchmarks.answerer import Answerer

        manager = TaskManager(
            include_path=str(folder) if folder else None, include_defaults=folder is None, metadata=dict(metadata)
        )
        model = Answerer(answer, LONGEST[prompting] if folder == TASKS else None, shown)
        try:
            tasks = manager.load([name])
            told = evaluate(
                model,
                tasks,
                limit=limit,
                bootstrap_iters=0,
                log_samples=True,
                apply_chat_template=True,
                system_instruction=prompts().render("paper_system") if prompting == "paper" else None,
            )
        except MentalArenaError:
            raise
        except Exception as error:  # the harness and the hub have many; each is about the task
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise DataError(f"{name}: lm-evaluation-harness cannot run it ({type(error).__name__}: {reason})") from error
    if told is None:
        return []
    return [
        _sample(task, sample, model.given[task, sample["doc_id"]])
        for task, each in told["samples"].items()
        for sample in each
    ]


def _sample(task: str, told: Mapping[str, Any], given: tuple[Asked, Given]) -> Sample:
    """A sample of ours from one of the harness, whose verdict on a right answer stands."""
    asked, answer = given
    messages = [message.as_dict() for message in asked.messages]
    replies = dict(answer.replies or {})
    if "labels" in told["doc"] and "texts" in told["doc"]:
        question = question_of(told["doc"])
        scores = dict(zip(question.options, answer.scores, strict=True)) if answer.scores else {}
        best = None if answer.problem else _best(scores) if scores else answer.text or None
        if not scores and answer.replies is None and not answer.problem:
            best = read_answer(answer.text, question.options)
        shown = (question.id, question.text, question.options, messages, answer.text, scores, best, question.answer)
        return Sample(*shown, best == question.answer, replies, answer.examples, answer.problem)
    metric = next((m for m in ("exact_match", "acc", "acc_norm") if m in told), None)
    if metric is None:
        raise ConfigError(f"{task}: its metrics are {', '.join(told['metrics'])}; expected accuracy or exact match")
    truth, filtered = _words(told["target"]), told["filtered_resps"]
    options, scores = {}, {}
    if answer.scores:
        options = {str(n): text for n, text in enumerate(asked.answers)}
        scores = dict(zip(options, answer.scores, strict=True))
        truth = next((number for number, text in options.items() if text.strip() == truth), truth)
        parsed = _best(scores)
        correct = told[metric] == 1.0 and parsed is not None
    else:
        said = _words(filtered[0])
        correct = told[metric] == 1.0 and not answer.problem
        # the metric may not mind spelling: what it calls right is the right answer
        parsed = truth if correct else None if answer.problem or said in ("", "[invalid]") else said
    place = f"{task}/{told['doc_id']:05d}"
    text = messages[-1]["content"]
    return Sample(place, text, options, messages, answer.text, scores, parsed, truth, correct, replies, 0, answer.problem)


def _best(scores: Mapping[str, float]) -> str | None:
    """The label with the highest log-probability; None where it is not one, or none is a number (weights that overflow)."""
    if not all(map(math.isfinite, scores.values())):
        return None
    most = max(scores.values())
    best = [label for label, score in scores.items() if score == most]
    return best[0] if len(best) == 1 else None


def _words(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return str(value).strip()


@contextmanager
def _quiet() -> Iterator[TextIO]:
    """Without the harness's log and bars, since the run has its own; yields where those go."""
    for name in ("lm_eval", "datasets"):
        logging.getLogger(name).setLevel(logging.ERROR)
    before = sys.stderr
    with redirect_stderr(StringIO()):
        yield before
