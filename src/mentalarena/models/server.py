"""Models behind OpenAI-compatible servers (OpenAI, vLLM, SGLang, llama.cpp, Ollama, `transformers serve`).

The server batches. Here are a limit of concurrent requests, rate limits, retries with backoff that honour Retry-After, time-outs,
several servers of one model, and a typed end for whatever does not come back. What a server sends is hostile input: only a whole
chat completion with a text counts. A plain HTTP client asks (the SDK costs some 6 ms of CPU a call).

The key comes from the environment (`api_key_env`) and is in no file, log or error; a local server without one needs none.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Heard, Message, Reply, Sampling, Usage
from mentalarena.models.limits import Backoff, Passing, Rate, retry_after
from mentalarena.models.routing import Server, Servers
from mentalarena.models.spoken import spoken
from mentalarena.models.streaming import Listener, StreamFailed

OPENAI = "https://api.openai.com/v1"
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses after which the same request may be answered."""
OF_THE_REQUEST = frozenset({400, 413, 422, 451})
"""Statuses by which a server refuses this very request. Any other is about the key, the quota or the model."""
WAYS: tuple[Mapping[str, Any], ...] = (
    {"stream": True, "stream_options": {"include_usage": True}},
    {"stream": True},  # `transformers serve` counts without being asked, and refuses the question
    {},
)
"""How a server is asked to tell an answer while it comes: the next way where it refuses one."""
LARGEST = 16 << 20
"""Bytes of an answer, at most."""
FEWEST = 1 / 12
"""Tokens a character at the least: what is too long even so is not sent."""
_TOO_LONG = re.compile(r"context.{0,20}length|maximum context|too long|max_tokens|context_length_exceeded", re.IGNORECASE)


@dataclass(frozen=True)
class ServerSettings:
    """How a server is asked; see `config.ModelConfig`."""

    urls: tuple[str, ...] = ()
    concurrency: int = 64
    timeout: float = 120.0
    retries: int = 6
    patience: float = 120.0
    """Seconds for which a server that cannot be reached is tried again."""
    backoff: float = 0.5
    """Seconds of the first wait after a failure, at most; the bound doubles each time."""
    requests_per_minute: float = 0
    tokens_per_minute: float = 0
    context: int = 0
    """Tokens that prompt and reply may have together; 0: unknown."""
    api_key_env: str = "OPENAI_API_KEY"
    structured: str = "none"
    """Whose way of holding replies to a pattern the server knows; it may ignore it, so replies are parsed all the same."""
    extra: str = "{}"
    """More fields of each request, such as a server's own switches, as JSON."""


class _Declined(Exception):
    """The server knows no such way of telling an answer while it comes."""


