"""Getting trained weights into play, where a server answers: the seam between a trainer's adapter and the name to ask for.

- `merged`: the adapter is merged into its base, and the folder is the model's name (servers that load what is asked for, such as
  `transformers serve`, and servers that are restarted by hand); weights that were trained whole are such a folder already;
- `vllm`: the adapter is loaded under a name of its own by /v1/load_lora_adapter of every server;
- hosted weights stay with their provider, and `hosted.json` in the adapter's folder names them;
- `command`: a command of the user's makes the server answer with the new weights (a restart, an upload).
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import urllib.error
import urllib.request
import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mentalarena.errors import ConfigError, DataError, RunError
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import read_json

if TYPE_CHECKING:
    from mentalarena.config import ModelConfig

MERGED, HOSTED = "merged", "hosted.json"
"""Beside and in an adapter's folder: merged weights, and the provider's name of hosted ones."""


WHOLE_BY_VLLM = (
    "a running vLLM loads adapters only; expected publish = 'command' with a publish_command that starts it with {merged}"
)


def revision_of(adapter: Path) -> str:
    """Names trained weights by what is in them: equal weights, equal name, wherever the folder lies (hosted weights by the name
    that their provider gave them). Raises `DataError`."""
    hosted = adapter / HOSTED
    try:
        if is_checkpoint(adapter):
            shards = sorted(adapter.glob("model*.safetensors"))
            return hashlib.sha256("".join(map(_digest_of, shards)).encode()).hexdigest()[:12]
        return _digest_of(hosted if hosted.exists() else adapter / "adapter_model.safetensors")[:12]
    except OSError as error:
        raise DataError(f"{adapter}: no adapter ({error.strerror}); expected adapter_model.safetensors in it") from None


def is_checkpoint(adapter: Path) -> bool:
    """Whether trained weights are a whole checkpoint (`training.weights = "full"`) and no adapter."""
    return (adapter / "config.json").exists()


def _digest_of(path: Path) -> str:
    told = path.stat()
    return _read_digest(path, told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=1024)
def _read_digest(path: Path, changed: int, size: int) -> str:
    """Of a file as it is since it was changed: a run asks often, and whole checkpoints are large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def publish(config: ModelConfig, ref: ModelRef, folder: str) -> str:
    """Make the server of a role answer with `ref`, and tell the name to ask it for. Doing it again changes nothing.

    `folder` is the base's checkpoint. Raises `ConfigError` and `RunError`.
    """
    if ref.adapter is None:
        return config.model
    if (ref.adapter / HOSTED).exists():
        return hosted_name(ref.adapter)
    if config.publish == "merged":
        return str(merged(folder, ref.adapter))
    name = f"mentalarena-{revision_of(ref.adapter)}"
    if config.publish == "vllm":
        if is_checkpoint(ref.adapter):
            raise ConfigError(f"publish = 'vllm': {ref.adapter} is a whole checkpoint, and {WHOLE_BY_VLLM}")
        for url in (config.base_url,) if isinstance(config.base_url, str) else config.base_url:
            _load_adapter(url, name, ref.adapter.resolve(), config.api_key_env)
        return name
    _command(config.publish_command, ref.adapter, folder, name)
    return name if "{name}" in config.publish_command else config.model


def hosted_name(adapter: Path) -> str:
    """The provider's name of hosted weights. Raises `DataError`."""
    return str(read_json(adapter / HOSTED, "the name of hosted weights")["model"])


def merged(folder: str, adapter: Path) -> Path:
    """The checkpoint folder of a base with an adapter merged into it, beside the adapter; it appears whole or not at all. Weights
    that were trained whole stay where they are."""
    if is_checkpoint(adapter):
        return adapter.resolve()
    out = adapter.with_name(MERGED).resolve()
    made_of = str((adapter / "adapter_model.safetensors").stat().st_mtime_ns)
    mark = out / "made-of.txt"
    if mark.exists() and mark.read_text("utf-8") == made_of:
        return out
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    part = out.with_name(f"{MERGED}.part")
    for left in (part, out):
        shutil.rmtree(left, ignore_errors=True)
    with warnings.catch_warnings():  # of what libraries will change
        warnings.simplefilter("ignore", FutureWarning)
        base = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, trust_remote_code=False)
        PeftModel.from_pretrained(base, adapter).merge_and_unload().save_pretrained(part)
    AutoTokenizer.from_pretrained(folder, trust_remote_code=False).save_pretrained(part)
    (part / "made-of.txt").write_text(made_of, "utf-8")
    part.rename(out)
    return out


def _load_adapter(url: str, name: str, adapter: Path, api_key_env: str) -> None:
    """vLLM's dynamic LoRA (https://docs.vllm.ai, "Dynamically serving LoRA Adapters"); a name that is loaded stays loaded."""
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"base_url {url!r}: expected a vLLM server such as http://127.0.0.1:8000/v1")
    body = json.dumps({"lora_name": name, "lora_path": str(adapter)}).encode()
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(api_key_env):
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(f"{url.rstrip('/')}/load_lora_adapter", body, headers)  # noqa: S310  (http only, above)
    try:
        with urllib.request.urlopen(request, timeout=300):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        told = error.read(2000).decode("utf-8", "replace")
        if error.code == 400 and "already" in told:
            return
        raise RunError(
            f"{url}: adapter {name} was not loaded (status {error.code}: {' '.join(told.split())[:200]}); expected a vLLM server "
            "with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True that can read this folder"
        ) from None
    except OSError as error:
        raise RunError(f"{url}: adapter {name} was not loaded ({error}); expected a vLLM server") from None


def _command(command: str, adapter: Path, folder: str, name: str) -> None:
    if not command:
        raise ConfigError(
            "publish = 'command': no publish_command; expected one with {adapter}, {base}, {merged} or {name}"
        )
    told = {"adapter": str(adapter.resolve()), "base": folder, "name": name}
    if "{merged}" in command:
        told["merged"] = str(merged(folder, adapter))
    words = [word.format(**told) for word in shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  (the user's own command, no shell)
    if done.returncode:
        last = ([line for line in done.stderr.splitlines() if line.strip()] or ["no message"])[-1]
        raise RunError(
            f"publish_command ended with {done.returncode} ({last[:200]}); expected the server to answer with {name}"
        )
