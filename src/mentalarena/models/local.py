"""Models in this process: any causal language model that transformers loads, with continuous batching and seeded sampling.

An `Engine` owns weights and the rows that are in the model; a `LocalModel` is a role's handle on it. Requests join the
running batch as rows of it finish (Orca, Yu et al. 2022). Each row has its own temperature, top-p and random numbers, so a
reply does not depend on what shares the batch, floating-point ties aside. Beginnings of prompts that were computed before
are not computed again (blocks.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Heard, Message, Reply, Sampling, Usage
from mentalarena.models.memory import give_back_memory
from mentalarena.models.publish import is_checkpoint, revision_of
from mentalarena.models.scoring import answer_ids, continuations, line_ends, scores, template
from mentalarena.models.telling import Hearing, Teller, text_of
from mentalarena.models.waiting import Request, Waiting
from mentalarena.models.weights import CPU, Placement, attach, load, merge, use

if TYPE_CHECKING:
    from mentalarena.models.batch import Batch, Row
    from mentalarena.models.blocks import BlockPool
    from mentalarena.models.workers import WorkerEngine

JOIN = 0.25
"""New rows are read as soon as they are this share of the running ones: each reading costs a pass through the model."""


class Engine:
    """Weights in memory. `folder` is a checkpoint folder or hub name.

    `adapter` is a LoRA folder that is merged into the weights, or a checkpoint whose weights take their place; other adapters
    are attached beside them (`attached`). `name` is the model's name in records (the folder unless given) with the adapter's
    revision. `cache_mb` bounds the memory for prompts that were computed before; 0 turns that off. Raises `ConfigError` when
    something cannot be loaded.
    """

    def __init__(
        self,
        folder: str,
        placement: Placement = CPU,
        max_batch: int = 64,
        adapter: Path | None = None,
        name: str = "",
        cache_mb: int = 1024,
    ) -> None:
        from mentalarena.models.states import state_shape

        self.name = name or folder
        self.max_batch = max_batch
        whole = adapter is not None and is_checkpoint(adapter)
        self.tokenizer, self.model = load(str(adapter) if whole else folder, placement)
        if adapter is not None:
            self.model = self.model if whole else merge(self.model, adapter)
            self.name += f"@{revision_of(adapter)}"
        self.device, self.dtype = self.model.device, self.model.dtype
        stops = self.model.generation_config.eos_token_id
        stops = self.tokenizer.eos_token_id if stops is None else stops
        self._stops = frozenset(stops if isinstance(stops, list) else [stops])
        self._limit = int(getattr(self.model.config, "max_position_embeddings", 0) or 1 << 30)
        self.shape = state_shape(self.model, self.name)
        """Layers, heads and width of the attention states. None for a model whose layers do not all keep full attention of one
        shape: nothing of it is stored, and nothing joins its batches."""
        self.pool = self._block_pool(cache_mb)
        self.prefilled = 0
        """Prompt tokens that were computed, for measurements."""
        self.adapter = ""
        """The attached adapter in use; empty: the base."""
        self._waiting, self._closed = Waiting(), False
        self._serving: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")

    def close(self) -> None:
        """Free the weights and the stored prompts. What still waits is not answered."""
        import gc

        import torch

        self._closed = True
        self._thread.shutdown()
        del self.model, self.pool
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()  # else this process keeps it, and training is another one
        give_back_memory()

    def attached(self, adapter: Path) -> str:
        """Put a LoRA adapter beside the weights, and tell the name to ask for it by."""
        name = revision_of(adapter)

        def work() -> None:
            self.model = attach(self.model, adapter, name)
            use(self.model, self.adapter)

        self._thread.submit(work).result()
        return name

    async def generate(
        self, messages: Sequence[Message], sampling: Sampling, adapter: str = "", heard: Heard | None = None
    ) -> Reply:
        """One reply, batched with whatever else waits, and `heard` while it is drawn (`base.Streamer`). Raises `ModelRefusal`
        when the prompt does not fit."""
        ids = self.prompt_ids(messages)
        self._check(len(ids), sampling.max_tokens)
        told = {"sampling": sampling, "fresh": len(ids) - self.known(ids, adapter)}
        return cast(Reply, await self._asked(ids, adapter, heard, **told))

    async def score(
        self, messages: Sequence[Message], answers: Sequence[str], adapter: str = "", ended: bool = True
    ) -> list[float]:
        """Log-probability (natural) of each answer (`base.Scorer`). Raises `ModelRefusal` for a prompt that is too long."""
        try:
            ids = self.prompt_ids(messages)
            parts = (
                answer_ids(self.tokenizer, messages, answers)
                if ended
                else continuations(self.tokenizer, messages, answers, len(ids))
            )
        except ValueError as error:  # a template that changes the answer
            raise ModelError(f"{self.name}: {error}") from None
        self._check(len(ids), max(map(len, parts)))
        return list(await self._asked(ids, adapter, answers=parts, ended=ended))

    def known(self, ids: Sequence[int], adapter: str = "") -> int:
        """How many tokens at the beginning of a prompt need not be computed again."""
        from mentalarena.models.blocks import BLOCK

        return BLOCK * self.pool.count(ids, adapter) if self.pool else 0

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        return list(self.tokenizer(template(self.tokenizer, messages), add_special_tokens=False)["input_ids"])

    async def tokens(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def run(self, requests: Sequence[tuple[list[int], Sampling]]) -> list[Reply]:
        """Decode one batch to the end, in the calling thread."""
        from mentalarena.models.batch import Batch, Row

        batch, rows = Batch(self), [Row(Request(ids, lambda reply: None, sampling=s)) for ids, s in requests]
        left = self._advance(batch, [], rows)
        while left:
            left = self._advance(batch, left, [])
        return [self._reply(row) for row in rows]

    def _check(self, prompt: int, new: int) -> None:
        if prompt + new > self._limit:
            raise ModelRefusal(f"{self.name}: {prompt} prompt and {new} new tokens; expected at most {self._limit}")

    async def _asked(self, ids: list[int], adapter: str, heard: Heard | None = None, **told: Any) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any) -> None:
            if not future.done():
                (future.set_exception if isinstance(result, Exception) else future.set_result)(result)

        def done(result: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: who asked is gone
                loop.call_soon_threadsafe(settle, result)

        hearing = Hearing(heard) if heard else None
        teller = Teller(self.tokenizer, hearing.say) if hearing else None
        self._waiting.put(Request(ids, done, adapter, teller=teller, **told))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return await (hearing.until(future) if hearing else future)

    async def _serve(self) -> None:
        while self._waiting and not self._closed:
            await asyncio.sleep(0)  # whoever is ready to ask joins at once
            await asyncio.get_running_loop().run_in_executor(self._thread, self._work)

    def _work(self) -> None:
        """Compute until nothing waits."""
        from mentalarena.models.batch import Batch, Row

        batch, rows = Batch(self), list[Row]()
        while not self._closed:
            if scoring := self._waiting.to_score(self.max_batch):
                for request, found in zip(scoring, self._scored(scoring), strict=True):
                    request.done(found)
            new = list[Row]()
            if batch.open:
                room, least = self.max_batch - len(rows), max(1, int(JOIN * len(rows)))
                new = [Row(r) for r in self._waiting.to_draw(room, least, rows[0].request.adapter if rows else None)]
            if not rows and not new:
                if not self._waiting:
                    return
                continue
            try:
                left = self._advance(batch, rows, new)
                for row in (*rows, *new):
                    if row.finished:
                        row.request.done(self._reply(row))
                rows = left
            except Exception as error:
                failed = [row.request for row in (*rows, *new)]
                batch, rows = Batch(self), []
                self._again_in_parts(failed, error)

    def _again_in_parts(self, failed: Sequence[Request], error: Exception) -> None:
        """Out of memory: from now on fewer rows at once; drawn again, replies are the same. Anything else is told."""
        import torch

        full = isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
        if full and len(failed) > 1:
            self.max_batch = max(1, len(failed) // 2)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            for request in failed:
                self._waiting.put(request)
            return
        for request in failed:
            request.done(ModelError(f"{self.name}: {error}"))

    def _advance(self, batch: Batch, rows: list[Row], new: list[Row]) -> list[Row]:
        """New rows join, each row takes its next token, finished ones leave: the rows that are left, in the batch's order."""
        import torch

        from mentalarena.models.batch import draw

        self._use((rows or new)[0].request.adapter)
        with torch.inference_mode():
            if new:
                batch.join([row.request.ids for row in new])
            rows = [*rows, *new]
            for row, token in zip(rows, draw(rows, batch.logits), strict=True):
                row.take(token, token in self._stops)
                if row.request.teller and not row.finished:
                    row.request.teller.take(row.new)
            if finished := [number for number, row in enumerate(rows) if row.finished]:
                rows = [rows[number] for number in batch.leave(finished)]
            if rows:
                batch.step([row.new[-1] for row in rows])
        return rows

    def _reply(self, row: Row) -> Reply:
        text = text_of(self.tokenizer, row.new[:-1] if row.stopped else row.new)
        if row.request.teller:
            row.request.teller.end(text)
        usage = Usage(len(row.request.ids), len(row.new), 1)
        return Reply(text, "stop" if row.stopped else "length", usage, self.name)

    def _scored(self, scoring: Sequence[Request]) -> Sequence[Any]:
        try:
            self._use(scoring[0].adapter)
            return scores(self, scoring, self._line_ends)
        except Exception as error:  # out of memory, mostly
            return [ModelError(f"{self.name}: {error}")] * len(scoring)

    @cached_property
    def _line_ends(self) -> Any:
        return line_ends(self.tokenizer, self._stops)

    def _use(self, adapter: str) -> None:
        if adapter != self.adapter:
            use(self.model, adapter)
            self.adapter = adapter

    def _block_pool(self, cache_mb: int) -> BlockPool | None:
        from mentalarena.models.blocks import BLOCK, BlockPool

        if cache_mb <= 0 or not self.shape:
            return None
        layers, heads, width = self.shape
        size = BLOCK * layers * 2 * heads * width * self.dtype.itemsize
        return BlockPool((cache_mb << 20) // size, self.shape, self.dtype, self.device)


@dataclass(frozen=True)
class LocalModel:
    """A role's handle on an engine: a `ChatModel` and a `Scorer`. `adapter` is the name of an attached one."""

    engine: Engine | WorkerEngine
    adapter: str = ""

    @property
    def name(self) -> str:
        return f"{self.engine.name}@{self.adapter}" if self.adapter else self.engine.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return await self._reply(messages, sampling)

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        """The same, `heard` while it is drawn (`base.Streamer`)."""
        return await self._reply(messages, sampling, heard)

    async def score(self, messages: Sequence[Message], answers: Sequence[str], ended: bool = True) -> list[float]:
        return await self.engine.score(messages, answers, self.adapter, ended)

    async def tokens(self, text: str) -> int:
        return await self.engine.tokens(text)

    async def _reply(self, messages: Sequence[Message], sampling: Sampling, heard: Heard | None = None) -> Reply:
        reply = await self.engine.generate(messages, sampling, self.adapter, heard)
        return replace(reply, model=self.name) if self.adapter else reply
