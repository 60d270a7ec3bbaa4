"""The Model Optimizer (paper, section 3.4) on this machine, or on those that a launcher reaches: SFT or DPO by TRL and PEFT.

Training is a process of its own (worker.py), or several that a launcher starts; this is the side that waits for it. It keeps
checkpoints; a killed training goes on from the last one. The result appears whole under its name or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from mentalarena.config import TrainingConfig
from mentalarena.errors import ConfigError, DataError, TrainingFailed
from mentalarena.models.backends import folder_of
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import is_checkpoint
from mentalarena.runs.directory import TRAINING_FREE, read_json, write_jsonl, write_whole

PARENT = "MENTALARENA_TRAINING_PARENT"
"""The environment variable that tells a training who started it: host and process id."""
WORKER = "mentalarena.training.worker"
ADAPTER, JOB, RESULT = "adapter", "training.json", "result.json"
CHECKPOINTS, TENSORBOARD = "checkpoints", "tensorboard"
STOPPED = "mentalarena: training stopped: "
"""Begins the line of training.log that tells why; a launcher writes much after it."""
Progress = Callable[[float, float], None]
"""Called with the share that is done (0 to 1) and the latest training loss."""


class Example(Protocol):
    """A row, or a pair of answers."""

    def as_dict(self) -> dict[str, Any]: ...


class Trainer(Protocol):
    """The seam: rows and weights in, better weights out."""

    def fit(self, rows: Sequence[Example], start: ModelRef, out: Path) -> ModelRef:
        """Train and leave the result under `out`; calling again goes on or returns what is finished."""
        ...


class LocalTrainer:
    """Trains an adapter on `start`'s base, or all of its weights (`settings.weights`), and goes on from what `start` has learnt.

    `iteration` decides how many epochs. Raises `TrainingFailed`, and `DataError` for rows or weights that cannot be used.
    """

    def __init__(
        self,
        settings: TrainingConfig,
        seed: int,
        progress: Progress = lambda share, loss: None,
        iteration: int = 1,
    ) -> None:
        self._settings, self._seed, self._progress = settings, seed, progress
        self._epochs = settings.epochs_of(iteration)

    def fit(self, rows: Sequence[Example], start: ModelRef, out: Path) -> ModelRef:
        finished = ModelRef(start.base, out / ADAPTER)
        if not rows:
            raise DataError(f"{out}: no rows to train on; expected at least one (see the problems of the episodes)")
        whole = self._settings.weights == "full"
        if start.adapter and is_checkpoint(start.adapter) != whole:
            raise DataError(
                f"{start.adapter}: {'an adapter' if whole else 'a whole checkpoint'}, and training.weights is "
                f"{self._settings.weights!r}; expected weights that were trained by the same setting"
            )
        inputs = self._inputs(rows, start)
        if (out / ADAPTER).exists():
            if read_json(out / ADAPTER / RESULT, "the result of a training").get("inputs") == inputs:
                return finished
            shutil.rmtree(out / "adapter.old", ignore_errors=True)
            (out / ADAPTER).rename(out / "adapter.old")
            shutil.rmtree(out / "adapter.old")
        self._forget(out, inputs)
        write_jsonl(out / "training-rows.jsonl", (row.as_dict() for row in rows))
        job = {
            "inputs": inputs,
            "base": folder_of(start),
            "adapter": str(start.adapter) if start.adapter else None,
            "rows": str(out / "training-rows.jsonl"),
            "out": str(out),
            "seed": self._seed,
            "epochs": self._epochs,
            "settings": self._settings.model_dump(mode="json"),
        }
        write_whole(out / JOB, json.dumps(job, indent=1) + "\n")
        self._run(out / JOB)
        return finished

    def _inputs(self, rows: Sequence[Example], start: ModelRef) -> str:
        """A digest of what decides the result: an adapter from other rows, settings or weights is not this one."""
        adapter = (start.adapter / RESULT).read_text("utf-8") if start.adapter else ""
        settings = self._settings.model_dump(mode="json", exclude={"epochs", "most_rows", *TRAINING_FREE})
        told = [start.base, adapter, self._seed, self._epochs, settings]
        return hashlib.sha256(json.dumps([told, [row.as_dict() for row in rows]], sort_keys=True).encode()).hexdigest()

    def _forget(self, out: Path, inputs: str) -> None:
        """Take away what an earlier job left that this one cannot go on with."""
        if not (out / JOB).exists():
            return
        earlier = read_json(out / JOB, "the job of a training")
        launched = earlier.get("settings", {}).get("launcher", "")
        if earlier.get("inputs") != inputs:  # they belong to other rows
            shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
            shutil.rmtree(out / TENSORBOARD, ignore_errors=True)
        elif launched != self._settings.launcher:  # what is sharded is stored otherwise
            shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)

    def _run(self, job: Path) -> None:
        with (job.parent / "training.log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603  (our own module, by our own interpreter or the user's launcher)
                command(self._settings.launcher, job),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._environment(),
                start_new_session=True,  # a launcher and what it started end together
            )
            try:
                for line in process.stdout or ():
                    if line.startswith('{"share"'):
                        told = json.loads(line)
                        self._progress(told["share"], told["loss"])
            except BaseException:
                os.killpg(process.pid, signal.SIGTERM)  # Ctrl-C: the last checkpoint stays
                raise
            finally:
                code = process.wait()
                if process.stdout:
                    process.stdout.close()
            if code:
                log.seek(0)
                lines = [line.strip() for line in log if line.strip()] or ["no message"]
                why = next((line.removeprefix(STOPPED) for line in lines if line.startswith(STOPPED)), lines[-1])
                raise TrainingFailed(f"{job}: training stopped ({why[:300]}); see {log.name}; the same command goes on")

    def _environment(self) -> dict[str, str]:
        quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}
        environment = {**os.environ, **quiet, PARENT: f"{socket.gethostname()} {os.getpid()}"}
        if not self._settings.launcher:  # transformers would spread one process over all GPUs, and multiply the batch
            environment["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        return environment


def command(launcher: str, job: Path) -> list[str]:
    """What starts a training. Raises `ConfigError` when there is no such launcher."""
    module = ["-m", WORKER, str(job)]
    try:
        words = shlex.split(launcher)
    except ValueError as error:
        raise ConfigError(
            f"training.launcher: {launcher!r} is no command ({error}); expected words in a shell's form"
        ) from None
    if not words:
        return [sys.executable, *module]
    beside = str(Path(sys.executable).parent)  # an environment that is not activated is not on the PATH
    program = shutil.which(words[0]) or shutil.which(words[0], path=beside)
    if program is None:
        raise ConfigError(
            f"training.launcher: no program {words[0]!r}; expected one such as 'accelerate launch --num_processes 2'"
        )
    return [program, *words[1:], *module]
