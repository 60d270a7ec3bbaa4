"""Ray plays the shards: what it makes is what one process makes, whoever is lost on the way.

1  two nodes, one of them killed in the middle: the same episodes, and nothing asked twice but what was in flight
2  a run that was killed with one worker goes on with four
3  every shard has its turn, and errors of users are one line
4  Ray is imported when it is asked for, and its absence is told with the command that installs it
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")
from aiohttp import web

from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import toy_player
from mentalarena.runs.directory import locked
from mentalarena.runs.journal import Journal
from mentalarena.runs.shards import JOURNAL
from tests.models.fake_server import FakeServer, completion, serving

CLI = "from mentalarena.cli import main; main()"
REQUESTS = 4
"""At once, of one worker."""
STILL = 10.0
"""Seconds of latency in which nobody gets on, so that who is killed meanwhile is killed in the middle."""


Process = subprocess.Popen[str]


@contextmanager
def playing(out: Path, *more: str, code: str = CLI) -> Iterator[Process]:
    """The command in a process that is gone afterwards."""
    settings = ["play.patients=10", "play.concurrency=4", "cluster.shards=5", "cluster.cpus=1", *more]
    words = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-c", code, "play", "--out", str(out), "--quiet", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def ended(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def play(out: Path, *more: str, code: str = CLI) -> tuple[int, str, str]:
    """Exit code, output and messages of the command."""
    with playing(out, *more, code=code) as process:
        return ended(process)


@contextmanager
def two_nodes() -> Iterator[tuple[str, Process]]:
    """The address of a Ray cluster of two nodes with a core each, and the process that kills the second at a line of input."""
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # loopback, as in runs/cluster.py
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", NODES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **quiet},
    ) as nodes:
        assert nodes.stdout
        try:
            yield nodes.stdout.readline().strip(), nodes
        finally:
            nodes.communicate("\n\n", timeout=60)


NODES = """
import contextlib, os, signal, subprocess
from ray.cluster_utils import Cluster
told = {"node_ip_address": "127.0.0.1", "num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 << 20}
soon = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
cluster = Cluster(initialize_head=True, head_node_args={**told, "_system_config": soon})
second = cluster.add_node(**told)
print(cluster.address, flush=True)
input()
(raylet,) = (told.process.pid for told in second.all_processes["raylet"])
table = [line.split() for line in subprocess.check_output(["ps", "-axo", "pid=,ppid="], text=True).splitlines()]
cluster.remove_node(second, allow_graceful=False)
for pid in (int(pid) for pid, parent in table if int(parent) == raylet):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
print("killed", flush=True)
input()
cluster.shutdown()
"""


def thinking(body: dict[str, Any], number: int) -> web.StreamResponse:
    messages = [Message(m["role"], m["content"]) for m in body["messages"]]
    return web.json_response(completion(toy_player(messages, Sampling(seed=body["seed"]))))


def through(fake: FakeServer) -> list[str]:
    server = {"provider": "openai", "model": "m", "base_url": fake.url, "prompts": "compact", "concurrency": REQUESTS}
    return [f"models.all.{key}={value}" for key, value in server.items()]


def episodes(out: Path) -> bytes:
    return (out / "iteration-00" / "episodes.jsonl").read_bytes()


def answers(out: Path) -> dict[str, int]:
    """How many replies each shard's journal holds."""
    found = {}
    for path in out.glob(f"arms/main/iteration-00/shards/*/{JOURNAL}"):
        journal = Journal(path)
        found[path.parent.name] = sum(usage.calls for _, usage in journal.spent())
        journal.close()
    return found


def played(out: Path) -> set[str]:
    """The shards that are done."""
    return {path.parent.name for path in out.glob("arms/main/iteration-00/shards/*/play.json")}


def replayed(out: Path) -> list[int]:
    """How many replies each shard that is done found in its journal."""
    files = out.glob("arms/main/iteration-00/shards/*/play.json")
    return [json.loads(path.read_text())["output"]["replayed"] for path in files]


def wait_until(true: Callable[[], object], process: Process) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with serving() as server:
        server.respond = thinking
        yield server


@contextmanager
def slowed(fake: FakeServer) -> Iterator[None]:
    """So that a play has a middle."""
    fake.latency = 0.05
    try:
        yield
    finally:
        fake.latency = 0.0


@pytest.fixture(scope="module")
def whole(fake: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int]:
    """The episodes that one process makes, and how many requests it needs."""
    out, before = tmp_path_factory.mktemp("whole") / "run", len(fake.asked)
    code, _, err = play(out, *through(fake))
    assert code == 0, err
    return episodes(out), len(fake.asked) - before


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps to find the workers of a node")
def test_1_a_node_that_is_killed_in_the_middle_changes_nothing(
    fake: FakeServer, whole: tuple[bytes, int], tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    out, before = tmp_path / "run", len(fake.asked)
    with two_nodes() as (address, nodes), slowed(fake), playing(out, *through(fake), f"cluster.ray={address}") as driver:
        wait_until(lambda: len([n for n in answers(out).values() if n >= 20]) >= 2, driver)
        fake.latency = STILL
        assert not played(out), "each node has a core: both are in the middle of a shard"
        assert nodes.stdin
        assert nodes.stdout
        nodes.stdin.write("\n")
        nodes.stdin.flush()
        assert nodes.stdout.readline() == "killed\n"
        fake.latency = 0.0
        code, _, err = ended(driver)
    assert code == 0, err
    assert episodes(out) == whole[0]
    twice = len(fake.asked) - before - whole[1]
    assert 0 <= twice <= 2 * REQUESTS, "in flight, or answered and not yet written, at most"
    assert len(replayed(out)) == 5
    assert len([n for n in replayed(out) if n >= 20]) == 1, "one shard was taken over by the other node"


def test_2_a_run_that_was_killed_with_one_worker_goes_on_with_four(
    fake: FakeServer, whole: tuple[bytes, int], tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    out, before = tmp_path / "run", len(fake.asked)
    with slowed(fake), playing(out, *through(fake), "cluster.ray=local", "cluster.workers=1") as driver:
        wait_until(
            lambda: [n for shard, n in answers(out).items() if n >= 20 and played(out) and shard not in played(out)], driver
        )
        fake.latency = STILL
        driver.send_signal(signal.SIGKILL)
        driver.wait(60)
        for shard in out.glob("arms/main/iteration-00/shards/*"):
            with locked(shard / ".lock", "the worker lives on", wait=30):
                assert shard.is_dir()
    assert 0 < len(played(out)) < 5
    code, _, err = play(out, *through(fake), "cluster.ray=local", "cluster.workers=4")
    assert code == 0, err
    assert episodes(out) == whole[0]
    assert 0 <= len(fake.asked) - before - whole[1] <= 2 * REQUESTS
    assert len([n for n in replayed(out) if n >= 20]) == 1, "the shard that was being played was gone on with"
    changes = json.loads((out / "changes.jsonl").read_text())
    assert changes == {"cluster.workers": [1, 4]}


def test_3_every_shard_has_its_turn_and_errors_are_one_line(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    out, scripted = tmp_path / "run", ("models.all.provider=scripted", "cluster.ray=local", "cluster.workers=2")
    code, _, err = play(out, *scripted, "budget.calls=100")
    assert code == 2
    assert "shard 0/5 (and 4 more): budget.calls: " in err
    assert "of 20 (the share of one of 5 shards) spent" in err
    assert err.count("\n") == 1
    assert all(20 <= count <= 20 + 4 * 5 for count in answers(out).values()), (
        "four episodes at once, five probes each at most"
    )
    assert len(answers(out)) == 5
    code, told, err = play(out, *scripted)
    assert code == 0, err
    assert "episodes 10, problems 0" in told


def test_3_a_cluster_that_is_not_there_and_two_launchers_are_one_line(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    code, _, err = play(tmp_path / "run", "models.all.provider=scripted", "cluster.ray=127.0.0.1:9")
    assert code == 2
    assert "cluster.ray: '127.0.0.1:9': " in err
    assert err.count("\n") == 1
    both = [sys.executable, "-c", CLI, "play", "--out", str(tmp_path / "both"), "--shard", "0/2", "--ray", "local"]
    result = subprocess.run(both, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 2
    assert "--shard 0/2 --ray local: expected one of them" in result.stderr


def test_4_without_ray_installed_the_command_that_installs_it_is_told(tmp_path: Path) -> None:
    hidden = f"import sys; sys.modules['ray'] = None; {CLI}"
    code, _, err = play(tmp_path / "run", "models.all.provider=scripted", "cluster.ray=local", code=hidden)
    assert code == 2
    assert "cluster.ray needs ray; install it with: pip install 'mentalarena[ray]'" in err
    assert err.count("\n") == 1
    code, _, err = play(tmp_path / "run", "models.all.provider=scripted", code=hidden)
    assert code == 0, "nobody needs it otherwise"


def test_4_ray_is_not_imported_by_a_play_that_does_not_ask_for_it(tmp_path: Path) -> None:
    told = f"import atexit, sys; atexit.register(lambda: print('ray' in sys.modules)); {CLI}"
    code, out, _ = play(tmp_path / "run", "models.all.provider=scripted", code=told)
    assert (code, out.splitlines()[-1]) == (0, "False")
