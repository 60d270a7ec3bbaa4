"""From a role's settings and a `ModelRef` to the model that answers. What uses the same weights shares an engine."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Coroutine, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mentalarena.errors import ConfigError
from mentalarena.models.base import ChatModel, Embedder, ModelRef
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.publish import is_checkpoint, publish, revision_of
from mentalarena.models.scripted import ScriptedModel, toy_player
from mentalarena.models.weights import Placement

if TYPE_CHECKING:
    from mentalarena.config import ModelConfig
    from mentalarena.models.local import Engine
    from mentalarena.models.server import ServerModel, ServerSettings
    from mentalarena.models.workers import WorkerEngine, WorkerPool

Result = TypeVar("Result")
EMBEDDED = Path(__file__).with_name("embedded")
"""The checkpoint that the package carries; made by recipes/embedded."""

ENDS = 1 << 22


def base_of(config: ModelConfig) -> ModelRef:
    """The untrained weights that a role's settings name."""
    if config.provider == "openai" and config.weights:
        return ModelRef(config.weights)
    return ModelRef("embedded" if config.provider == "embedded" else config.model)


def folder_of(ref: ModelRef) -> str:
    """What transformers loads for a reference: a folder or a hub name."""
    return str(EMBEDDED) if ref.base == "embedded" else ref.base


def weights_digest(ref: ModelRef) -> str:
    """What is in a checkpoint folder (the ends of its files, so that large ones are quick); empty for a hub name.

    Raises `ConfigError` when the package's own weights are missing."""
    folder = Path(folder_of(ref))
    found = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        found.update(f"{path.name} {size}".encode())
        with path.open("rb") as file:
            found.update(file.read(ENDS))
            file.seek(max(size - ENDS, 0))
            found.update(file.read(ENDS))
    if ref.base == "embedded" and not (folder / "model.safetensors").exists():
        raise ConfigError(f"{folder}: no weights; expected the package's own, reinstall it")
    return found.hexdigest()[:16] if folder.is_dir() else ""


def embedder_of(name: str) -> Embedder:
    """The embedder that a setting names. Raises `ConfigError` when its package is not installed."""
    if name == "lexical":
        return LexicalEmbedder()
    need_extra("embed", ("sentence_transformers",), f"play.embedder: {name!r}")
    from mentalarena.models.sentences import SentenceEmbedder

    return SentenceEmbedder(name)


class Backends:
    """The models of a run. `publish` makes trained weights answer for the roles that share them. With `alone`, engines are in
    this process, whatever the settings say."""

    def __init__(self, alone: bool = False) -> None:
        self._alone = alone
        self._engines: dict[tuple[ModelRef, Placement], Engine | WorkerEngine] = {}
        self._pool: WorkerPool | None = None
        self._servers: dict[tuple[ModelRef, str, ServerSettings], ServerModel] = {}
        self.scripted = ScriptedModel(toy_player, keep=False)

    def model(self, config: ModelConfig, ref: ModelRef) -> ChatModel:
        """The model that answers with these weights. Raises `ConfigError` when it cannot be had."""
        if config.provider == "scripted":
            return self.scripted
        if not ref.base:
            raise ConfigError(
                f"models: provider {config.provider!r} has no model; expected a checkpoint folder or hub name"
            )
        if config.provider == "openai":
            need_extra("openai", ("aiohttp",), "models: provider 'openai'")
            from mentalarena.models.server import ServerModel

            key = (ref, config.model, server_settings(config))
            if key not in self._servers:
                name = f"{config.model}@{revision_of(ref.adapter)}" if ref.adapter else config.model
                self._servers[key] = ServerModel(publish(config, ref, folder_of(ref)), key[2], name)
            return self._servers[key]
        need_extra("local", ("torch", "transformers", "peft"), f"models: provider {config.provider!r}")
        from mentalarena.models.local import LocalModel

        placement = Placement(config.device, config.dtype, config.quantize, config.attention)
        if placement.swaps and ref.adapter and not is_checkpoint(ref.adapter):
            engine = self._engine(config, ModelRef(ref.base), placement)
            return LocalModel(engine, engine.attached(ref.adapter))
        return LocalModel(self._engine(config, ref, placement))

    def _engine(self, config: ModelConfig, ref: ModelRef, placement: Placement) -> Engine | WorkerEngine:
        if (ref, placement) not in self._engines:
            count = 1 if self._alone else workers_of(config, folder_of(ref))
            cache_mb = config.cache_mb // count
            settings: dict[str, Any] = {"folder": folder_of(ref), "placement": placement, "name": ref.base}
            settings |= {"max_batch": config.max_batch, "cache_mb": cache_mb}
            if count > 1:
                from mentalarena.models.workers import WorkerPool

                self._pool = self._pool or WorkerPool(count)
                engine: Engine | WorkerEngine = self._pool.open(settings, ref.adapter)
            else:
                from mentalarena.models.local import Engine

                engine = Engine(**settings, adapter=ref.adapter)
            self._engines[ref, placement] = engine
        return self._engines[ref, placement]

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of asynchronous work; connections that it opened are closed in its end."""

        async def closing() -> Result:
            try:
                return await work
            finally:
                for server in self._servers.values():
                    await server.close()

        return asyncio.run(closing())

    def release(self, keep: Mapping[str, ModelRef] | None = None) -> None:
        """Free all engines but those of the references in `keep`: before training, and when a model has had its turn."""
        wanted = set((keep or {}).values())
        for key in [k for k in self._engines if k[0] not in wanted]:
            self._engines.pop(key).close()

    def close(self) -> None:
        """Free all engines and end their processes."""
        self.release()
        if self._pool:
            self._pool.close()
            self._pool = None


SMALL = 256 << 20
"""Bytes of weights up to which each core has its own copy."""
MOST = 8
"""Processes at most, where the settings say nothing: each takes some 400 MB."""


def workers_of(config: ModelConfig, folder: str) -> int:
    """How many processes play with a role's weights."""
    if config.device != "cpu":
        return 1
    if config.workers:
        return config.workers
    size = sum(path.stat().st_size for path in Path(folder).glob("*.safetensors"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST) if 0 < size <= SMALL else 1


def server_settings(config: ModelConfig) -> ServerSettings:
    """How a role's settings ask their server."""
    from mentalarena.models.server import ServerSettings

    urls = (config.base_url,) if isinstance(config.base_url, str) else config.base_url
    return ServerSettings(
        tuple(filter(None, urls)),
        config.concurrency,
        config.timeout,
        config.retries,
        config.patience,
        config.backoff,
        config.requests_per_minute,
        config.tokens_per_minute,
        config.context,
        config.api_key_env,
        config.structured,
        json.dumps(config.extra_body, sort_keys=True),
    )


def need_extra(extra: str, modules: tuple[str, ...], what: str) -> None:
    """Raises `ConfigError` with the command to run when an optional part is not installed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ConfigError(f"{what} needs {', '.join(missing)}; install it with: {how_to_install(extra)}")


def how_to_install(extra: str) -> str:
    """The command that brings an optional part, in an environment of one's own or in a clone's."""
    return f"pip install 'mentalarena[{extra}]' (in a clone: pip install -e '.[{extra}]', or make install for all)"