class ServerModel:
    """A `ChatModel`. Connections belong to the event loop that opened them, so each loop has its own."""

    def __init__(self, model: str, settings: ServerSettings = ServerSettings(), name: str = "") -> None:
        self._model = model
        self._name = name or model
        self._settings = settings
        self._servers = Servers(settings.urls or (OPENAI,))
        self._requests = Rate(settings.requests_per_minute)
        self._tokens = Rate(settings.tokens_per_minute)
        self._client: tuple[asyncio.AbstractEventLoop, Any, asyncio.Semaphore] | None = None
        self._ways = WAYS
        self.retried = 0
        """Requests that were sent again."""

    @property
    def name(self) -> str:
        return self._name

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One reply. Raises `ModelRefusal` where asking again will not help (a prompt that is too long, a request that the
        server or the model's provider refuses), `ModelError` where none could be had (a server that is gone, a wrong key)."""
        return await self._reply(messages, sampling)

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        """The same, `heard` while it comes (`base.Streamer`), reasoning left out. A request is sent again until something was
        heard; a stream that breaks after that is a `ModelError`. Servers that tell no counts in a stream leave `usage` at 0."""
        return await self._reply(messages, sampling, Listener(heard))

    async def _reply(self, messages: Sequence[Message], sampling: Sampling, listener: Listener | None = None) -> Reply:
        size = sum(len(m.content) for m in messages)
        needed = int(size * FEWEST) + sampling.max_tokens
        if self._settings.context and needed > self._settings.context:
            raise ModelRefusal(
                f"{self._name}: prompt and reply need at least {needed} tokens; expected {self._settings.context}"
            )
        began, failures, backoff = time.monotonic(), 0, Backoff(self._settings.backoff)
        session, slots = await self._session()
        ways = self._ways if listener else WAYS[-1:]
        async with slots:
            while True:
                server = self._servers.choose(messages)
                await self._requests.take()
                await self._tokens.take(needed)
                try:
                    body = self._body(messages, sampling, ways[0])
                    reply = self._read(await self._post(session, server, body, listener if ways[0] else None))
                except _Declined:
                    ways = ways[1:]
                    self._tokens.give_back(needed)
                except Passing as error:
                    if error.wait is None:
                        server.failed()
                    if listener and listener.began:
                        raise ModelError(f"{self._name}: {self._clean(str(error))} (in the middle of a reply)") from None
                    failures += 1
                    tired = time.monotonic() - began >= self._settings.patience
                    if tired if error.unreachable else failures > self._settings.retries:
                        raise ModelError(f"{self._name}: {self._clean(str(error))} ({failures} times)") from None
                    self.retried += 1
                    await asyncio.sleep(backoff.seconds(failures - 1, error.wait))
                else:
                    if used := reply.usage.prompt_tokens + reply.usage.new_tokens:
                        self._tokens.give_back(needed - used)  # less than nothing where more was used than booked
                    server.answered()
                    if listener:
                        self._ways = ways
                        listener.tell(reply.text)
                    return reply

    async def close(self) -> None:
        """Close the connections of this loop."""
        if self._client:
            await self._client[1].close()
            self._client = None

    def _body(self, messages: Sequence[Message], sampling: Sampling, way: Mapping[str, Any]) -> bytes:
        told: dict[str, Any] = {
            "model": self._model,
            "messages": [m.as_dict() for m in messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": sampling.seed,
        }
        if sampling.pattern and self._settings.structured != "none":
            pattern = {"regex": sampling.pattern}
            told |= {"structured_outputs": pattern} if self._settings.structured == "vllm" else pattern
        if sampling.stop:
            told["stop"] = list(sampling.stop)
        return json.dumps({**told, **way, **json.loads(self._settings.extra)}).encode()

    async def _post(self, session: Any, server: Server, body: bytes, listener: Listener | None) -> Any:
        """The decoded answer, told to the listener while it comes. Raises `Passing`, `ModelRefusal`, or `ModelError` for what no
        request would bring (a wrong key, a spent quota, a model that is not there): that is an outage, and no answer."""
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(self._settings.api_key_env):
            headers["Authorization"] = f"Bearer {key}"
        if listener:
            listener.begin()
        with self._failures(server):
            answer = await session.post(f"{server.url}/chat/completions", data=body, headers=headers)
        async with answer:
            data, listening = b"", listener if answer.status == 200 else None
            try:
                while True:
                    with self._failures(server):
                        part = await answer.content.readany()  # what has come so far
                    data += part
                    if len(data) > LARGEST:
                        raise Passing(f"an answer of more than {LARGEST >> 20} MiB")
                    if not part or (listening and listening.take(part)):
                        break
            except StreamFailed as error:
                if error.status in TRANSIENT:
                    raise Passing(f"an error in the stream: {error}") from None
                raise self._failure(error.status, str(error)) from None
            except Passing:
                if not (listening and listening.whole):
                    raise
            status, header = answer.status, answer.headers.get("Retry-After")
        if status != 200:
            told = data.decode("utf-8", "replace")
            if listener and status in OF_THE_REQUEST and "stream" in told.lower():
                raise _Declined
            raise self._failure(status, _message(told), retry_after(header))
        if listening and (heard := listening.answer()) is not None:
            return heard
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise Passing(f"no JSON but {data.decode('utf-8', 'replace')[:80]!r}") from None

    @contextmanager
    def _failures(self, server: Server) -> Iterator[None]:
        """What can happen on the way to a server, as `Passing` (`ModelRefusal` for an address that is none)."""
        import aiohttp

        try:
            yield
        except TimeoutError:
            raise Passing(f"no answer within {self._settings.timeout:.0f} s") from None
        except aiohttp.InvalidURL:
            raise ModelRefusal(
                f"{self._name}: base_url {server.url!r}: expected one such as http://127.0.0.1:8000/v1"
            ) from None
        except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError) as error:
            raise Passing(f"{server.url}: {type(error).__name__}", unreachable=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Passing(f"{server.url}: {type(error).__name__}") from None

    def _failure(self, status: int, what: str, wait: float | None = None) -> Exception:
        """What a status says, and what the server says to it."""
        if status in TRANSIENT:
            return Passing(f"status {status}", wait)
        kind = "the prompt is too long" if status == 400 and _TOO_LONG.search(what) else f"status {status}"
        refused: type[ModelError] = ModelRefusal if status in OF_THE_REQUEST else ModelError
        return refused(f"{self._name}: {kind}: {self._clean(what)}")

    def _read(self, answer: Any) -> Reply:
        """The reply in a chat completion. Raises `Passing` for anything else, `ModelRefusal` for a refusal."""
        try:
            choice = answer["choices"][0]
            message, finish = choice["message"], choice.get("finish_reason") or "stop"
            if message.get("refusal") or finish == "content_filter":
                raise ModelRefusal(f"{self._name}: refused: {self._clean(str(message.get('refusal') or finish))}")
            text = message["content"]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise Passing(f"no chat completion but {json.dumps(answer)[:80]}") from None
        if text is None and finish == "length":
            text = ""  # a reasoning model that spent all its tokens on thought
        if not isinstance(text, str):
            raise Passing("an answer without text")
        text, finish = spoken(text, finish)
        usage = answer.get("usage") if isinstance(answer.get("usage"), Mapping) else {}
        read, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        return Reply(text, "length" if finish == "length" else "stop", Usage(read, written, 1), self._name)

    async def _session(self) -> tuple[Any, asyncio.Semaphore]:
        import aiohttp

        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            timeout = aiohttp.ClientTimeout(total=self._settings.timeout, connect=min(30.0, self._settings.timeout))
            connector = aiohttp.TCPConnector(limit=self._settings.concurrency, ttl_dns_cache=300)
            session = aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False)
            self._client = loop, session, asyncio.Semaphore(self._settings.concurrency)
        return self._client[1], self._client[2]

    def _clean(self, text: str) -> str:
        """A message without the key, on one line."""
        key = os.environ.get(self._settings.api_key_env)
        return " ".join((text.replace(key, "***") if key else text).split())[:300]


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _message(body: str) -> str:
    """What a server says is wrong, from the usual places of an error body."""
    try:
        told = json.loads(body)
        error = told.get("error", told) if isinstance(told, Mapping) else told
        found = error.get("message", error) if isinstance(error, Mapping) else error
        return found if isinstance(found, str) else json.dumps(found)
    except (ValueError, RecursionError):
        return body[:200]
