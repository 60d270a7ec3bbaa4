"""How fast a server may be asked: rates of requests and tokens, and how long to wait after a failure that may pass."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

MINUTE = 60.0
LONGEST = 300.0
"""Seconds that a server may ask us to wait, at most."""


class Passing(Exception):
    """A failure after which the same request may be answered."""

    def __init__(self, what: str, wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(what)
        self.wait = wait
        """Seconds that the server asks us to wait."""
        self.unreachable = unreachable


@dataclass
class Rate:
    """A bucket that fills evenly with `per_minute` units and holds `burst` seconds' worth. 0: no limit."""

    per_minute: float
    burst: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _free_at: float = field(default=0.0, init=False)

    async def take(self, units: float = 1.0) -> None:
        """Wait until so many units may be used. First come, first served: each caller books its time and sleeps until then."""
        if self.per_minute <= 0:
            return
        now = self.clock()
        start = max(self._free_at, now - self.burst)
        self._free_at = start + units * MINUTE / self.per_minute
        if (wait := start - now) > 0:
            await self.sleep(wait)

    def give_back(self, units: float) -> None:
        """Units that were booked and not used; less than nothing books more."""
        if self.per_minute > 0:
            self._free_at -= units * MINUTE / self.per_minute


@dataclass(frozen=True)
class Backoff:
    """Exponential waiting with full jitter (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter)."""

    first: float = 0.5
    most: float = 30.0

    def seconds(self, attempt: int, asked_for: float | None = None) -> float:
        """How long to wait after the `attempt`-th failure (from 0): what the server asked for and a little more, or a random
        part of a bound that doubles."""
        if asked_for is not None:
            return min(asked_for, LONGEST) + random.uniform(0.0, self.first)
        return random.uniform(0.0, min(self.most, self.first * 2.0 ** min(attempt, 30)))


def retry_after(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date); None for none or nonsense."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if 0.0 <= seconds < 1e9 else 0.0 if seconds < 0 else None
