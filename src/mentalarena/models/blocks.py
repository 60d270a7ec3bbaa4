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

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 8
Key = tuple[int, tuple[int, ...]]


def keys_of(ids: Sequence[int], adapter: str = "") -> list[Key]:
    """A key for each full block: the hash of everything before it (whose states they are first of all), and its own tokens."""
    keys: list[Key] = []
    before = hash(adapter) if adapter else 0
    for start in range(0, len(ids) - BLOCK + 1, BLOCK):
        keys.append((before, tuple(ids[start : start + BLOCK])))
        before = hash(keys[-1])
    return keys


class BlockPool:
    """Storage of shape (slots, layers, 2, heads, BLOCK, width); least recently used blocks go first."""

    def __init__(self, slots: int, shape: tuple[int, int, int], dtype: Any, device: Any) -> None:
        layers, heads, width = shape
        # a CPU gives the memory as slots are written, an accelerator at once: nothing is copied to grow
        self._store = torch.empty(max(slots, 1), layers, 2, heads, BLOCK, width, dtype=dtype, device=device)
        self._slot: OrderedDict[Key, int] = OrderedDict()

    def find(self, ids: Sequence[int], adapter: str = "") -> Tensor:
        """The states of the longest stored beginning that leaves at least one token to compute: (layers, 2, heads, tokens,
        width)."""
        slots = []
        for key in keys_of(ids[:-1], adapter):
            slot = self._slot.get(key)
            if slot is None:
                break
            self._slot.move_to_end(key)
            slots.append(slot)
        index = torch.tensor(slots, dtype=torch.long, device=self._store.device)
        return self._store[index].permute(1, 2, 3, 0, 4, 5).flatten(3, 4)

    def count(self, ids: Sequence[int], adapter: str = "") -> int:
        """How many blocks `find` would find. Reads only, so that it may be called beside the thread that computes."""
        keys = keys_of(ids[:-1], adapter)
        return next((number for number, key in enumerate(keys) if key not in self._slot), len(keys))

    def keep(self, ids: Sequence[int], states: Tensor, adapter: str = "") -> None:
        """Store the blocks that are new of a row, whose states are (layers, 2, heads, tokens, width)."""
        new = [(n, key) for n, key in enumerate(keys_of(ids, adapter)) if key not in self._slot]
        new = new[: len(self._store)]  # a slot that is taken twice at once would hold either
        if new:
            numbers, slots = [n for n, _ in new], [self._take(key) for _, key in new]
            first, last = numbers[0], numbers[-1] + 1
            blocks = (
                states[:, :, :, first * BLOCK : last * BLOCK].unflatten(3, (last - first, BLOCK)).permute(3, 0, 1, 2, 4, 5)
            )
            if len(numbers) < last - first:
                blocks = blocks[[n - first for n in numbers]]
            self._store[slots] = blocks

    def _take(self, key: Key) -> int:
        full = len(self._slot) == len(self._store)
        slot = self._slot.popitem(last=False)[1] if full else len(self._slot)
        self._slot[key] = slot
        return slot
