"""What works on this machine."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from mentalarena.models.backends import EMBEDDED

EXTRAS = {
    "local": ("torch", "transformers", "peft"),
    "train": ("trl", "peft", "datasets"),
    "qlora": ("bitsandbytes",),
    "tensorboard": ("tensorboard",),
    "benchmarks": ("lm_eval", "datasets"),
    "app": ("nicegui",),
    "openai": ("aiohttp", "openai"),
    "ray": ("ray",),
    "embed": ("sentence_transformers",),
    "patients": ("presidio_analyzer",),
    "eval": ("krippendorff",),
}


def examine_machine() -> dict[str, str]:
    """One line a subject: what is there, and what would bring what is missing."""
    from mentalarena.models.backends import how_to_install

    found = {
        "python": f"{sys.version.split()[0]} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "embedded": "ready" if (EMBEDDED / "model.safetensors").exists() else "weights are missing; reinstall the package",
    }
    if not find_spec("torch"):
        found["embedded"] = "its weights are here, but torch is not installed (see local below)"
    for extra, modules in EXTRAS.items():
        missing = [m for m in modules if find_spec(m) is None]
        fix = f"not installed ({', '.join(missing)}); {how_to_install(extra)}"
        found[extra] = fix if missing else ", ".join(f"{m} {_version(m)}" for m in modules)
    if not find_spec("torch"):
        found["gpu"] = "unknown without torch"
    else:
        import torch

        found["gpu"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none; everything runs on the CPU"
    return found


def _version(module: str) -> str:
    try:
        return version(module)
    except PackageNotFoundError:
        return "?"
