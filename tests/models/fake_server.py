"""A chat-completions server on loopback whose behaviour a test decides, in a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

Respond = Callable[[dict[str, Any], int], "web.StreamResponse | None"]
"""What is answered to a request (its body, and how many came before it); None drops the connection."""


def completion(text: object = " i feel low. ", finish: str = "stop", **message: object) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def plainly(body: dict[str, Any], number: int) -> web.StreamResponse:
    return web.json_response(completion())


class FakeServer:
    """What was asked (bodies and headers), and what will be answered."""

    def __init__(self) -> None:
        self.respond: Respond = plainly
        self.latency = 0.0
        self.running = self.most = 0
        """Requests at once: now, and at most so far."""
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.loaded: list[dict[str, Any]] = []
        self.sees = True
        """Whether it can read this machine's folders."""

    async def load(self, request: web.Request) -> web.StreamResponse:
        """vLLM's dynamic LoRA: a name can be loaded once, from a folder that is there."""
        body = await request.json()
        if body["lora_name"] in {told["lora_name"] for told in self.loaded}:
            return web.json_response({"message": "The lora adapter has already been loaded."}, status=400)
        if not self.sees or not Path(body["lora_path"]).is_dir():
            return web.json_response({"message": "No adapter found"}, status=404)
        self.loaded.append(body)
        return web.Response(text="Success")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        number = len(self.asked)
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.latency)
        self.running -= 1
        answer = self.respond(body, number)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer


@contextmanager
def serving(port: int = 0, routes: Iterable[web.RouteDef] = ()) -> Iterator[FakeServer]:
    """A running server; it is gone afterwards."""
    fake, loop, ready = FakeServer(), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", fake.handle)
        app.router.add_post("/v1/load_lora_adapter", fake.load)
        app.add_routes(routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        loop.call_soon(ready.set)  # not before: a stop that comes while the loop is not running for ever is lost
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        assert not thread.is_alive()
