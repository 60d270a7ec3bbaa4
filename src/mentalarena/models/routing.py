"""Several servers of one model: each episode keeps its server, a dead one is left out for a while."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mentalarena.models.base import Message

FAILURES, PAUSE = 3, 20.0
"""Failures in a row after which a server is left out, and for how many seconds before it is tried again."""


@dataclass
class Server:
    """One base URL and how it fares."""

    url: str
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    out_until: float = 0.0

    def answered(self) -> None:
        self.failures, self.out_until = 0, 0.0

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= FAILURES:
            self.out_until = self.clock() + PAUSE


@dataclass
class Servers:
    """Chooses by rendezvous hashing of a view's beginning: its prefix stays in one server's cache, and when a server falls out
    only its own views move (Thaler and Ravishankar 1998)."""

    urls: Sequence[str]
    clock: Callable[[], float] = time.monotonic
    servers: list[Server] = field(init=False)

    def __post_init__(self) -> None:
        self.servers = [Server(url.rstrip("/"), self.clock) for url in self.urls]

    def choose(self, messages: Sequence[Message]) -> Server:
        """The server of this view; of all when every one is out."""
        if len(self.servers) == 1:
            return self.servers[0]
        now = self.clock()
        ready = [server for server in self.servers if server.out_until <= now] or self.servers
        beginning = "\x1e".join(f"{m.role}\x1f{m.content}" for m in messages[:2]).encode()
        return max(ready, key=lambda server: hashlib.blake2b(server.url.encode() + beginning, digest_size=8).digest())
