"""The training itself, in a process of its own: `python -m mentalarena.training.worker JOB.json`.

Under a launcher there are several of these processes, and accelerate tells each which one it is. What is distributed (DDP,
FSDP, DeepSpeed) comes from the launcher's settings through transformers; here only the first process writes, locks and
watches.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mentalarena.config import TrainingConfig
from mentalarena.models.memory import keep_freed_memory
from mentalarena.runs.directory import write_whole
from mentalarena.training.local import ADAPTER, CHECKPOINTS, PARENT, RESULT, STOPPED, TENSORBOARD


def _told(*names: str, otherwise: int) -> int:
    return next((int(os.environ[name]) for name in names if name in os.environ), otherwise)


RANK = _told("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK", otherwise=0)
PROCESSES = _told("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", otherwise=1)
"""Which of how many processes this is, as accelerate reads it: told by torchrun and its likes, or by MPI."""


def train(job: dict[str, Any]) -> None:
    """Learn a job's rows and leave the result; do nothing where it is there."""
    settings, out = TrainingConfig.model_validate(job["settings"]), Path(job["out"])
    lock = _begin(out, job) if RANK == 0 else None
    arguments = _arguments(settings, job, out)  # before the model: sharded loading and DeepSpeed hang on what this opens
    arguments.distributed_state.wait_for_everyone()  # for the first process, which may wait for its lock
    if not (out / ADAPTER).exists():
        _learn(settings, job, out, arguments)
    arguments.distributed_state.destroy_process_group()
    if lock:
        lock.close()


