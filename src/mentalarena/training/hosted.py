"""Hosted fine-tuning (OpenAI's API and others that speak it): upload, job, events, and the name of the model that comes of it.

No job is made twice. What was done is on disk before the next step (`hosted-job.json`); a job carries a digest of
its rows and settings as metadata, and where a process died between asking for a job and writing it down, the job is found by
that. The rows' file is uploaded again in that one case: a file costs nothing.

API: https://platform.openai.com/docs/api-reference/fine-tuning. The key comes from the environment alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mentalarena.config import ModelConfig, TrainingConfig
from mentalarena.errors import DataError, TrainingFailed
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import HOSTED, hosted_name
from mentalarena.runs.directory import read_json, write_whole
from mentalarena.training.local import ADAPTER, RESULT, Example, Progress

STATE = "hosted-job.json"
MARK = "mentalarena"
FAILED = ("failed", "cancelled")
FEWEST = 10
"""Rows that a job needs (the API's rule)."""


class HostedTrainer:
    """A `Trainer` whose weights stay with the provider. `out/adapter/hosted.json` names them. Raises `TrainingFailed`."""

    def __init__(
        self,
        settings: TrainingConfig,
        learner: ModelConfig,
        seed: int,
        progress: Progress = lambda share, loss: None,
        wait: Callable[[float], None] = time.sleep,
        iteration: int = 1,
    ) -> None:
        self._settings, self._learner, self._seed, self._progress, self._wait = settings, learner, seed, progress, wait
        self._epochs = settings.epochs_of(iteration)

    def fit(self, rows: Sequence[Example], start: ModelRef, out: Path) -> ModelRef:
        finished = ModelRef(start.base, out / ADAPTER)
        if len(rows) < FEWEST:
            raise DataError(f"{out}: {len(rows)} rows; expected at least {FEWEST} for a hosted job")
        data = "".join(json.dumps(chat_row(row.as_dict()), ensure_ascii=False) + "\n" for row in rows).encode()
        body = self._body(start)
        digest = hashlib.sha256(data + json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]
        result = out / ADAPTER / RESULT
        if result.exists() and read_json(result, "the result of a training").get("inputs") == digest:
            return finished
        job = self._wait_for(self._job(data, body, digest, out), out)
        (out / ADAPTER).mkdir(parents=True, exist_ok=True)
        told = {"model": job.fine_tuned_model, "job": job.id, "trained_tokens": getattr(job, "trained_tokens", None)}
        write_whole(out / ADAPTER / HOSTED, json.dumps(told, indent=1) + "\n")
        write_whole(result, json.dumps({"inputs": digest, "rows": len(rows)}) + "\n")  # last: with it the adapter is there
        return finished

    def _body(self, start: ModelRef) -> dict[str, Any]:
        """What is asked for, but for the file and the mark."""
        epochs = max(1, round(self._epochs))
        base = hosted_name(start.adapter) if start.adapter else self._learner.model
        method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs}}}
        return {"model": base, "seed": self._seed, "suffix": MARK, "method": method}

    def _job(self, data: bytes, body: dict[str, Any], digest: str, out: Path) -> Any:
        state = out / STATE
        told = read_json(state, "the state of a hosted job") if state.exists() else {}
        client = self._client()
        if told.get("digest") == digest and "job" in told:
            return self._asked(client.fine_tuning.jobs.retrieve, told["job"])
        if told.get("digest") == digest:  # it was asked for, and perhaps made
            for job in self._asked(client.fine_tuning.jobs.list, limit=100):
                if (getattr(job, "metadata", None) or {}).get(MARK) == digest and job.status not in FAILED:
                    write_whole(state, json.dumps({"digest": digest, "job": job.id}) + "\n")
                    return job
        file = ("rows.jsonl", io.BytesIO(data), "application/jsonl")
        uploaded = self._asked(client.files.create, file=file, purpose="fine-tune")
        write_whole(state, json.dumps({"digest": digest}) + "\n")
        job = self._asked(client.fine_tuning.jobs.create, training_file=uploaded.id, metadata={MARK: digest}, **body)
        write_whole(state, json.dumps({"digest": digest, "job": job.id}) + "\n")
        return job

    def _wait_for(self, job: Any, out: Path) -> Any:
        """The finished job. Its messages go into `training.log`."""
        client, pause, seen = self._client(), 2.0, 0
        while job.status != "succeeded":
            if job.status in FAILED:
                why = getattr(getattr(job, "error", None), "message", None) or "no reason given"
                (out / STATE).unlink(missing_ok=True)  # another call makes another job
                raise TrainingFailed(f"hosted job {job.id}: {job.status} ({why}); see {out / 'training.log'}")
            self._wait(pause)
            pause = min(pause * 1.5, 60.0)
            events = list(self._asked(client.fine_tuning.jobs.list_events, job.id, limit=100))[::-1]
            with (out / "training.log").open("a", encoding="utf-8") as log:
                log.writelines(f"{event.message}\n" for event in events[seen:])
            seen = len(events)
            self._progress(0.5 if job.status == "running" else 0.1, 0.0)
            job = self._asked(client.fine_tuning.jobs.retrieve, job.id)
        self._progress(1.0, 0.0)
        return job

    def _client(self) -> Any:
        from openai import OpenAI

        urls = self._learner.base_url
        url = urls if isinstance(urls, str) else urls[0] if urls else ""
        key = os.environ.get(self._learner.api_key_env, "none" if url else "")
        return OpenAI(base_url=url or None, api_key=key, max_retries=self._learner.retries, timeout=self._learner.timeout)

    def _asked(self, ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        from openai import OpenAIError

        try:
            return ask(*arguments, **named)
        except OpenAIError as error:
            key = os.environ.get(self._learner.api_key_env)
            told = " ".join((str(error).replace(key, "***") if key else str(error)).split())[:300]
            raise TrainingFailed(f"hosted fine-tuning: {told}; nothing is lost, the same command goes on") from None


def chat_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the API takes it: a conversation whose last message is the assistant's."""
    return {"messages": [*row["prompt"], *row["completion"]]}
