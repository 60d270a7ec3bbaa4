"""What waits for an engine: requests go in from the event loop, and come out, grouped, where the model computes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mentalarena.models.base import Sampling
from mentalarena.models.telling import Teller


@dataclass(frozen=True, eq=False)
class Request:
    """A prompt for which a reply is to be drawn, or with `answers` these are to be scored."""

    ids: list[int]
    done: Callable[[Any], None]
    """Takes a `Reply`, a list of scores, or the error. Called where the model computes."""
    adapter: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    answers: tuple[tuple[int, ...], ...] = ()
    ended: bool = True
    """Whether an answer's end is scored too."""
    fresh: int = 0
    """Prompt tokens that have to be computed."""
    teller: Teller | None = None
    """Tells the reply while it is drawn, where somebody listens."""


class Waiting:
    """Requests in the order of their arrival."""

    def __init__(self) -> None:
        self._requests: list[Request] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._requests)

    def put(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def to_draw(self, most: int, least: int, adapter: str | None) -> list[Request]:
        """Requests for a reply, at most `most`, and none before as many as `least` wait: the oldest and those with about as much
        to compute, so that they pad little and nobody waits for good. All of one adapter: the given, or for None the oldest's."""
        with self._lock:
            fitting = [r for r in self._requests if not r.answers and adapter in (None, r.adapter)]
            if most < 1 or not fitting or len(fitting) < least:
                return []
            oldest = fitting[0]
            low, high = oldest.fresh / 1.6 - 16, oldest.fresh * 1.6 + 16
            near = [r for r in fitting if r.adapter == oldest.adapter and low <= r.fresh <= high]
            near.sort(key=lambda r: abs(r.fresh - oldest.fresh))
            return self._out(near[:most])

    def to_score(self, most: int) -> list[Request]:
        """Requests with answers to score, of one adapter, with at most `most` answers in all (or one request)."""
        with self._lock:
            chosen: list[Request] = []
            for request in self._requests:
                if request.answers and (not chosen or request.adapter == chosen[0].adapter):
                    if chosen and sum(len(c.answers) for c in (*chosen, request)) > most:
                        break
                    chosen.append(request)
            return self._out(chosen)

    def _out(self, chosen: Sequence[Request]) -> list[Request]:
        gone = set(map(id, chosen))
        self._requests = [r for r in self._requests if id(r) not in gone]
        return list(chosen)
