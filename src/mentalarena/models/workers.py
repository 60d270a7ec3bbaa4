"""Engines in processes of their own: a small model on several cores plays faster in processes of one thread than in one process
with several. A view goes to the worker that holds its beginning, so that prompts are computed once; new views go where the fewest
requests wait. Requests and replies are JSON lines over pipes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

from mentalarena.errors import ModelError
from mentalarena.models.base import Heard, Message, Reply, Sampling, Usage
from mentalarena.models.telling import Hearing
from mentalarena.models.worker import TOLD

VIEWS = 1 << 16
"""Views whose worker is remembered."""
RESTARTS = 3
"""Times that a worker may end by itself before its requests fail for good."""


COMMAND = (sys.executable, "-m", "mentalarena.models.worker")


class Worker:
    """One process. It may end at any time (memory, a signal): what it had not answered then fails with `ModelError`."""

    def __init__(self, threads: int = 1, command: Sequence[str] = COMMAND) -> None:
        self._log = TemporaryFile()  # noqa: SIM115  (closed by `close`)
        quiet = {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error"}
        self._process = subprocess.Popen(  # noqa: S603  (our own module, in our own interpreter)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **quiet},
            process_group=0,  # Ctrl-C is for the run: its replies on the way are still journaled
        )
        self._lock, self._numbers = threading.Lock(), itertools.count()
        self._asked: dict[int, Future[Any]] = {}
        self._heard: dict[int, Heard] = {}
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def waiting(self) -> int:
        """Requests without an answer."""
        return len(self._asked)

    @property
    def ended(self) -> bool:
        return self._ended

    def ask(self, do: str, heard: Heard | None = None, **told: Any) -> Future[Any]:
        """The answer to come. `heard` takes what is told before it, in a thread of this worker."""
        future: Future[Any] = Future()
        with self._lock:
            number = next(self._numbers)
            self._asked[number] = future
            if heard:
                self._heard[number] = heard
                told["heard"] = True
                future.add_done_callback(lambda _: self._heard.pop(number, None))
            try:
                if self._ended or self._process.stdin is None:
                    raise BrokenPipeError
                self._process.stdin.write(json.dumps({"id": number, "do": do, **told}).encode() + b"\n")
                self._process.stdin.flush()
            except OSError:
                self._asked.pop(number, None)
                future.set_exception(ModelError("an engine worker has ended; expected it to answer"))
        return future

    def wait(self) -> None:
        """Until it has ended and all who asked have heard."""
        self._reader.join()

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was not yet written has nobody to read it
                cast(IO[bytes], pipe).close()
        self._log.close()

    def _read(self) -> None:
        try:
            for line in cast(IO[bytes], self._process.stdout):
                told = json.loads(line)
                if "said" in told:
                    if heard := self._heard.get(told["id"]):  # else who asked has gone
                        heard(told["said"])
                    continue
                future = self._asked.pop(told["id"])
                if future.set_running_or_notify_cancel():
                    if "error" in told:
                        future.set_exception(TOLD[told["error"]](told["message"]))
                    else:
                        future.set_result(told["result"])
        except (ValueError, KeyError):
            self._process.kill()  # half a line: it was killed while it wrote
        code = self._process.wait()
        with self._lock:
            self._ended = True
            left = [self._asked.pop(number) for number in list(self._asked)]
        for future in left:
            if future.set_running_or_notify_cancel():
                future.set_exception(
                    ModelError(f"an engine worker ended with {code} ({self._last_words()}); expected it to answer")
                )

    def _last_words(self) -> str:
        try:
            self._log.seek(0, os.SEEK_END)
            self._log.seek(max(self._log.tell() - 2000, 0))
            lines = self._log.read().decode("utf-8", "replace").split("\n")
        except ValueError:  # closed
            return "closed"
        return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "no message")


class WorkerPool:
    """Processes that engines are opened in."""

    def __init__(self, count: int, threads: int = 1) -> None:
        self._threads = threads
        self.workers = [Worker(threads) for _ in range(count)]
        self._left = RESTARTS * count
        self.engines: dict[int, dict[str, Any]] = {}
        self._numbers = itertools.count()

    def open(self, settings: dict[str, Any], adapter: Path | None = None) -> WorkerEngine:
        """An engine of which each worker has a copy: `settings` are `local.Engine`'s. Raises `ConfigError` as that does."""
        number = next(self._numbers)
        settings = {**settings, "placement": asdict(settings["placement"])}
        told: dict[str, Any] = {
            "engine": number,
            "settings": settings,
            "adapter": str(adapter) if adapter else "",
            "attached": [],
        }
        workers = self.running()
        self.engines[number] = told
        try:
            asked = [worker.ask("open", **told) for worker in workers]
            names = [future.result() for future in asked]
        except BaseException:
            self.shut(number)
            raise
        return WorkerEngine(self, number, str(names[0]))

    def running(self) -> list[Worker]:
        """All workers, those that had ended made anew."""
        return [self.alive(place) for place in range(len(self.workers))]

    def shut(self, number: int) -> None:
        """Close an engine wherever it is."""
        self.engines.pop(number, None)
        for future in [worker.ask("close", engine=number) for worker in self.workers if not worker.ended]:
            future.exception()

    def alive(self, place: int) -> Worker:
        """A worker that runs, with all engines in it. Raises `ModelError` when it has ended too often."""
        worker = self.workers[place]
        if worker.ended:
            if not self._left:
                raise ModelError(f"an engine worker ended for the {RESTARTS * len(self.workers) + 1}th time")
            self._left -= 1
            worker.close()
            worker = self.workers[place] = Worker(self._threads)
            for told in self.engines.values():
                worker.ask("open", **told)  # answered in order, before what is asked next
        return worker

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


