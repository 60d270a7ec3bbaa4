"""Does a model give seed texts away? Longest common runs, canaries, and attempts to extract them.

Source: Carlini et al., "The Secret Sharer" (2019, canaries) and "Extracting Training Data from Large Language Models" (2021,
a model is given the beginning of a training text and continues it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def longest_run(one: Sequence[Item], other: Sequence[Item]) -> tuple[Item, ...]:
    """The longest run of items that stands in both; of equally long ones the first in `other`.

    By a suffix automaton of `one`: time and memory are linear in the two lengths (Blumer et al. 1985).
    """
    return tuple(other[slice(*_Automaton(one).longest(other))])


class _Automaton:
    """All runs of a sequence, in at most twice as many states as it has items."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._next: list[dict[object, int]] = [{}]
        self._link, self._length = [-1], [0]
        last = 0
        for item in items:
            last = self._extended(item, last)

    def _extended(self, item: object, last: int) -> int:
        after, link, length = self._next, self._link, self._length
        state = len(after)
        after.append({})
        link.append(0)
        length.append(length[last] + 1)
        while last >= 0 and item not in after[last]:
            after[last][item] = state
            last = link[last]
        if last >= 0:
            target = after[last][item]
            if length[target] != length[last] + 1:
                copy = len(after)
                after.append(dict(after[target]))
                link.append(link[target])
                length.append(length[last] + 1)
                while last >= 0 and after[last].get(item) == target:
                    after[last][item] = copy
                    last = link[last]
                link[target] = target = copy
            link[state] = target
        return state

    def longest(self, items: Sequence[object]) -> tuple[int, int]:
        """Where in `items` the longest run begins and ends that the sequence holds."""
        state = length = 0
        best = (0, 0)
        for end, item in enumerate(items, 1):
            while state and item not in self._next[state]:
                state = self._link[state]
                length = self._length[state]
            if (following := self._next[state].get(item)) is not None:
                state, length = following, length + 1
            if length > best[1] - best[0]:
                best = (end - length, end)
        return best
