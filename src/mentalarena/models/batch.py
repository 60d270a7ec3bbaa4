"""The rows that are in the model: prompts join, read from where stored ones end; one token a row and step; rows leave."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from mentalarena.models.states import States
from mentalarena.models.waiting import Request

if TYPE_CHECKING:
    from torch import Tensor

    from mentalarena.models.local import Engine


class Row:
    """One request in a batch."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.new: list[int] = []
        self.stopped = self.finished = False
        self._random = random.Random(request.sampling.seed)

    def luck(self) -> float:
        """A number in [0, 1) for the next token, from the request's own seed."""
        return self._random.random()

    def take(self, token: int, stopped: bool) -> None:
        self.new.append(token)
        self.stopped = stopped
        self.finished = stopped or len(self.new) >= self.request.sampling.max_tokens


class Batch:
    """Token ids in the model. `ids` holds what each row has read; `logits` (rows, vocabulary), float32, say what comes next.

    Where all layers keep full attention of one shape, rows join at any time and their prompts' beginnings come from the pool;
    any other model (`Engine.shape` is None) reads whole batches, into a cache of transformers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.ids: list[list[int]] = []
        self.logits: Tensor = torch.empty(0)
        self._states = States(engine.shape, engine.dtype, engine.device) if engine.shape else None
        self._other: tuple[Any, Tensor] | None = None  # cache and mask of a model that needs transformers' own

    @property
    def open(self) -> bool:
        """Whether prompts may join now."""
        return self._states is not None or not self.ids

    def join(self, prompts: Sequence[list[int]]) -> None:
        """Read prompts; they become the last rows."""
        engine, pool, first = self._engine, self._engine.pool, len(self.ids)
        stored = [pool.find(prompt, engine.adapter) if pool else None for prompt in prompts]
        fresh = [p[0 if s is None else s.shape[3] :] for p, s in zip(prompts, stored, strict=True)]
        engine.prefilled += sum(map(len, fresh))
        ids = pad_sequence([torch.tensor(part) for part in fresh], batch_first=True, padding_side="left")
        valid = pad_sequence([torch.ones(len(part), dtype=torch.long) for part in fresh], True, padding_side="left")
        if self._states is None:
            self._other = DynamicCache(config=engine.model.config), valid
            self.logits = self._read(self._other[0], ids, valid, 1)[:, -1]
        else:
            self._states.add([self._nothing if s is None else s for s in stored], list(map(len, prompts)))
            cache = self._states.rereading(first, valid.bool())
            logits = self._read(cache, ids, self._states.mask(first), 1)[:, -1]
            self.logits = torch.cat([self.logits, logits]) if first else logits
            if pool:
                for number, prompt in enumerate(prompts, first):
                    pool.keep(prompt, self._states.row(number), engine.adapter)
        self.ids += [list(prompt) for prompt in prompts]

    def step(self, tokens: Sequence[int]) -> None:
        """Read one token a row."""
        self.logits = self.forward(torch.tensor(tokens)[:, None])[:, -1]
        for ids, token in zip(self.ids, tokens, strict=True):
            ids.append(token)

    def forward(self, ids: Tensor, keep: int = 1) -> Tensor:
        """Read `ids` (rows, tokens) behind what is there; the last `keep` logits: (rows, keep, vocabulary) float32."""
        count = ids.shape[1]
        if self._states is None:
            cache, mask = self._other or (None, torch.empty(0))
            self._other = cache, torch.cat([mask, torch.ones_like(ids)], 1)
            return self._read(cache, ids, self._other[1], keep)
        cache = self._states.reading(count)
        return self._read(cache, ids, self._states.mask(), keep)

    def leave(self, rows: Sequence[int]) -> list[int]:
        """Rows that go; what they have read is kept for later prompts that begin the same. The others may change places: for
        each row that is left, the number that it had."""
        if self._states is None:
            order = [row for row in range(len(self.ids)) if row not in set(rows)]
            cache, mask = self._other or (None, torch.empty(0))
            if order and cache is not None:
                cache.batch_select_indices(torch.tensor(order))  # on no device, since layers may be on several
                self._other = cache, mask[order]
        else:
            if self._engine.pool:
                for row in rows:
                    self._engine.pool.keep(self.ids[row], self._states.row(row), self._engine.adapter)
            order = self._states.drop(rows)
        self.ids = [self.ids[row] for row in order]
        self.logits = self.logits[torch.tensor(order, dtype=torch.long, device=self.logits.device)]
        return order

    def repeat(self, times: Sequence[int]) -> None:
        """Each row so many times, one after the other: several answers to one prompt."""
        rows = [row for row, count in enumerate(times) for _ in range(count)]
        index = torch.tensor(rows, device=self._engine.device)
        if self._states is not None:
            self._states.repeat(rows)
        elif self._other is not None:
            self._other[0].batch_select_indices(torch.tensor(rows))
            self._other = self._other[0], self._other[1][rows]
        self.ids = [list(self.ids[row]) for row in rows]
        self.logits = self.logits[index]

    def _read(self, cache: Any, ids: Tensor, mask: Tensor, keep: int) -> Tensor:
        engine = self._engine
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        out = engine.model(
            input_ids=ids.to(engine.device),
            attention_mask=mask.to(engine.device),
            position_ids=positions.to(engine.device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=keep,
        )
        logits: Tensor = out.logits.float()
        return logits

    @property
    def _nothing(self) -> Tensor:
        layers, heads, width = self._engine.shape or (0, 0, 0)
        return torch.empty(layers, 2, heads, 0, width, dtype=self._engine.dtype, device=self._engine.device)


def draw(rows: Sequence[Row], logits: Tensor) -> list[int]:
    """The next token of each row from logits (rows, vocabulary): the likeliest at temperature 0, else the token in whose share
    of the cumulative distribution the row's own random number falls, which samples exactly."""
    likeliest = logits.argmax(-1)
    hot = [number for number, row in enumerate(rows) if row.request.sampling.temperature > 0]
    if not hot:
        return [int(token) for token in likeliest.tolist()]
    temperatures = torch.tensor([rows[n].request.sampling.temperature for n in hot], device=logits.device)
    shares = (logits[hot] / temperatures[:, None]).softmax(-1, dtype=torch.float64)
    for place, number in enumerate(hot):
        if (most := rows[number].request.sampling.top_p) < 1:
            ordered, order = shares[place].sort(descending=True)
            shares[place, order[ordered.cumsum(-1) - ordered >= most]] = 0.0
    ends = shares.cumsum(-1)
    luck = torch.tensor([rows[n].luck() for n in hot], dtype=torch.float64, device=logits.device)
    drawn = torch.searchsorted(ends, (luck * ends[:, -1])[:, None], right=True)[:, 0]
    likeliest[hot] = drawn.clamp(max=logits.shape[1] - 1)
    return [int(token) for token in likeliest.tolist()]
