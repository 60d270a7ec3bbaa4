"""A local chat-completions server that plays by rule, with the latency of a real one, in a process of its own.

python benchmarks/fake_server.py LATENCY TOKEN_SECONDS     prints its port; ends when its input does
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import toy_player


@contextmanager
def served(latency: float, token_seconds: float) -> Iterator[str]:
    """The URL of a server that answers after `latency` seconds and `token_seconds` for each token."""
    command = [sys.executable, __file__, str(latency), str(token_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


async def serve(latency: float, token_seconds: float) -> None:
    from aiohttp import web

    async def complete(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        text = toy_player([Message(m["role"], m["content"]) for m in body["messages"]], Sampling(seed=body["seed"]))
        written, read = len(text.split()), sum(len(m["content"].split()) for m in body["messages"])
        await asyncio.sleep(latency + token_seconds * written)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return web.json_response({"choices": [choice], "usage": {"prompt_tokens": read, "completion_tokens": written}})

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), float(sys.argv[2])))
