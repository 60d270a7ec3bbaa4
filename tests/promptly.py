"""Calls that must come back, whatever they are given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Found = TypeVar("Found")


def promptly(work: Callable[[], Found], seconds: float = 60) -> Found:
    """What a call gives or raises; fails where it waits for somebody who never comes, such as the writer of a pipe."""
    told = Future[Found]()

    def run() -> None:
        try:
            told.set_result(work())
        except BaseException as error:
            told.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return told.result(seconds)
