"""Keys and values of prompts that were computed before, in blocks, so that a view's next turn pays only for what is new.

A prompt's tokens are cut into blocks of `BLOCK`; a block's key is its tokens and all tokens before it, so equal beginnings
(a shared system prompt, a dialogue and the five probes that branch off it) are stored once. The idea is vLLM's automatic
prefix caching (https://docs.vllm.ai/en/latest/design/prefix_caching.html); here it serves any model of transformers
whose layers all keep full attention of one shape.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 8
Key = tuple[int, tuple[int, ...]]


def keys_of(ids: Sequence[int]) -> list[Key]:
    """A key for each full block: the hash of everything before it, and its own tokens."""
    keys: list[Key] = []
    before = 0
    for start in range(0, len(ids) - BLOCK + 1, BLOCK):
        keys.append((before, tuple(ids[start : start + BLOCK])))
        before = hash(keys[-1])
    return keys


class BlockPool:
    """Storage of shape (slots, BLOCK, layers, 2, heads, width); least recently used blocks go first. Slot 0 is padding."""

    def __init__(self, slots: int, shape: tuple[int, int, int], dtype: Any, device: str) -> None:
        layers, heads, width = shape
        self._store = torch.zeros(1, BLOCK, layers, 2, heads, width, dtype=dtype, device=device)
        self._most = max(slots, 2)
        self._slot: OrderedDict[Key, int] = OrderedDict()
        self._free: list[int] = []

    def find(self, ids: Sequence[int]) -> list[int]:
        """Slots of the longest stored beginning that leaves at least one token to compute."""
        slots = []
        for key in keys_of(ids[:-1]):
            slot = self._slot.get(key)
            if slot is None:
                break
            self._slot.move_to_end(key)
            slots.append(slot)
        return slots

    def count(self, ids: Sequence[int]) -> int:
        """How many blocks `find` would find. Reads only, so that it may be called beside the thread that computes."""
        keys = keys_of(ids[:-1])
        return next((number for number, key in enumerate(keys) if key not in self._slot), len(keys))

    def gather(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """The stored beginnings, left-padded to the longest: shape (layers, 2, rows, heads, tokens, width)."""
        longest = max(map(len, rows))
        index = torch.tensor(
            [[0] * (longest - len(row)) + list(row) for row in rows], dtype=torch.long, device=self._store.device
        )
        blocks = self._store[index]  # rows, blocks, BLOCK, layers, 2, heads, width
        return blocks.flatten(1, 2).permute(2, 3, 0, 4, 1, 5)

    def keep(self, states: Tensor, rows: Sequence[tuple[int, Sequence[int], int, int]]) -> None:
        """Store the blocks of some rows of `states` (layers, 2, rows, heads, tokens, width) that are new.

        Each row is (row number, its token ids, how many of them were gathered, where the first one after those lies).
        """
        found: dict[int, tuple[int, int]] = {}  # by slot: in a full pool the same slot may be taken twice
        for number, ids, known, begin in rows:
            for block, key in enumerate(keys_of(ids)):
                if block * BLOCK >= known and key not in self._slot:
                    found[self._take(key)] = (number, begin + block * BLOCK - known)
        if found:
            slots = torch.tensor(list(found), device=states.device)
            numbers, starts = torch.tensor(list(found.values()), device=states.device).T
            places = starts[:, None] + torch.arange(BLOCK, device=states.device)
            self._store[slots] = states[:, :, numbers[:, None], :, places]

    def _take(self, key: Key) -> int:
        if not self._free and len(self._slot) < self._most - 1:
            size = len(self._store)
            more = min(max(size, 1024), self._most - size)
            self._store = torch.cat([self._store, self._store.new_zeros(more, *self._store.shape[1:])])
            self._free = list(range(size, size + more))
        slot = self._free.pop() if self._free else self._slot.popitem(last=False)[1]
        self._slot[key] = slot
        return slot


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """A cache layer that writes into a shared buffer, where the stock one copies all of it at every token."""

    def __init__(self, states: GrowingStates, number: int) -> None:
        super().__init__()
        self._states, self._number = states, number
        self.is_initialized = True
        self.keys, self.values = states.view(number)

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        self.keys, self.values = self._states.write(self._number, key_states, value_states)
        return self.keys, self.values


class GrowingStates:
    """The keys and values of a batch, all layers in one buffer (layers, 2, rows, heads, capacity, width)."""

    def __init__(self, start: Tensor, room: int) -> None:
        self._buffer = start.new_empty(*start.shape[:4], start.shape[4] + room, start.shape[5])
        self.length = start.shape[4]
        self._buffer[..., : self.length, :] = start
        self._ends = [self.length] * len(start)

    def cache(self) -> DynamicCache:
        """The same states as transformers' forward takes them."""
        cache = DynamicCache()
        cache.layers = [GrowingLayer(self, number) for number in range(len(self._buffer))]
        cache.layer_class_to_replicate = None
        return cache

    @property
    def tensor(self) -> Tensor:
        return self._buffer[..., : self.length, :]

    def view(self, layer: int) -> tuple[Tensor, Tensor]:
        both = self._buffer[layer, :, :, :, : self._ends[layer]]
        return both[0], both[1]

    def write(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        start = self._ends[layer]
        end = self._ends[layer] = start + keys.shape[2]
        if end > self._buffer.shape[4]:
            room = max(end, self._buffer.shape[4] * 5 // 4) - self._buffer.shape[4]
            self._buffer = torch.cat(
                [self._buffer, self._buffer.new_zeros(*self._buffer.shape[:4], room, keys.shape[3])], 4
            )
        self._buffer[layer, 0, :, :, start:end] = keys
        self._buffer[layer, 1, :, :, start:end] = values
        self.length = max(self.length, end)
        return self.view(layer)

    def select(self, rows: Tensor) -> GrowingStates:
        """The states of some rows (a row may come several times), with room to go on."""
        return GrowingStates(self.tensor[:, :, rows], 32)
