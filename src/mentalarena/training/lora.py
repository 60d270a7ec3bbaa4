"""The Model Optimizer (paper, section 3.4): LoRA SFT by TRL and PEFT, in a process of its own.

The process keeps checkpoints; a killed training goes on from the last one. The finished adapter appears whole under its
name or not at all. `python -m mentalarena.training.lora JOB.json` is that process; `LoraTrainer` starts it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from mentalarena.config import TrainingConfig
from mentalarena.errors import DataError, TrainingFailed
from mentalarena.models.backends import folder_of
from mentalarena.models.base import ModelRef
from mentalarena.models.memory import keep_freed_memory
from mentalarena.runs.directory import read_json, write_jsonl, write_whole

PARENT = "MENTALARENA_TRAINING_PARENT"
ADAPTER, JOB, RESULT = "adapter", "training.json", "result.json"
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


class LoraTrainer:
    """Trains a new adapter on `start`'s base, or goes on with its adapter if it has one. Raises `TrainingFailed`."""

    def __init__(self, settings: TrainingConfig, seed: int, progress: Progress = lambda share, loss: None) -> None:
        self._settings, self._seed, self._progress = settings, seed, progress

    def fit(self, rows: Sequence[Example], start: ModelRef, out: Path) -> ModelRef:
        finished = ModelRef(start.base, out / ADAPTER)
        if not rows:
            raise DataError(f"{out}: no rows to train on; expected at least one (see the problems of the episodes)")
        inputs = self._inputs(rows, start)
        if (out / ADAPTER).exists():
            if read_json(out / ADAPTER / RESULT, "the result of a training").get("inputs") == inputs:
                return finished
            shutil.rmtree(out / "adapter.old", ignore_errors=True)
            (out / ADAPTER).rename(out / "adapter.old")
            shutil.rmtree(out / "adapter.old")
        if (out / JOB).exists() and read_json(out / JOB, "the job of a training").get("inputs") != inputs:
            shutil.rmtree(out / "checkpoints", ignore_errors=True)  # they belong to other rows
        write_jsonl(out / "training-rows.jsonl", (row.as_dict() for row in rows))
        job = {
            "inputs": inputs,
            "base": folder_of(start),
            "adapter": str(start.adapter) if start.adapter else None,
            "rows": str(out / "training-rows.jsonl"),
            "out": str(out),
            "seed": self._seed,
            "settings": self._settings.model_dump(mode="json"),
        }
        write_whole(out / JOB, json.dumps(job, indent=1) + "\n")
        self._run(out / JOB)
        return finished

    def _inputs(self, rows: Sequence[Example], start: ModelRef) -> str:
        """A digest of what decides the result: an adapter from other rows, settings or weights is not this one."""
        adapter = (start.adapter / RESULT).read_text("utf-8") if start.adapter else ""
        told = [start.base, adapter, self._seed, self._settings.model_dump(mode="json", exclude={"save_steps"})]
        return hashlib.sha256(json.dumps([told, [row.as_dict() for row in rows]], sort_keys=True).encode()).hexdigest()

    def _run(self, job: Path) -> None:
        quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}
        command = [sys.executable, "-m", "mentalarena.training.lora", str(job)]
        with (job.parent / "training.log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603  (our own module, in our own interpreter)
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **quiet, PARENT: str(os.getpid())},
            )
            try:
                for line in process.stdout or ():
                    if line.startswith('{"share"'):
                        told = json.loads(line)
                        self._progress(told["share"], told["loss"])
            except BaseException:
                process.terminate()  # Ctrl-C: the last checkpoint stays
                raise
            finally:
                code = process.wait()
                if process.stdout:
                    process.stdout.close()
            if code:
                log.seek(0)
                last = ([line.strip() for line in log if line.strip()] or ["no message"])[-1]
                raise TrainingFailed(f"{job}: training stopped ({last[:300]}); see {log.name}; the same command goes on")


