"""Engines in processes of their own: same replies, one error for whatever ends, and nobody left behind."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mentalarena.errors import ConfigError, ModelError, ModelRefusal
from mentalarena.models.base import Message, Reply, Sampling

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

from mentalarena.models.local import Engine, LocalModel  # noqa: E402
from mentalarena.models.weights import CPU  # noqa: E402
from mentalarena.models.workers import Worker, WorkerEngine, WorkerPool  # noqa: E402
from tests.models.test_local import SAMPLINGS, WORDS, asked, folder  # noqa: E402, F401


def settings(folder: object) -> dict[str, Any]:  # noqa: F811
    return {"folder": str(folder), "placement": CPU, "name": "tiny", "cache_mb": 16, "max_batch": 8}


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(2)
    yield pool
    pool.close()


@pytest.fixture
def engine(pool: WorkerPool, folder: Path) -> Iterator[WorkerEngine]:  # noqa: F811
    engine = pool.open(settings(folder))
    yield engine
    engine.close()


async def all_replies(engine: Engine | WorkerEngine) -> list[Reply]:
    return await asyncio.gather(*(LocalModel(engine).generate(asked(i), s) for i, s in enumerate(SAMPLINGS)))


def test_workers_reply_and_score_as_an_engine_in_this_process(engine: WorkerEngine, folder: Path) -> None:  # noqa: F811
    here = Engine(**settings(folder))
    assert asyncio.run(all_replies(engine)) == asyncio.run(all_replies(here))
    scores = [asyncio.run(e.score(asked(2), ["i feel sad", "yes"])) for e in (engine, here)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    assert asyncio.run(engine.tokens("i feel sad")) == 3


def test_both_workers_get_views_and_a_view_stays_with_its_worker(engine: WorkerEngine) -> None:
    async def talk(number: int) -> None:
        view = [Message("system", WORDS[number]), Message("user", "hello doctor")]
        for _ in range(3):
            reply = await engine.generate(view, Sampling(temperature=0, max_tokens=4))
            view += [Message("assistant", reply.text), Message("user", "yes it is")]

    async def talks() -> None:
        await asyncio.gather(*(talk(number) for number in range(6)))

    asyncio.run(talks())
    places = list(engine._places.values())
    assert len(places) == 6, "one place a beginning: later turns went nowhere else"
    assert set(places) == {0, 1}


def test_errors_keep_their_kind_across_the_pipe(pool: WorkerPool, engine: WorkerEngine, tmp_path: Path) -> None:
    with pytest.raises(ModelRefusal, match="expected at most 64"):
        asyncio.run(engine.generate((Message("user", "yes " * 60),), Sampling(max_tokens=12)))
    with pytest.raises(ConfigError, match="cannot be loaded"):
        pool.open(settings(tmp_path))


def test_a_worker_that_is_killed_fails_what_it_had_and_another_takes_its_place(folder: Path) -> None:  # noqa: F811
    pool = WorkerPool(1)
    engine = pool.open(settings(folder))
    before = asyncio.run(all_replies(engine))

    async def killed() -> list[Any]:
        work = asyncio.gather(
            *(engine.generate(asked(i), Sampling(max_tokens=50, seed=i)) for i in range(30)), return_exceptions=True
        )
        await asyncio.sleep(0)  # all have asked
        os.kill(pool.workers[0].pid, signal.SIGKILL)
        return await work

    found = asyncio.run(killed())
    assert all(isinstance(f, (Reply, ModelError)) for f in found)
    assert any(isinstance(f, ModelError) and "ended with -9" in str(f) for f in found)
    assert asyncio.run(all_replies(engine)) == before
    pool.close()


def test_workers_end_with_the_process_that_asks_them() -> None:
    code = "import sys\nfrom mentalarena.models.workers import Worker\nprint(Worker().pid, flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert select.select([worker], [], [], 60)[0], "the worker is still there a minute after its parent was killed"
    os.close(worker)


def test_half_a_line_of_a_killed_worker_fails_what_waits_and_hangs_nobody(tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    torn.write_text('#!/bin/sh\nread line\nprintf \'{"id": 0, "res\'\nkill -9 $$\n')
    torn.chmod(0o755)
    worker = Worker(command=[str(torn)])
    with pytest.raises(ModelError, match="an engine worker ended with -9"):
        worker.ask("open").result(timeout=60)
    assert worker.ended
    worker.close()


def test_a_worker_that_ends_between_two_engines_is_made_anew(folder: Path) -> None:  # noqa: F811
    pool = WorkerPool(2)
    pool.open(settings(folder)).close()
    os.kill(pool.workers[1].pid, signal.SIGKILL)
    pool.workers[1].wait()
    engine = pool.open(settings(folder))
    assert len(asyncio.run(all_replies(engine))) == len(SAMPLINGS)
    pool.close()
