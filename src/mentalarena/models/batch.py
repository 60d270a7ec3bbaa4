"""One batch in the model: prompts that begin where stored ones end, rows that leave as they finish, seeded draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache

from mentalarena.models.base import Sampling
from mentalarena.models.blocks import BLOCK, GrowingStates

if TYPE_CHECKING:
    from mentalarena.models.local import Engine


class Batch:
    """Prompts in the model: their attention states, mask and the logits (rows, vocabulary) of what comes next.

    A row's tokens lie left-padded: first what was stored before, then what was computed now, then what is new.
    """

    def __init__(self, engine: Engine, prompts: Sequence[list[int]]) -> None:
        self._engine, self._pool = engine, engine.pool
        slots = [self._pool.find(prompt) if self._pool else [] for prompt in prompts]
        known = [BLOCK * len(s) for s in slots]
        fresh = [prompt[n:] for prompt, n in zip(prompts, known, strict=True)]
        engine.prefilled += sum(map(len, fresh))
        before, now = max(known), max(map(len, fresh))
        ids = torch.zeros(len(prompts), now, dtype=torch.long)
        mask = torch.zeros(len(prompts), before + now, dtype=torch.long)
        for number, part in enumerate(fresh):
            ids[number, now - len(part) :] = torch.tensor(part)
            mask[number, before - known[number] : before] = 1
            mask[number, before + now - len(part) :] = 1
        self._mask = mask[:, :before].to(engine.device)
        self._states: GrowingStates | None = None
        if self._pool:
            self._states = GrowingStates(self._pool.gather(slots), now + 32)
            self._cache: Any = self._states.cache()
        else:
            self._cache = DynamicCache(config=engine.model.config)
        # for each row: how many tokens were stored before, and where the first one after those lies
        self._rows = [(n, before + now - len(part)) for n, part in zip(known, fresh, strict=True)]
        self.logits = self.forward(ids, mask[:, before:])[:, -1]

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None, keep: int = 1) -> torch.Tensor:
        """Read `ids` (rows, tokens) behind what is there; the last `keep` logits: (rows, keep, vocabulary) float32."""
        device = self._engine.device
        added = torch.ones_like(ids) if mask is None else mask
        self._mask = torch.cat([self._mask, added.to(device)], dim=1)
        positions = (self._mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        out = self._engine.model(
            input_ids=ids.to(device),
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        return out.logits.float().cpu()

    def step(self, tokens: torch.Tensor) -> None:
        """One token a row, shape (rows, 1)."""
        self.logits = self.forward(tokens)[:, -1]

    def store(self, rows: Sequence[tuple[int, list[int]]]) -> None:
        """Keep what was computed of some rows, each (row number, its ids), for later prompts that begin the same."""
        if self._pool and self._states:
            held = self._states.length
            kept = []
            for number, ids in rows:
                known, begin = self._rows[number]
                kept.append((number, ids[: known + held - begin], known, begin))
            self._pool.keep(self._states.tensor, kept)

    def select(self, rows: Sequence[int]) -> None:
        """Go on with some rows only; a row may come several times."""
        index = torch.tensor(rows, device=self._engine.device)
        self._mask, self._rows = self._mask[index], [self._rows[row] for row in rows]
        if self._states:
            self._states = self._states.select(index)
            self._cache = self._states.cache()
        else:
            self._cache.batch_select_indices(index)


class Row:
    """One request in a batch."""

    def __init__(self, prompt: list[int], sampling: Sampling) -> None:
        self.prompt, self.sampling = prompt, sampling
        self.new: list[int] = []
        self.stopped = self.finished = False
        self.noise = torch.Generator().manual_seed(sampling.seed)

    def take(self, token: int, stopped: bool) -> None:
        if not self.finished:  # a finished row may stay in the batch for some steps
            self.new.append(token)
            self.stopped = stopped
            self.finished = stopped or len(self.new) >= self.sampling.max_tokens


def draw(rows: Sequence[Row], logits: torch.Tensor) -> torch.Tensor:
    """The next token of each row from logits (rows, vocabulary): shape (rows,)."""
    scores, noise = logits.clone(), torch.ones_like(logits)
    for number, row in enumerate(rows):
        if row.finished or row.sampling.temperature == 0:
            continue
        scores[number] /= row.sampling.temperature
        if row.sampling.top_p < 1:
            ordered, order = scores[number].sort(descending=True)
            shares = ordered.softmax(-1)
            scores[number, order[shares.cumsum(-1) - shares >= row.sampling.top_p]] = float("-inf")
        noise[number].exponential_(generator=row.noise)
    return (scores - noise.log()).argmax(-1)
