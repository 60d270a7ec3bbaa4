"""Memory that a process keeps. glibc gives large blocks back to the system at every free, and a small model on a CPU then
spends a third of its time in page faults; kept blocks are used again (measured: dev/LOG.md)."""

from __future__ import annotations

import ctypes
import sys

# glibc's malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX
_SETTINGS = ((-1, 2**31 - 1), (-2, 1 << 28), (-4, 0), (-8, 1))


def keep_freed_memory() -> None:
    """Never give freed memory back by itself. Does nothing where the C library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        for setting, value in _SETTINGS:
            mallopt(setting, value)


def give_back_memory() -> None:
    """What was kept and is free now goes to the system: when weights are closed, others need it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
