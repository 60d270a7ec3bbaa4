"""Models in this process: any causal language model that transformers loads, with a batcher and seeded sampling.

An `Engine` owns weights and batches; a `LocalModel` is a role's handle on it. All requests that wait when the engine is
free run as one batch. Each row has its own temperature, top-p and noise: a reply is `argmax(logits / T + Gumbel)` with
noise from the request's own generator, which samples exactly and does not depend on what shares the batch,
floating-point ties aside. Beginnings of prompts that were computed before are not computed again (blocks.py).
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mentalarena.errors import ConfigError, ModelError, ModelRefusal
from mentalarena.models.base import Message, Reply, Sampling, Usage
from mentalarena.models.memory import keep_freed_memory
from mentalarena.models.publish import is_checkpoint, revision_of

if TYPE_CHECKING:
    from mentalarena.models.batch import Row
    from mentalarena.models.blocks import BlockPool


@dataclass(frozen=True)
class _Waiting:
    """A request in the queue; `fresh` is how many of its prompt tokens have to be computed."""

    ids: list[int]
    sampling: Sampling
    future: asyncio.Future[Reply]
    fresh: int


class Engine:
    """Weights in memory. `folder` is a checkpoint folder or hub name; safetensors only, no remote code.

    `adapter` is a LoRA folder that is merged into the weights, or a checkpoint whose weights take their place. `name` is the
    model's name in records (the folder unless given) with the adapter's revision. `cache_mb` bounds the memory for prompts
    that were computed before; 0 turns that off. Raises `ConfigError` when something cannot be loaded or there is no chat
    template.
    """

    def __init__(
        self,
        folder: str,
        device: str = "cpu",
        max_batch: int = 128,
        adapter: Path | None = None,
        name: str = "",
        cache_mb: int = 1024,
    ) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # a run has bars of its own
        if device == "cpu":
            keep_freed_memory()
        self.name = name or folder
        self.max_batch = max_batch
        self.device = device
        self._torch = torch
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            whole = adapter is not None and is_checkpoint(adapter)
            model: Any = AutoModelForCausalLM.from_pretrained(
                adapter if whole else folder, dtype=dtype, use_safetensors=True
            )
            if adapter is not None and not whole:
                from peft import PeftModel

                with warnings.catch_warnings():  # peft asks transformers for a name that is going away
                    warnings.simplefilter("ignore", FutureWarning)
                    model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
            if adapter is not None:
                self.name += f"@{revision_of(adapter)}"
        except (OSError, ValueError) as error:
            raise ConfigError(f"{folder}: cannot be loaded ({str(error).splitlines()[0]}); expected a checkpoint") from None
        if not self.tokenizer.chat_template:
            raise ConfigError(f"{folder}: no chat template; expected a chat model")
        try:
            self.model = model.to(device).eval()
        except (RuntimeError, AssertionError) as error:  # torch: no such device, built without it, or out of its memory
            raise ConfigError(
                f"{folder}: cannot be put on device {device!r} ({str(error).splitlines()[0][:200]}); "
                "expected 'cpu' or a device of this machine"
            ) from None
        stops = model.generation_config.eos_token_id
        eos = stops if isinstance(stops, list) else [stops if stops is not None else self.tokenizer.eos_token_id]
        self._stops = torch.tensor(sorted(set(eos)))
        self._limit = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        self.pool = self._block_pool(cache_mb)
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")  # one batch at a time
        self.prefilled = 0
        """Prompt tokens that were computed, for measurements."""

    def close(self) -> None:
        """Free the weights and the stored prompts."""
        self._thread.shutdown()
        del self.model, self.pool

    def _block_pool(self, cache_mb: int) -> BlockPool | None:
        """Storage for prompts, or None for a model whose layers do not all keep full attention of one shape."""
        from transformers.cache_utils import DynamicCache, DynamicLayer

        from mentalarena.models.blocks import BLOCK, BlockPool

        if cache_mb <= 0:
            return None
        cache = DynamicCache(config=self.model.config)
        if not all(type(layer) is DynamicLayer for layer in cache.layers):
            return None
        token = self._torch.tensor([[0]], device=self.device)
        with self._torch.inference_mode():
            layers = self.model(input_ids=token, past_key_values=cache, use_cache=True).past_key_values.layers
        shapes = {tuple(states.shape) for layer in layers for states in (layer.keys, layer.values)}
        if len(shapes) != 1:
            return None
        _, heads, _, width = shapes.pop()
        states = layers[0].keys
        size = BLOCK * len(layers) * 2 * heads * width * states.element_size()
        return BlockPool((cache_mb << 20) // size, (len(layers), heads, width), states.dtype, self.device)

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One reply, batched with whatever else waits. Raises `ModelRefusal` when the prompt does not fit."""
        ids = self.prompt_ids(messages)
        if len(ids) + sampling.max_tokens > self._limit:
            raise ModelRefusal(
                f"{self.name}: {len(ids)} prompt and {sampling.max_tokens} new tokens; expected at most {self._limit}"
            )
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(ids, sampling, future, len(ids) - self.known(ids)))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._serve())
        return await future

    async def _serve(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready to ask joins this batch
            batch = self._next_batch()
            requests = [(w.ids, w.sampling) for w in batch]
            try:
                replies = await asyncio.get_running_loop().run_in_executor(self._thread, self.run, requests)
            except Exception as error:
                for waiting in batch:
                    if not waiting.future.done():
                        waiting.future.set_exception(ModelError(f"{self.name}: {error}"))
                continue
            for waiting, reply in zip(batch, replies, strict=True):
                if not waiting.future.done():
                    waiting.future.set_result(reply)

    def _next_batch(self) -> list[_Waiting]:
        """The oldest request and those with about as much to compute: they pad little, and nobody waits for good."""
        oldest = self._waiting[0].fresh
        near = [w for w in self._waiting if oldest / 1.6 - 16 <= w.fresh <= oldest * 1.6 + 16]
        near.sort(key=lambda w: abs(w.fresh - oldest))
        chosen = {id(w) for w in near[: self.max_batch]}
        self._waiting = [w for w in self._waiting if id(w) not in chosen]
        return near[: self.max_batch]

    def known(self, ids: Sequence[int]) -> int:
        """How many tokens at the beginning of a prompt need not be computed again."""
        from mentalarena.models.blocks import BLOCK

        return BLOCK * self.pool.count(ids) if self.pool else 0

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        text = self._template(messages)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def run(self, requests: Sequence[tuple[list[int], Sampling]]) -> list[Reply]:
        """Decode one batch to the end. Rows leave it as they finish, a quarter of them at a time."""
        from mentalarena.models.batch import Batch, Row, draw

        torch = self._torch
        rows = [Row(ids, sampling) for ids, sampling in requests]
        with torch.inference_mode():
            batch = Batch(self, [row.prompt for row in rows])
            live = list(rows)
            while True:
                tokens = draw(live, batch.logits)
                stopped = torch.isin(tokens, self._stops).tolist()
                for row, token, stop in zip(live, tokens.tolist(), stopped, strict=True):
                    row.take(token, stop)
                keep = [i for i, row in enumerate(live) if not row.finished]
                if len(keep) <= 0.75 * len(live):
                    batch.store([(i, row.prompt + row.new) for i, row in enumerate(live) if row.finished])
                    if not keep:
                        break
                    live, tokens = [live[i] for i in keep], tokens[keep]
                    batch.select(keep)
                batch.step(tokens[:, None])
        return [self._reply(row) for row in rows]

    def _reply(self, row: Row) -> Reply:
        tokens = row.new[:-1] if row.stopped else row.new
        text = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
        usage = Usage(len(row.prompt), len(row.new), 1)
        return Reply(text, "stop" if row.stopped else "length", usage, self.name)

    async def score(self, messages: Sequence[Message], answers: Sequence[str]) -> list[float]:
        """Log-probability (natural) of each answer as the whole first line of the reply. Raises `ModelRefusal` for a prompt
        that is too long."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self.score_now, messages, answers)
        except (RuntimeError, ValueError) as error:  # out of memory; a template that changes the answer
            raise ModelError(f"{self.name}: {error}") from None

    def score_now(self, messages: Sequence[Message], answers: Sequence[str]) -> list[float]:
        """The prompt is read once; the answers go side by side over its cache. What comes after an answer must end the line or
        the reply: "X or Y" is no answer "X"."""
        from mentalarena.models.batch import Batch

        torch = self._torch
        prompt = self.prompt_ids(messages)
        written = self._template(messages)
        parts = self._answer_ids(messages, written, answers)
        longest = max(map(len, parts))
        if len(prompt) + longest > self._limit:
            raise ModelRefusal(f"{self.name}: {len(prompt)} prompt tokens; expected at most {self._limit - longest}")
        with torch.inference_mode():
            batch = Batch(self, [prompt])
            batch.store([(0, prompt)])
            first = batch.logits
            batch.select([0] * len(parts))
            ids = torch.zeros(len(parts), longest, dtype=torch.long)
            for number, part in enumerate(parts):
                ids[number, : len(part)] = torch.tensor(part)
            later = batch.forward(ids, keep=longest)
            logits = torch.cat([first.expand(len(parts), -1)[:, None], later], dim=1).log_softmax(-1)
            picked = logits[:, :-1].gather(2, ids[:, :, None])[:, :, 0]
            ended = logits[:, :, self._line_ends].logsumexp(-1)
        return [float(picked[number, : len(part)].sum() + ended[number, len(part)]) for number, part in enumerate(parts)]

    @cached_property
    def _line_ends(self) -> Any:
        """Token ids that end a line or a reply."""
        breaks = [n for n in range(len(self.tokenizer)) if self.tokenizer.decode([n]).startswith("\n")]
        return self._torch.tensor(sorted({*breaks, *self._stops.tolist()}))

    def tokens(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _template(self, messages: Sequence[Message], prompt: bool = True) -> str:
        turns = [m.as_dict() for m in messages]
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt))

    def _answer_ids(self, messages: Sequence[Message], prompt: str, answers: Sequence[str]) -> list[list[int]]:
        """The answers' tokens as the template writes them after the generation prompt."""
        whole = self._template((*messages, Message("assistant", answers[0])), prompt=False)
        rest = whole[len(prompt) :] if whole.startswith(prompt) else answers[0]
        before = rest[: rest.index(answers[0])]
        return [list(self.tokenizer(before + answer, add_special_tokens=False)["input_ids"]) for answer in answers]


@dataclass(frozen=True)
class LocalModel:
    """A role's handle on an engine: a `ChatModel` and a `Scorer`."""

    engine: Engine

    @property
    def name(self) -> str:
        return self.engine.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return await self.engine.generate(messages, sampling)

    async def score(self, messages: Sequence[Message], answers: Sequence[str]) -> list[float]:
        return await self.engine.score(messages, answers)

    def tokens(self, text: str) -> int:
        return self.engine.tokens(text)
