"""A session that is begun as a page begins it."""

from __future__ import annotations

from typing import Any

from mentalarena.practice.room import Practising
from mentalarena.practice.session import Session


async def begun_at(room: Practising, *choices: Any, **more: Any) -> Session:
    """With the choices of `Practising.prepared`."""
    return await room.begin(await room.prepared(*choices, **more))