def _begin(out: Path, job: dict[str, Any]) -> Any:
    """Take the lock, and away what an orphan of a killed run made of other rows."""
    import fcntl

    lock = (out / ".training-lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)  # waits for an orphan to see that it is one
    result = out / ADAPTER / RESULT
    if result.exists() and json.loads(result.read_text("utf-8")).get("inputs") != job.get("inputs"):
        shutil.rmtree(out / ADAPTER)
    return lock


def _learn(settings: TrainingConfig, job: dict[str, Any], out: Path, arguments: Any) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import DPOTrainer, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(job["base"])
    records = [json.loads(line) for line in Path(job["rows"]).read_text("utf-8").split("\n") if line]
    rows = _fitting(records, tokenizer, settings)
    model = base_weights(settings, job, arguments)
    trainer = (SFTTrainer if settings.method == "sft" else DPOTrainer)(
        model=model,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=None if job["adapter"] or settings.weights == "full" else _lora(settings),
        callbacks=[_teller()],
        args=arguments,
    )
    checkpoints = sorted((out / CHECKPOINTS).glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    whole = [p for p in checkpoints if _is_json(p / "trainer_state.json")]
    result = trainer.train(resume_from_checkpoint=str(whole[-1]) if whole else None)
    part = out / f"{ADAPTER}.part"
    if RANK == 0:
        shutil.rmtree(part, ignore_errors=True)
    if trainer.is_fsdp_enabled:  # checkpoints may be sharded, the result is not
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    trainer.save_model(str(part))  # by all processes: each may hold a part of the weights
    if RANK != 0:
        return
    (part / "training_args.bin").unlink(missing_ok=True)  # a pickle, and of no use here
    shutil.rmtree(part / "ref", ignore_errors=True)  # DPO's copy of the adapter that it began with
    counts = {"rows": len(rows), "too_long": len(records) - len(rows), "loss": result.training_loss}
    place = {"device": arguments.device.type, "dtype": _dtype(settings), "processes": PROCESSES}
    told = {**counts, "steps": result.global_step, **place, "inputs": job.get("inputs")}
    write_whole(part / RESULT, json.dumps(told) + "\n")
    part.rename(out / ADAPTER)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)


def _arguments(settings: TrainingConfig, job: dict[str, Any], out: Path) -> Any:
    """TRL's settings; making them opens the group of processes where a launcher has started several."""
    from trl import DPOConfig, SFTConfig

    if settings.batch_size % PROCESSES:
        raise SystemExit(f"training.batch_size = {settings.batch_size}; expected a multiple of the {PROCESSES} processes")
    if not _cuda(settings):
        keep_freed_memory()
    method: dict[str, Any] = {"train_sampling_strategy": "group_by_length"}
    if settings.method == "dpo":
        method = {"beta": settings.dpo_beta}
    os.environ["ACCELERATE_MIXED_PRECISION"] = "bf16" if _dtype(settings) == "bfloat16" else "no"  # not the launcher's say
    if settings.tensorboard:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(out / TENSORBOARD)
    return (SFTConfig if settings.method == "sft" else DPOConfig)(
        **method,
        output_dir=str(out / CHECKPOINTS),
        num_train_epochs=job["epochs"],
        per_device_train_batch_size=settings.batch_size // PROCESSES,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        optim=settings.optimizer,
        max_length=None,
        gradient_checkpointing=settings.gradient_checkpointing,
        bf16=_dtype(settings) == "bfloat16",
        use_cpu=not _cuda(settings),
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=_cuda(settings),
        logging_steps=5,
        save_steps=settings.save_steps,
        save_total_limit=1,
        report_to="tensorboard" if settings.tensorboard else "none",
        disable_tqdm=True,
        seed=job["seed"],
    )


def base_weights(settings: TrainingConfig, job: dict[str, Any], arguments: Any) -> Any:
    """The weights to learn on: the base, whole ones that were learnt before, or an adapter that goes on."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    dtype = getattr(torch, _dtype(settings))
    if settings.weights == "full":  # small updates get lost in bfloat16; the computing is done in it by autocast
        folder = job["adapter"] or job["base"]
        return AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=torch.float32)
    four_bits: dict[str, Any] = {}
    if settings.weights == "qlora":
        sharded = os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
        four_bits["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=settings.double_quantisation,
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_quant_storage=dtype if sharded else torch.uint8,  # FSDP shards what is of one floating type
        )
        if not sharded:
            four_bits["device_map"] = {"": arguments.device}
    # TRL's trainers prepare a quantised model themselves (frozen base, gradients of the inputs, adapter in bfloat16).
    model = AutoModelForCausalLM.from_pretrained(job["base"], use_safetensors=True, dtype=dtype, **four_bits)
    if job["adapter"]:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, job["adapter"], is_trainable=True)
    return model


def _lora(settings: TrainingConfig) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _fitting(records: Sequence[dict[str, Any]], tokenizer: Any, settings: TrainingConfig) -> list[dict[str, Any]]:
    """Rows as TRL takes them, without those that are too long."""
    answers = ("chosen", "rejected") if settings.method == "dpo" else ("completion",)
    rows = [{name: r[name] for name in ("prompt", *answers)} for r in records]

    def length(row: dict[str, Any]) -> int:
        return max(len(tokenizer.apply_chat_template([*row["prompt"], *row[name]], return_dict=False)) for name in answers)

    fitting = [row for row in rows if length(row) <= settings.max_length]
    if not fitting:
        raise SystemExit(f"all {len(rows)} rows are longer than training.max_length = {settings.max_length} tokens")
    return fitting


def _teller() -> Any:
    """Tells how far the training is, and ends it when whoever started it is gone: the first process does both."""
    from transformers import TrainerCallback

    parent = os.environ.get(PARENT, "")

    class Tell(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            if RANK == 0 and gone(parent):  # leave the checkpoints to the next one
                raise SystemExit("the run that started this training is gone")

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            share = state.global_step / max(state.max_steps, 1)
            if RANK == 0 and "loss" in (logs or {}):
                print(json.dumps({"share": round(share, 4), "loss": float(logs["loss"])}), flush=True)

    return Tell()


def gone(parent: str) -> bool:
    """Whether a process, told as "HOST PID", is no more. Of one on another host, or of none, that is not known."""
    import psutil

    host, _, pid = parent.rpartition(" ")
    if host != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _cuda(settings: TrainingConfig) -> bool:
    import torch

    return settings.device == "cuda" or (settings.device == "auto" and torch.cuda.is_available())


def _dtype(settings: TrainingConfig) -> str:
    if settings.dtype != "auto":
        return settings.dtype
    return "bfloat16" if _cuda(settings) or settings.weights == "qlora" else "float32"


def _is_json(path: Path) -> bool:
    """Whether a file is there and whole: the trainer writes its state last, and a kill may have torn it."""
    try:
        json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    try:
        train(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    except (Exception, SystemExit) as stopped:
        told = (str(stopped).strip() or type(stopped).__name__).splitlines()[0]
        print(f"{STOPPED}{told}", file=sys.stderr, flush=True)
        raise