class WorkerEngine:
    """An engine in a pool's processes: what `local.LocalModel` needs of one."""

    def __init__(self, pool: WorkerPool, number: int, name: str) -> None:
        self._pool, self._number, self.name = pool, number, name
        self._places: OrderedDict[bytes, int] = OrderedDict()

    async def generate(
        self, messages: Sequence[Message], sampling: Sampling, adapter: str = "", heard: Heard | None = None
    ) -> Reply:
        told = await self._ask(messages, "generate", heard, sampling=sampling.as_dict(), adapter=adapter)
        return Reply(told["text"], told["finish_reason"], Usage(**told["usage"]), told["model"])

    async def score(
        self, messages: Sequence[Message], answers: Sequence[str], adapter: str = "", ended: bool = True
    ) -> list[float]:
        told: dict[str, Any] = {"answers": list(answers), "adapter": adapter, "ended": ended}
        return [float(s) for s in await self._ask(messages, "score", **told)]

    async def tokens(self, text: str) -> int:
        worker = self._pool.alive(0)
        return int(await asyncio.wrap_future(worker.ask("tokens", engine=self._number, text=text)))

    def attached(self, adapter: Path) -> str:
        told: dict[str, Any] = {"engine": self._number, "path": str(adapter)}
        names = [f.result() for f in [worker.ask("attached", **told) for worker in self._pool.running()]]
        self._pool.engines[self._number]["attached"].append(str(adapter))  # for a worker that takes another's place
        return str(names[0])

    @property
    def prefilled(self) -> int:
        """Prompt tokens that all workers have computed."""
        asked = [worker.ask("prefilled", engine=self._number) for worker in self._pool.running()]
        return sum(int(future.result()) for future in asked)

    def close(self) -> None:
        self._pool.shut(self._number)

    async def _ask(self, messages: Sequence[Message], do: str, heard: Heard | None = None, **told: Any) -> Any:
        worker = self._pool.alive(self._place(messages))
        turns = [(m.role, m.content) for m in messages]
        hearing = Hearing(heard) if heard else None
        asked = worker.ask(do, hearing.say if hearing else None, engine=self._number, messages=turns, **told)
        answer = asyncio.wrap_future(asked)
        return await (hearing.until(answer) if hearing else answer)

    def _place(self, messages: Sequence[Message]) -> int:
        beginning = "\x1e".join(f"{m.role}\x1f{m.content}" for m in messages[:2]).encode()
        view = hashlib.blake2b(beginning, digest_size=16).digest()
        place = self._places.get(view)
        if place is None:
            waiting = [worker.waiting for worker in self._pool.workers]
            place = self._places[view] = waiting.index(min(waiting))
            if len(self._places) > VIEWS:
                self._places.popitem(last=False)
        else:
            self._places.move_to_end(view)
        return place
