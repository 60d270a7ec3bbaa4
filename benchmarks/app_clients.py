"""Practice sessions without a browser: clients that speak the pages' own protocol (NiceGUI's, over socket.io), so that fifty of
them cost little beside the server that they measure."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import socketio

Elements = dict[str, dict[str, Any]]
DEADLINE = 120.0
"""Seconds that a client waits for anything."""


@dataclass
class Tab:
    """One page that is open."""

    base: str
    elements: Elements = field(default_factory=dict)
    client: str = ""
    opened: str = ""
    """Where the page sent its visitor."""

    def __post_init__(self) -> None:
        self._socket = socketio.AsyncClient(reconnection=False)
        self._changed = asyncio.Event()
        self._socket.on("update", self._update)
        self._socket.on("open", self._open)

    async def load(self, http: aiohttp.ClientSession, path: str) -> None:
        """Get the page and connect its socket, as its own script does."""
        async with http.get(self.base + path) as answer:
            answer.raise_for_status()
            text = await answer.text()
        raw = re.search(r"parseElements\(String\.raw`(.*?)`\)", text, re.DOTALL)
        client = re.search(r"'client_id': '([^']+)'", text)
        number = re.search(r"'next_message_id': (\d+)", text)
        if not raw or not client or not number:
            raise RuntimeError("the page is not as this version of NiceGUI makes it")
        told = raw[1]
        for entity, character in (("&#36;", "$"), ("&#96;", "`"), ("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&")):
            told = told.replace(entity, character)
        self.elements, self.client = json.loads(told), client[1]
        query = f"client_id={self.client}&next_message_id={number[1]}&implicit_handshake=true"
        query += f"&document_id={uuid.uuid4()}&tab_id={uuid.uuid4()}&old_tab_id=null"
        await self._socket.connect(f"{self.base}?{query}", socketio_path="/_nicegui_ws/socket.io", transports=["websocket"])

    async def close(self) -> None:
        await self._socket.disconnect()

    def find(self, **props: Any) -> tuple[str, dict[str, Any]]:
        """The element with such props."""
        for id, element in self.elements.items():
            told = element.get("props", {})
            if all(told.get(name) == value for name, value in props.items()):
                return id, element
        raise AssertionError(f"no element with {props}")

    async def fire(self, type: str, *arguments: Any, **props: Any) -> None:
        """An event of the element with such props, as the browser sends it."""
        id, element = self.find(**props)
        listener = next(event["listener_id"] for event in element["events"] if event["type"] == type)
        args = [json.dumps(argument) for argument in arguments]
        await self._socket.emit("event", {"id": int(id), "client_id": self.client, "listener_id": listener, "args": args})

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until the page is so."""
        async with asyncio.timeout(DEADLINE):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def said(self) -> list[str]:
        """The lines of the dialogue."""
        _, log = self.find(role="log")
        return [
            str(self.elements[str(self.elements[str(line)]["children"][1])].get("text")) for line in log.get("children", ())
        ]

    def _update(self, message: dict[str, Any]) -> None:
        for id, element in message.items():
            if id != "_id":
                if element is None:
                    self.elements.pop(id, None)
                else:
                    self.elements[id] = element
        self._changed.set()

    def _open(self, message: dict[str, Any]) -> None:
        self.opened = message["path"]
        self._changed.set()


@dataclass
class Talked:
    """What one client met."""

    session: str
    asked: list[str]
    said: list[str]
    seconds: list[float]
    """Until each answer stood on the page."""
    begun: float
    """From the first page to the talk."""


async def practise(base: str, number: int, turns: int) -> Talked:
    """Choose nothing, begin, and say something `turns` times; each time as soon as the answer stands on the page."""
    started = time.perf_counter()
    async with aiohttp.ClientSession() as http:
        first = Tab(base)
        await first.load(http, "/practice")
        await first.fire("click", label="Begin")
        await first.until(lambda: bool(first.opened))
        await first.close()
        talk = Tab(base)
        await talk.load(http, first.opened)
        begun = time.perf_counter() - started
        asked, seconds = [], []
        for turn in range(turns):
            asked.append(f"Visitor {number} asks for the {turn}th time: how did you feel then?")
            before = len(talk.said())
            started = time.perf_counter()
            await talk.fire("update:value", asked[-1], label="Say something")
            await talk.fire("click", label="Say it")
            await talk.until(lambda before=before: _answered(talk, before))  # type: ignore[misc]
            seconds.append(time.perf_counter() - started)
        found = Talked(first.opened.rsplit("/", 1)[-1], asked, talk.said(), seconds, begun)
        await talk.close()
        return found


def _answered(talk: Tab, before: int) -> bool:
    said = talk.said()
    _, button = talk.find(label="Say it")
    return len(said) == before + 2 and said[-1] != "…" and not button["props"].get("disable")


async def all_at_once(base: str, count: int, turns: int) -> list[Talked]:
    return list(await asyncio.gather(*(practise(base, number, turns) for number in range(count))))
