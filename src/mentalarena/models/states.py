"""Attention states of the rows that are in the model: rows come and go without the others being copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from mentalarena.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

ROOM = 96
"""Tokens that a buffer holds beyond its longest row, so that it is seldom made anew."""


class States:
    """Keys and values of some rows, all layers in one buffer (layers, 2, rows, heads, tokens, width).

    Every row ends at the same place, so that one slice takes the next token of all; what lies before a row is padding. Room
    for more rows and tokens is made as it is needed.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: Any, device: Any) -> None:
        layers, heads, width = shape
        # padding is zeros or old states, not what memory happens to hold: a weight of nought times NaN is NaN
        self._buffer = torch.zeros(layers, 2, 0, heads, 0, width, dtype=dtype, device=device)
        self._end = 0
        self.lengths: list[int] = []
        """Tokens of each row."""

    @property
    def width(self) -> int:
        """Tokens of the longest row."""
        return max(self.lengths, default=0)

    def mask(self, first: int = 0) -> Tensor:
        """1 where a row has a token and 0 for padding, of the rows from `first` on: (rows, tokens of the longest) int64."""
        lengths = self.lengths[first:]
        begins = max(lengths) - torch.tensor(lengths, dtype=torch.long)
        return (torch.arange(max(lengths)) >= begins[:, None]).long()

    def row(self, number: int) -> Tensor:
        """All that a row holds: (layers, 2, heads, tokens, width)."""
        return self._buffer[:, :, number, :, self._end - self.lengths[number] : self._end]

    def add(self, rows: Sequence[Tensor], lengths: Sequence[int]) -> None:
        """Add rows of so many tokens, of which the first ones are given: each (layers, 2, heads, tokens, width). The rest is to
        be read by a forward over `rereading`."""
        count, longest = len(self.lengths), max(self.width, *lengths)
        if count + len(rows) > self._buffer.shape[2] or longest > self._end:
            self._move(count + len(rows), longest, 0)
        self.lengths += lengths
        for number, known in enumerate(rows, count):
            self.row(number)[:, :, :, : known.shape[3]] = known

    def reading(self, tokens: int) -> DynamicCache:
        """A cache for a forward that puts so many new tokens behind each row."""
        if self._end + tokens > self._buffer.shape[4]:
            self._move(len(self.lengths), self.width, tokens)
        begin, self._end = self._end - self.width, self._end + tokens
        self.lengths = [length + tokens for length in self.lengths]
        return self._cache(0, begin, tokens, None)

    def rereading(self, first: int, valid: Tensor) -> DynamicCache:
        """A cache for a forward that fills the ends of the rows from `first` on: `valid` (rows, tokens) says which of its tokens
        are no padding."""
        begin = self._end - max(self.lengths[first:])
        return self._cache(first, begin, valid.shape[1], valid.to(self._buffer.device))

    def drop(self, rows: Sequence[int]) -> list[int]:
        """Let rows go. The last ones move into the gaps: for each row that is left, the number that it had."""
        gone, order = set(rows), list(range(len(self.lengths)))
        left = len(order) - len(gone)
        movers = [row for row in order[left:] if row not in gone]
        for gap, row in zip(sorted(r for r in gone if r < left), movers, strict=True):
            begin = self._end - self.lengths[row]
            self._buffer[:, :, gap, :, begin : self._end] = self._buffer[:, :, row, :, begin : self._end]
            order[gap] = row
        self.lengths = [self.lengths[row] for row in order[:left]]
        return order[:left]

    def repeat(self, rows: Sequence[int]) -> None:
        """Go on with copies of some rows; a row may come several times."""
        index = torch.tensor(rows, device=self._buffer.device)
        begin = self._end - self.width
        self._buffer = self._buffer[:, :, index, :, begin:]
        self._end -= begin
        self.lengths = [self.lengths[row] for row in rows]

    def _cache(self, first: int, begin: int, tokens: int, valid: Tensor | None) -> DynamicCache:
        """Rows as transformers' forward takes them: it sees what lies before the `tokens` at the end, and writes these."""
        cache = DynamicCache()
        rows = self._buffer[:, :, first : len(self.lengths), :, begin : self._end]
        cache.layers = [_Layer(layer, tokens, valid) for layer in rows]
        cache.layer_class_to_replicate = None
        return cache

    def _move(self, rows: int, longest: int, tokens: int) -> None:
        """Put all rows where `longest` tokens fit before the end and `tokens` behind it, in a larger buffer if need be."""
        width = self.width
        held = self._buffer[:, :, : len(self.lengths), :, self._end - width : self._end]
        room = longest + tokens + ROOM // 2
        if rows <= self._buffer.shape[2] and room <= self._buffer.shape[4]:
            held = held.clone()  # it may overlap with where it goes
        else:
            layers, _, most, heads, capacity, size = self._buffer.shape
            most, capacity = max(rows + rows // 4, most), max(room + ROOM // 2, capacity)
            self._buffer = held.new_zeros(layers, 2, most, heads, capacity, size)
        self._buffer[:, :, : len(self.lengths), :, longest - width : longest] = held
        self._end = longest


class _Layer(DynamicLayer):  # type: ignore[misc]
    """A cache layer over a slice (2, rows, heads, tokens, width) of the shared buffer, for one forward. The stock one copies all
    that it holds at every token."""

    def __init__(self, states: Tensor, new: int, valid: Tensor | None) -> None:
        super().__init__()
        self._states, self._new, self._valid = states, new, valid
        self.is_initialized = True
        self.keys, self.values = states[:, :, :, : states.shape[3] - new]

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        for held, came in zip(self._states, (key_states, value_states), strict=True):
            end = held[:, :, held.shape[2] - self._new :]
            end.copy_(came if self._valid is None else torch.where(self._valid[:, None, :, None], came, end))
        self.keys, self.values = self._states
        return self.keys, self.values


def state_shape(model: Any, name: str) -> tuple[int, int, int] | None:
    """Layers, heads and width of a model's attention states; None where its layers do not all keep full attention of one shape.
    Raises `ConfigError` for a model that keeps running states instead."""
    if len(set(getattr(model, "hf_device_map", {}).values())) > 1:
        return None  # layers on several devices keep their states there
    cache = DynamicCache(config=model.config)
    if any("Linear" in type(layer).__name__ for layer in cache.layers):
        raise ConfigError(
            f"{name}: some layers keep running states instead of attention, which rows cannot leave; expected a "
            "model with attention in all layers, or this one behind a server"
        )
    if not all(type(layer) is DynamicLayer for layer in cache.layers):
        return None
    token = torch.tensor([[0]], device=model.device)
    with torch.inference_mode():
        layers = model(input_ids=token, past_key_values=cache, use_cache=True).past_key_values.layers
    shapes = {tuple(states.shape) for layer in layers for states in (layer.keys, layer.values)}
    if len(shapes) != 1:
        return None
    _, heads, _, width = shapes.pop()
    return len(layers), heads, width
