"""Train: rows to better weights (the Model Optimizer)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from mentalarena.arena.prompts import load_prompts
from mentalarena.config import TrainingConfig
from mentalarena.errors import ConfigError, DataError
from mentalarena.models.backends import need_extra
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import WHOLE_BY_VLLM
from mentalarena.runs.directory import locked
from mentalarena.stages.arms import arm_of
from mentalarena.stages.build import PREFERENCES, replay_kinds
from mentalarena.stages.run import Run, link
from mentalarena.training.controls import drawn, fewer
from mentalarena.training.hosted import HostedTrainer
from mentalarena.training.local import ADAPTER, JOB, RESULT, Example, LocalTrainer, Trainer, command
from mentalarena.training.preference import read_pairs
from mentalarena.training.rows import distinct, read_rows, warm_start_rows


def train(run: Run, iteration: int, start: ModelRef, arm: str = "main") -> ModelRef:
    """The model that plays `iteration`: learnt from the rows of the iterations before. Raises `TrainingFailed`."""
    rows = learnt_from(run, iteration, arm)
    begin = start if run.config.training.start_from == "previous" else warm_started(run)
    title = f"train {iteration}" if arm == "main" else f"train ({arm})"
    if arm == "main":
        link(run.out, iteration)
    return _fit(run, rows, begin, run.folder(iteration, arm), title, iteration)


def learnt_from(run: Run, iteration: int, arm: str = "main") -> Sequence[Example]:
    """The rows (pairs for DPO) that make the model of an iteration: `training.rows`, at most `training.most_rows`."""
    settings, seed = run.config.training, run.config.seed + 1000 * iteration
    first = 0 if settings.rows == "accumulated" else iteration - 1
    folders = [run.folder(i, arm) for i in range(first, iteration)]
    most = settings.most_rows
    if settings.method == "dpo":
        pairs = [pair for folder in folders for pair in read_pairs(folder / PREFERENCES)]
        return drawn(pairs, most, seed) if most else pairs
    rows = distinct(row for folder in folders for row in read_rows(folder / "sft.jsonl"))
    return fewer(rows, most, settings.replay, replay_kinds(run.config, arm_of(arm)), seed) if most else rows


def check_trainable(run: Run) -> None:
    """Raises `ConfigError` before anything is paid for, when the therapist's model could not be trained here."""
    learner = run.learner
    if run.config.training.method == "dpo" and run.config.loop.control != "none":
        raise ConfigError("training.method: 'dpo' has no control arm yet (it needs verdicts); expected loop.control='none'")
    if run.config.training.where == "hosted":
        if run.config.training.method != "sft":
            raise ConfigError("training.where: 'hosted' learns by 'sft' here; expected training.method='sft'")
        if learner.provider != "openai":
            raise ConfigError(f"training.where: 'hosted' with provider {learner.provider!r}; expected provider 'openai'")
        need_extra("openai", ("openai", "aiohttp"), "hosted training")
        return
    if learner.provider == "scripted" or (learner.provider == "openai" and not learner.weights):
        raise ConfigError(
            f"models: provider {learner.provider!r} cannot be trained; expected 'embedded', 'transformers', or 'openai' with "
            "`weights`"
        )
    need_extra("train", ("torch", "trl", "peft", "datasets"), "training")
    _check_machine(run.config.training)
    if run.config.training.weights == "full" and learner.provider == "openai" and learner.publish == "vllm":
        raise ConfigError(f"training.weights: 'full' makes a whole checkpoint, and {WHOLE_BY_VLLM}")


def _check_machine(settings: TrainingConfig) -> None:
    """Raises `ConfigError` for what this machine has not. A launcher of another kind than these may reach other machines, and
    what they have shows when it is started."""
    started = command(settings.launcher, Path(JOB))
    if settings.tensorboard:
        need_extra("tensorboard", ("tensorboard",), "training.tensorboard")
    if settings.weights == "qlora":
        need_extra("qlora", ("bitsandbytes",), "training.weights: 'qlora'")
    if settings.optimizer.startswith("paged_") or settings.optimizer.endswith("8bit"):
        need_extra("qlora", ("bitsandbytes",), f"training.optimizer: {settings.optimizer!r}")
    if settings.device == "cuda" and (not settings.launcher or Path(started[0]).name in ("accelerate", "torchrun")):
        import torch

        if not torch.cuda.is_available():
            raise ConfigError(
                f"training.device: 'cuda', and torch {torch.__version__} sees no CUDA here; expected an NVIDIA GPU and a build "
                "of torch for it, or 'auto' or 'cpu' (slow)"
            )


def warm_started(run: Run) -> ModelRef:
    """The model of iteration 0: the base, or with `training.warm_start` the base after the patients' cognitive models."""
    if not run.config.training.warm_start:
        return run.base
    patients = run.patients(0)
    prompts = load_prompts(run.config.models.patient.prompt_set)
    rows = [
        row for p in patients for row in warm_start_rows([p.cognitive_model], prompts, source=p.source, licence=p.licence)
    ]
    with locked(run.out / ".warm-start", "another process trains the warm start; expected it to end", wait=math.inf):
        return _fit(run, rows, run.base, run.out / "arms" / "warm-start", "warm start", 0)


def trained(run: Run, iteration: int) -> ModelRef:
    """The model that plays an iteration of the main arm. Raises `DataError` when it has not been trained."""
    if iteration == 0:
        return warm_started(run)
    adapter = run.folder(iteration) / ADAPTER
    if not (adapter / RESULT).is_file():
        raise DataError(f"{adapter}: not there; expected `mentalarena train --iteration {iteration}` to have been run")
    return ModelRef(run.base.base, adapter)


def _fit(run: Run, rows: Sequence[Example], start: ModelRef, out: Path, title: str, iteration: int) -> ModelRef:
    check_trainable(run)
    run.backends.release()  # the memory belongs to the training now
    run.progress.start(title, 1.0)
    reached = 0.0

    def told(share: float, loss: float) -> None:
        nonlocal reached
        run.progress.advance(share - reached)
        run.progress.measure("loss", loss)
        reached = share

    settings, seed = run.config.training, run.config.seed
    trainer: Trainer = LocalTrainer(settings, seed, told, iteration)
    if settings.where == "hosted":
        trainer = HostedTrainer(settings, run.learner, seed, told, iteration=iteration)
    ref = trainer.fit(rows, start, out)
    run.progress.advance(1.0 - reached)
    return ref