def _train(job: dict[str, Any]) -> None:
    """The work itself, in its own process."""
    import fcntl

    from datasets import Dataset
    from peft import LoraConfig, PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    keep_freed_memory()
    settings, out = TrainingConfig.model_validate(job["settings"]), Path(job["out"])
    lock = (out / ".training-lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # waits for an orphan of a killed run to see that it is one
    if (out / ADAPTER).exists():
        if json.loads((out / ADAPTER / RESULT).read_text("utf-8")).get("inputs") == job.get("inputs"):
            return
        shutil.rmtree(out / ADAPTER)  # an orphan's, from other rows
    tokenizer = AutoTokenizer.from_pretrained(job["base"])
    model = AutoModelForCausalLM.from_pretrained(job["base"], use_safetensors=True, dtype="float32")
    records = [json.loads(line) for line in Path(job["rows"]).read_text("utf-8").split("\n") if line]
    answers = ("chosen", "rejected") if settings.method == "dpo" else ("completion",)
    rows = [{name: r[name] for name in ("prompt", *answers)} for r in records]

    def length(row: dict[str, Any]) -> int:
        return max(len(tokenizer.apply_chat_template([*row["prompt"], *row[name]], return_dict=False)) for name in answers)

    fitting = [row for row in rows if length(row) <= settings.max_length]
    if not fitting:
        raise SystemExit(f"all {len(rows)} rows are longer than training.max_length = {settings.max_length} tokens")
    lora = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    if job["adapter"]:
        model = PeftModel.from_pretrained(model, job["adapter"], is_trainable=True)

    parent = int(os.environ.get(PARENT, os.getppid()))

    class Tell(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            if os.getppid() != parent:  # whoever started this was killed: leave the checkpoints to the next one
                raise SystemExit("the run that started this training is gone")

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            share = state.global_step / max(state.max_steps, 1)
            if "loss" in (logs or {}):
                print(json.dumps({"share": round(share, 4), "loss": float(logs["loss"])}), flush=True)

    sft = settings.method == "sft"
    method: dict[str, Any] = {} if sft else {"beta": settings.dpo_beta}
    if sft:
        method["train_sampling_strategy"] = "group_by_length"
    trainer = (SFTTrainer if sft else DPOTrainer)(
        model=model,
        train_dataset=Dataset.from_list(fitting),
        processing_class=tokenizer,
        peft_config=None if job["adapter"] else lora,
        callbacks=[Tell()],
        args=(SFTConfig if sft else DPOConfig)(
            **method,
            output_dir=str(out / "checkpoints"),
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=settings.batch_size,
            gradient_accumulation_steps=settings.accumulation,
            learning_rate=settings.learning_rate,
            lr_scheduler_type=settings.schedule,
            warmup_steps=settings.warmup_steps,
            weight_decay=settings.weight_decay,
            max_grad_norm=settings.max_grad_norm,
            optim=settings.optimizer,
            max_length=None,
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            dataloader_pin_memory=False,
            logging_steps=5,
            save_steps=settings.save_steps,
            save_total_limit=1,
            report_to="none",
            disable_tqdm=True,
            seed=job["seed"],
        ),
    )
    checkpoints = sorted((out / "checkpoints").glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    whole = [p for p in checkpoints if _is_json(p / "trainer_state.json")]
    result = trainer.train(resume_from_checkpoint=str(whole[-1]) if whole else None)
    part = out / f"{ADAPTER}.part"
    shutil.rmtree(part, ignore_errors=True)
    trainer.model.save_pretrained(part)
    counts = {"rows": len(fitting), "too_long": len(rows) - len(fitting), "loss": result.training_loss}
    told = {**counts, "steps": result.global_step, "inputs": job.get("inputs")}
    write_whole(part / RESULT, json.dumps(told) + "\n")
    part.rename(out / ADAPTER)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


def _is_json(path: Path) -> bool:
    """Whether a file is there and whole: the trainer writes its state last, and a kill may have torn it."""
    try:
        json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    _train(json.loads(Path(sys.argv[1]).read_text("utf-8")))
