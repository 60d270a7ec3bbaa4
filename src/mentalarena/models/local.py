"""Models in this process: any causal language model that transformers loads, with a batcher and seeded sampling.

An `Engine` owns weights and batches; a `LocalModel` is a role's handle on it. All requests that wait when the engine is
free run as one batch. Each row has its own temperature, top-p and noise: a reply is `argmax(logits / T + Gumbel)` with
noise from the request's own generator, which samples exactly and does not depend on what shares the batch,
floating-point ties aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mentalarena.errors import ConfigError, ModelError
from mentalarena.models.base import Message, Reply, Sampling, Usage

if TYPE_CHECKING:
    import torch

Waiting = tuple[list[int], Sampling, "asyncio.Future[Reply]"]


class Engine:
    """Weights in memory. `folder` is a checkpoint folder or hub name; safetensors only, no remote code.

    Raises `ConfigError` when it cannot be loaded or has no chat template.
    """

    def __init__(self, folder: str, device: str = "cpu", max_batch: int = 64, revision: str = "") -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.name = f"{folder}{revision and '@'}{revision}"
        self.max_batch = max_batch
        self._torch = torch
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_safetensors=True)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{folder}: cannot be loaded ({str(error).splitlines()[0]}); expected a checkpoint") from None
        if not self.tokenizer.chat_template:
            raise ConfigError(f"{folder}: no chat template; expected a chat model")
        self.model = model.to(device).eval()
        self.device = device
        stops = model.generation_config.eos_token_id
        eos = stops if isinstance(stops, list) else [stops if stops is not None else self.tokenizer.eos_token_id]
        self._stops = set(eos)
        self._limit = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        self._waiting: list[Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Free the weights."""
        del self.model

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One reply, batched with whatever else waits. Raises `ModelError` when the prompt does not fit."""
        ids = self.prompt_ids(messages)
        if len(ids) + sampling.max_tokens > self._limit:
            raise ModelError(
                f"{self.name}: {len(ids)} prompt and {sampling.max_tokens} new tokens; expected at most {self._limit}"
            )
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((ids, sampling, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._serve())
        return await future

    async def _serve(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready to ask joins this batch
            self._waiting.sort(key=lambda w: len(w[0]))
            batch, self._waiting = self._waiting[: self.max_batch], self._waiting[self.max_batch :]
            try:
                replies = await asyncio.to_thread(self.run, [(ids, sampling) for ids, sampling, _ in batch])
            except Exception as error:
                for _, _, future in batch:
                    if not future.done():
                        future.set_exception(ModelError(f"{self.name}: {error}"))
                continue
            for (_, _, future), reply in zip(batch, replies, strict=True):
                if not future.done():
                    future.set_result(reply)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        text = self._template(messages)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def run(self, requests: Sequence[tuple[list[int], Sampling]]) -> list[Reply]:
        """Decode one batch to the end; rows leave it as they finish."""
        torch = self._torch
        rows = [_Row(ids, sampling, torch) for ids, sampling in requests]
        with torch.inference_mode():
            logits, cache, mask = self._prefill([row.prompt for row in rows])
            live = list(rows)
            while True:
                for row, scores in zip(live, logits, strict=True):
                    row.take(scores, self._stops, torch)
                keep = [i for i, row in enumerate(live) if not row.finished]
                if not keep:
                    break
                if len(keep) < len(live):
                    index = torch.tensor(keep, device=self.device)
                    cache.batch_select_indices(index)
                    mask, live = mask[index], [live[i] for i in keep]
                mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)
                tokens = torch.tensor([[row.new[-1]] for row in live], device=self.device)
                positions = mask.sum(1, keepdim=True) - 1
                out = self.model(input_ids=tokens, attention_mask=mask, position_ids=positions, past_key_values=cache)
                logits = out.logits[:, -1].float().cpu()
        return [self._reply(row) for row in rows]

    def _prefill(self, prompts: Sequence[list[int]]) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """Left-padded forward pass over the prompts: last logits (rows, vocabulary), cache, mask."""
        torch = self._torch
        longest = max(map(len, prompts))
        ids = torch.zeros(len(prompts), longest, dtype=torch.long)
        mask = torch.zeros(len(prompts), longest, dtype=torch.long)
        for number, prompt in enumerate(prompts):
            ids[number, longest - len(prompt) :] = torch.tensor(prompt)
            mask[number, longest - len(prompt) :] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        out = self.model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1)
        return out.logits[:, -1].float().cpu(), out.past_key_values, mask

    def _reply(self, row: _Row) -> Reply:
        tokens = row.new[:-1] if row.stopped else row.new
        text = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
        usage = Usage(len(row.prompt), len(row.new), 1)
        return Reply(text, "stop" if row.stopped else "length", usage, self.name)

    async def score(self, messages: Sequence[Message], answers: Sequence[str]) -> list[float]:
        """Log-probability (natural) of each answer as the start of the reply."""
        return await asyncio.to_thread(self.score_now, messages, answers)

    def score_now(self, messages: Sequence[Message], answers: Sequence[str]) -> list[float]:
        """The prompt is read once; the answers go side by side over its cache."""
        torch = self._torch
        parts = [self._answer_ids(messages, answer) for answer in answers]
        with torch.inference_mode():
            first, cache, mask = self._prefill([self.prompt_ids(messages)])
            cache.batch_repeat_interleave(len(parts))
            longest = max(map(len, parts))
            ids = torch.zeros(len(parts), longest, dtype=torch.long)
            for number, part in enumerate(parts):
                ids[number, : len(part)] = torch.tensor(part)
            start = mask.shape[1]
            positions = torch.arange(start, start + longest).expand(len(parts), -1).to(self.device)
            full = mask.new_ones(len(parts), start + longest)
            out = self.model(
                input_ids=ids.to(self.device), attention_mask=full, position_ids=positions, past_key_values=cache
            )
            later = out.logits.float().cpu()
            logits = torch.cat([first.expand(len(parts), -1)[:, None], later[:, :-1]], dim=1).log_softmax(-1)
            picked = logits.gather(2, ids[:, :, None])[:, :, 0]
        return [float(picked[number, : len(part)].sum()) for number, part in enumerate(parts)]

    def _template(self, messages: Sequence[Message], prompt: bool = True) -> str:
        turns = [m.as_dict() for m in messages]
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt))

    def _answer_ids(self, messages: Sequence[Message], answer: str) -> list[int]:
        """The answer's tokens as the template writes them after the generation prompt."""
        prompt = self._template(messages)
        whole = self._template((*messages, Message("assistant", answer)), prompt=False)
        rest = whole[len(prompt) :] if whole.startswith(prompt) else answer
        text = rest[: rest.index(answer) + len(answer)]
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


class _Row:
    """One request in a batch."""

    def __init__(self, prompt: list[int], sampling: Sampling, torch: Any) -> None:
        self.prompt, self.sampling = prompt, sampling
        self.new: list[int] = []
        self.stopped = self.finished = False
        self._noise = torch.Generator().manual_seed(sampling.seed)

    def take(self, logits: torch.Tensor, stops: set[int], torch: Any) -> None:
        """Draw the next token from logits of shape (vocabulary,)."""
        if self.sampling.temperature > 0:
            logits = logits / self.sampling.temperature
            if self.sampling.top_p < 1:
                ordered, order = logits.sort(descending=True)
                beyond = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1) >= self.sampling.top_p
                logits = logits.index_fill(0, order[beyond], float("-inf"))
            noise = torch.empty_like(logits).exponential_(generator=self._noise)
            logits = logits - noise.log()
        self.new.append(int(logits.argmax()))
        self.stopped = self.new[-1] in stops
        self.finished = self.stopped or len(self.new) >= self.sampling.max_tokens


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
