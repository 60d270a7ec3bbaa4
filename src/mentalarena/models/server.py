"""Models behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama, `transformers serve`, OpenAI itself).

The server batches; here are a concurrency limit and the client's own retries. The key comes from the environment
(`OPENAI_API_KEY`) and is never written anywhere; a local server without one needs none.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Message, Reply, Sampling, Usage


class ServerModel:
    """A `ChatModel`. `base_url` ends in `/v1`; empty means OpenAI's own."""

    def __init__(self, model: str, base_url: str = "", concurrency: int = 32, timeout: float = 120.0) -> None:
        self._model = model
        self._base_url = base_url or None
        self._timeout = timeout
        self._concurrency = concurrency
        self._clients: dict[int, tuple[Any, asyncio.Semaphore]] = {}

    @property
    def name(self) -> str:
        return self._model

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One reply. Raises `ModelRefusal` where the server refuses the request (status 400), `ModelError` where it does
        not answer, or with no text."""
        from openai import BadRequestError

        try:
            client, slots = self._client()
            async with slots:
                answer = await client.chat.completions.create(
                    model=self._model,
                    messages=[m.as_dict() for m in messages],
                    temperature=sampling.temperature,
                    top_p=sampling.top_p,
                    max_tokens=sampling.max_tokens,
                    seed=sampling.seed,
                    **({"stop": list(sampling.stop)} if sampling.stop else {}),
                )
            choice, used = answer.choices[0], answer.usage
            text = choice.message.content
        except BadRequestError as error:
            raise ModelRefusal(f"{self._model}: {str(error)[:300]}") from None
        except Exception as error:  # what a server sends is hostile input: torn JSON, missing fields, half a URL
            raise ModelError(f"{self._model}: no chat completion ({type(error).__name__}: {str(error)[:300]})") from None
        if not isinstance(text, str):
            raise ModelError(f"{self._model}: the server answered without text; expected a chat completion")
        read, written = (getattr(used, name, None) or 0 for name in ("prompt_tokens", "completion_tokens"))
        return Reply(text.strip(), choice.finish_reason or "stop", Usage(read, written, 1), self._model)

    def _client(self) -> tuple[Any, asyncio.Semaphore]:
        """One client an event loop: connections belong to the loop that opened them."""
        from openai import AsyncOpenAI

        loop = id(asyncio.get_running_loop())
        if loop not in self._clients:
            key = os.environ.get("OPENAI_API_KEY", "none" if self._base_url else "")
            client = AsyncOpenAI(base_url=self._base_url, api_key=key, timeout=self._timeout, max_retries=3)
            self._clients = {loop: (client, asyncio.Semaphore(self._concurrency))}
        return self._clients[loop]
