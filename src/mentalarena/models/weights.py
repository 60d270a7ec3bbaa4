"""Weights into memory: any causal language model of transformers, with its adapters. Safetensors only, no remote code."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mentalarena.errors import ConfigError
from mentalarena.models.memory import keep_freed_memory


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how weights lie in memory."""

    device: str = "cpu"
    """A device of torch, or `auto`: spread over all accelerators (accelerate's device map)."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """`auto`: float32 on a CPU, bfloat16 elsewhere."""
    quantize: Literal["none", "nf4", "int8"] = "none"
    """bitsandbytes; nf4 is QLoRA's (Dettmers et al. 2023)."""
    attention: str = ""
    """`sdpa`, `eager`, `flash_attention_2`; unset: what transformers chooses."""

    @property
    def swaps(self) -> bool:
        """Whether adapters lie beside the weights and are switched. On a CPU they are merged instead: that plays faster, and a
        base that fits there is read again in no time. Quantised weights would lose by merging."""
        return self.device != "cpu" or self.quantize != "none"


CPU = Placement()


def load(folder: str, placement: Placement = CPU) -> tuple[Any, Any]:
    """Tokenizer and model. Raises `ConfigError` when something cannot be loaded or there is no chat template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # a run has bars of its own
    if placement.device == "cpu":
        keep_freed_memory()
    options: dict[str, Any] = {"dtype": _dtype(placement)}
    if placement.attention:
        options["attn_implementation"] = placement.attention
    if placement.quantize != "none":
        options["quantization_config"] = _quantization(placement, folder)
    if placement.device == "auto" or placement.quantize != "none":
        options["device_map"] = placement.device
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if not tokenizer.chat_template:
            raise ConfigError(f"{folder}: no chat template; expected a chat model")
        model: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, trust_remote_code=False, **options)
        if "device_map" not in options:
            model = model.to(placement.device)
        for module in model.modules():
            if hasattr(module, "support_avx512bf16_for_cpu"):
                # bitsandbytes repacks weights for a CPU kernel at first use, and what peft then wraps is read wrongly
                module.support_avx512bf16_for_cpu = False
    except torch.OutOfMemoryError as error:
        raise ConfigError(f"{folder}: {_line(error)}; expected a device with room for the weights (`quantize`?)") from None
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(f"{folder}: cannot be loaded ({_line(error)}); expected a checkpoint") from None
    except (RuntimeError, AssertionError) as error:  # torch: no such device, or built without it
        raise ConfigError(
            f"{folder}: cannot be put on device {placement.device!r} ({_line(error)}); "
            "expected 'cpu', 'auto' or a device of this machine"
        ) from None
    return tokenizer, model.eval()


def merge(model: Any, adapter: Path) -> Any:
    """The model with a LoRA adapter in its weights. Raises `ConfigError`."""
    return _with_adapter(model, adapter, "merged").merge_and_unload()


def attach(model: Any, adapter: Path, name: str) -> Any:
    """The model with an adapter beside its weights, to be chosen by `use`. Raises `ConfigError`."""
    if hasattr(model, "peft_config"):
        if name not in model.peft_config:
            model.load_adapter(str(adapter), adapter_name=name)
        return model
    return _with_adapter(model, adapter, name)


def use(model: Any, name: str) -> None:
    """Answer with an attached adapter, or with the base alone for an empty name."""
    if name:
        model.base_model.enable_adapter_layers()
        model.set_adapter(name)
    elif hasattr(model, "peft_config"):
        model.base_model.disable_adapter_layers()


def _with_adapter(model: Any, adapter: Path, name: str) -> Any:
    from peft import PeftModel

    try:
        with warnings.catch_warnings():  # peft asks transformers for a name that is going away
            warnings.simplefilter("ignore", FutureWarning)
            return PeftModel.from_pretrained(model, str(adapter), adapter_name=name).eval()
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{adapter}: cannot be loaded ({_line(error)}); expected a LoRA adapter of this base") from None


def _dtype(placement: Placement) -> Any:
    import torch

    if placement.dtype == "auto":
        return torch.float32 if placement.device == "cpu" else torch.bfloat16
    return getattr(torch, placement.dtype)


def _quantization(placement: Placement, folder: str) -> Any:
    from transformers import BitsAndBytesConfig

    from mentalarena.models.backends import need_extra

    need_extra("qlora", ("bitsandbytes",), f"{folder}: quantize = {placement.quantize!r}")
    if placement.quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=_dtype(placement))


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
