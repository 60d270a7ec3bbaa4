"""An engine worker: `python -m mentalarena.models.worker` holds engines and answers JSON lines on standard input with JSON lines
on standard output. workers.py is its other end. It ends when its input does, so it does not outlive a killed run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from mentalarena.errors import ConfigError, DataError, MentalArenaError, ModelError, ModelRefusal
from mentalarena.models.base import Message, Sampling

TOLD = {kind.__name__: kind for kind in (ConfigError, DataError, ModelRefusal, ModelError)}
"""Errors that cross the pipe by name."""


class _Host:
    """Engines by number, and what they have answered since the output was last written."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        self._engines: dict[int, Any] = {}
        self._answers: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, line: bytes) -> None:
        task = asyncio.ensure_future(self._answer(json.loads(line)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, asked: dict[str, Any]) -> None:
        try:
            told: dict[str, Any] = {"result": await self._result(asked)}
        except MentalArenaError as error:
            kind = type(error).__name__
            told = {"error": kind if kind in TOLD else "ModelError", "message": str(error)}
        except Exception as error:  # whatever an engine may raise is the caller's to know, and no reason to end
            told = {"error": "ModelError", "message": f"{type(error).__name__}: {error}"}
        self._tell(asked, told)

    def _tell(self, asked: dict[str, Any], told: dict[str, Any]) -> None:
        if not self._answers:  # what is answered in one turn of the loop is written at once
            asyncio.get_running_loop().call_soon(self._write)
        self._answers.append(json.dumps({"id": asked["id"], **told}).encode() + b"\n")

    def _write(self) -> None:
        self._output.write(b"".join(self._answers))
        self._output.flush()
        self._answers.clear()

    async def _result(self, asked: dict[str, Any]) -> Any:
        if asked["do"] == "open":
            return self._open(asked)
        if asked["do"] == "close" and asked["engine"] not in self._engines:
            return None  # it could not be opened here
        engine = self._engines[asked["engine"]]
        messages = [Message(*m) for m in asked.get("messages", ())]
        match asked["do"]:
            case "generate":
                sampling = Sampling(**{**asked["sampling"], "stop": tuple(asked["sampling"]["stop"])})
                heard = (lambda text: self._tell(asked, {"said": text})) if asked.get("heard") else None
                return asdict(await engine.generate(messages, sampling, asked["adapter"], heard))
            case "score":
                return await engine.score(messages, asked["answers"], asked["adapter"], asked["ended"])
            case "tokens":
                return await engine.tokens(asked["text"])
            case "attached":
                return engine.attached(Path(asked["path"]))
            case "prefilled":
                return engine.prefilled
            case "close":
                self._engines.pop(asked["engine"]).close()
                return None
        raise ModelError(f"engine worker: {asked['do']!r} is nothing that it does")

    def _open(self, asked: dict[str, Any]) -> str:
        from mentalarena.models.local import Engine
        from mentalarena.models.weights import Placement

        adapter = Path(asked["adapter"]) if asked["adapter"] else None
        engine = Engine(**{**asked["settings"], "placement": Placement(**asked["settings"]["placement"])}, adapter=adapter)
        for attached in asked["attached"]:
            engine.attached(Path(attached))
        self._engines[asked["engine"]] = engine
        return engine.name


async def _serve(output: IO[bytes]) -> None:
    loop, host, ended = asyncio.get_running_loop(), _Host(output), asyncio.Event()

    def read() -> None:  # always draining: whoever asks must not wait for a batch to write
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(host.take, line)
        os._exit(0)  # nobody is left to answer, in the middle of a batch too

    threading.Thread(target=read, daemon=True).start()
    await ended.wait()


def main() -> None:
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not come between the lines
    asyncio.run(_serve(output))


if __name__ == "__main__":
    main()
