"""What lm-evaluation-harness takes for a model. Imports the harness: imported where it runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import redirect_stderr
from typing import TextIO

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from mentalarena.errors import ConfigError
from mentalarena.evaluation.benchmarks.harness import Answer, Asked, Given
from mentalarena.evaluation.benchmarks.tasks.functions import question_of
from mentalarena.models.base import Message, Sampling

LEAST = -1e9
"""The log-probability of an answer that could not be scored: the harness reckons with it, so it must be finite."""


class Answerer(LM):  # type: ignore[misc]
    """Hands requests on as chat messages; `given` keeps what came of each, by task and document.

    `longest` bounds new tokens in the place of the task's own bound; `shown` is where progress is shown.
    """

    def __init__(self, answer: Answer, longest: int | None, shown: TextIO) -> None:
        super().__init__()
        self._answer, self._longest, self._shown = answer, longest, shown
        self.given: dict[tuple[str, int], tuple[Asked, Given]] = {}

    @property
    def tokenizer_name(self) -> str:
        return "messages"

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The messages as JSON: the model's own template is put on where it runs."""
        return json.dumps(chat_history, ensure_ascii=False)

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """A log-probability for each request. Whether an answer is the likeliest text is not known: told as False."""
        groups: dict[tuple[str, int], list[Instance]] = {}
        for request in requests:
            groups.setdefault((request.task_name, request.doc_id), []).append(request)
        asked = []
        for (task, _), group in groups.items():
            if len({request.args[0] for request in group}) > 1:
                raise ConfigError(f"{task}: its options stand in the prompt; expected one prompt for all options")
            asked.append(self._asked(group[0], answers=tuple(request.args[1] for request in group)))
        told = self._given(list(groups), asked)
        scores = {
            key: tuple(s if math.isfinite(s) else LEAST for s in given.scores) or (LEAST,) * len(group)
            for (key, group), given in zip(groups.items(), told, strict=True)
        }
        return [(scores[request.task_name, request.doc_id][request.idx], False) for request in requests]

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """A reply for each request, cut where the task says that it ends."""
        asked = []
        for request in requests:
            wanted = request.args[1]
            warm = float(wanted.get("temperature") or 0.0) if wanted.get("do_sample", True) else 0.0
            most = self._longest or int(wanted.get("max_gen_toks", 256))
            asked.append(self._asked(request, sampling=Sampling(warm, 1.0, most)))
        told = self._given([(request.task_name, request.doc_id) for request in requests], asked)
        return [_until(given.text, request.args[1].get("until")) for request, given in zip(requests, told, strict=True)]

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        raise ConfigError(f"{requests[0].task_name}: it scores whole texts; expected questions")

    def _asked(self, request: Instance, answers: tuple[str, ...] = (), sampling: Sampling = Sampling()) -> Asked:  # noqa: B008
        messages = [Message(**message) for message in json.loads(request.args[0])]
        if messages[-1].role == "assistant":  # the beginning of an answer, which a chat model cannot be made to go on from
            begun = messages.pop().content
            messages[-1] = Message(messages[-1].role, f"{messages[-1].content}\n{begun}")
        question = question_of(request.doc) if {"labels", "texts", "answer"} <= request.doc.keys() else None
        return Asked(tuple(messages), answers, sampling, question)

    def _given(self, keys: Sequence[tuple[str, int]], asked: Sequence[Asked]) -> Sequence[Given]:
        with redirect_stderr(self._shown):
            told = self._answer(asked)
        self.given |= dict(zip(keys, zip(asked, told, strict=True), strict=True))
        return told


def _until(text: str, ends: str | list[str] | None) -> str:
    for end in [ends] if isinstance(ends, str) else ends or []:
        if end:
            text = text.split(end)[0]
    return text
