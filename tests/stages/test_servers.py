"""Whole stages over HTTP: with a server that fails as servers do, one that goes away, and a real one.

1  with 30 % of all calls failing in every way, every episode is complete or carries a typed problem, and none is lost
2  the episodes are those of a server that never fails
3  a server that is gone stops the run in one line with nothing made of it, and the same command goes on without paying twice
4  the key is in no file of the run directory
5  a real server (`transformers serve`) plays well-formed episodes
6  a whole run through it trains, and the new weights are served in the next iteration
7  its replies are heard while they come, and are those that it gives at once
"""

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")
from aiohttp import web

from mentalarena.config import Config
from mentalarena.errors import TooManyFailures
from mentalarena.loop import run_loop
from mentalarena.models.backends import EMBEDDED, Backends, base_of
from mentalarena.models.base import Message, Reply, Sampling, streamed
from mentalarena.models.scripted import toy_player
from mentalarena.settings import load_config
from mentalarena.stages.play import play
from mentalarena.stages.run import Json, opened
from mentalarena.training.rows import read_episodes
from tests.models.fake_server import FakeServer, completion, serving

PATIENTS = 12


def thinking(body: dict[str, Any], number: int) -> web.StreamResponse:
    """Plays like the scripted model."""
    messages = [Message(m["role"], m["content"]) for m in body["messages"]]
    return web.json_response(completion(toy_player(messages, Sampling(seed=body["seed"]))))


def failing(body: dict[str, Any], number: int) -> web.StreamResponse | None:
    """Fails in 30 % of all calls, in turn in every way that servers have."""
    if random.Random(number).random() > 0.3:
        return thinking(body, number)
    ways = (
        lambda: web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "0.01"}),
        lambda: web.Response(status=500, text="oops"),
        lambda: web.Response(status=503),
        lambda: None,
        lambda: web.Response(body=b'{"choices": [{"mess', content_type="application/json"),
        lambda: web.json_response({"choices": []}),
        lambda: web.Response(body=b"<html>busy</html>", content_type="text/html"),
        lambda: web.json_response(completion(None)),
        lambda: web.json_response(completion("diagnosis: panic dis", "length")),
    )
    return ways[number % len(ways)]()


def settings(url: str, *more: str) -> Config:
    return load_config(
        None,
        [
            "models.all.provider=openai", "models.all.model=m", f"models.all.base_url={url}", "models.all.prompts=compact",
            f"play.patients={PATIENTS}", "models.all.retries=12", "models.all.api_key_env=CANARY_KEY",
            "models.all.backoff=0.001", *more,
        ],
    )  # fmt: skip


def played(config: Config, out: Path) -> Json:
    with opened(config, out) as run:
        return play(run, 0, run.base)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with serving() as server:
        server.respond = thinking
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_KEY", "canary-key-4711")


def test_1_with_30_percent_failing_every_episode_is_complete_or_carries_a_typed_problem(
    fake: FakeServer, tmp_path: Path
) -> None:
    fake.respond = failing
    counts = played(settings(fake.url), tmp_path)
    episodes = read_episodes(tmp_path / "iteration-00" / "episodes.jsonl")
    assert counts["episodes"] == len(episodes) == PATIENTS
    for episode in episodes:
        complete = bool(episode.diagnosis and episode.diagnosis.chosen and episode.trials)
        assert complete or episode.problems
        assert {problem.kind for problem in episode.problems} <= {"unreadable", "inconsistent"}
    assert sum(bool(e.diagnosis and e.diagnosis.chosen) for e in episodes) > PATIENTS / 2
    assert len(fake.asked) > 1.2 * counts["calls"], "it did fail"


def test_2_where_failures_pass_the_episodes_are_those_of_a_server_that_never_fails(
    fake: FakeServer, tmp_path: Path
) -> None:
    played(settings(fake.url), tmp_path / "sound")
    # a cut-off reply is an answer; all others pass
    fake.respond = lambda body, number: failing(body, number) if number % 9 != 8 else thinking(body, number)
    played(settings(fake.url), tmp_path / "failing")
    sound, failed = ((tmp_path / name / "iteration-00" / "episodes.jsonl").read_bytes() for name in ("sound", "failing"))
    assert sound == failed


def test_3_a_server_that_is_gone_stops_the_run_and_the_same_command_goes_on(tmp_path: Path) -> None:
    with serving() as first:
        port = int(first.url.split(":")[2].split("/")[0])
        first.respond = lambda body, number: thinking(body, number) if number < 150 else None
        config = settings(first.url, "models.all.patience=0.2", "models.all.retries=2", "models.all.concurrency=4")
        with pytest.raises(TooManyFailures, match="what was answered is kept"):
            played(config, tmp_path / "run")
    assert not (tmp_path / "run" / "iteration-00" / "episodes.jsonl").exists()
    with serving(port) as again:
        again.respond = thinking
        counts = played(config, tmp_path / "run")
        assert counts["replayed"] >= 140, "what was answered is not asked again"
        assert counts["calls"] == len(again.asked)
        played(config, tmp_path / "whole")
    runs = [(tmp_path / name / "iteration-00" / "episodes.jsonl").read_bytes() for name in ("run", "whole")]
    assert runs[0] == runs[1]


def test_4_the_key_is_in_no_file(fake: FakeServer, tmp_path: Path) -> None:
    fake.respond = lambda body, number: (
        thinking(body, number)
        if not body["messages"][0]["content"].startswith("you are the judge")
        else web.json_response({"error": {"message": "bad request for key canary-key-4711"}}, status=400)
    )
    played(settings(fake.url), tmp_path)
    assert fake.headers[0]["Authorization"] == "Bearer canary-key-4711"
    problems = [p for e in read_episodes(tmp_path / "iteration-00" / "episodes.jsonl") for p in e.problems]
    assert any(problem.kind == "refusal" and "***" in problem.detail for problem in problems)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"canary-key-4711" not in path.read_bytes(), path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def real_server() -> Iterator[str]:
    """`transformers serve` on the embedded checkpoint."""
    pytest.importorskip("transformers")
    pytest.importorskip("fastapi")
    port = free_port()
    program = Path(sys.executable).with_name("transformers")
    command = f"{program} serve --host 127.0.0.1 --port {port} --device cpu".split()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert server.poll() is None
        time.sleep(0.2)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(20)


def test_5_a_real_server_plays_well_formed_episodes(real_server: str, tmp_path: Path) -> None:
    config = settings(real_server, f"models.all.model={EMBEDDED}", "play.patients=2", "models.all.max_tokens=96")
    counts = played(config, tmp_path)
    episodes = read_episodes(tmp_path / "iteration-00" / "episodes.jsonl")
    assert counts["episodes"] == len(episodes) == 2
    assert not [p for e in episodes for p in e.problems if p.kind in ("model_error", "refusal")]
    assert all(len(e.views["patient"]) > 8 for e in episodes)
    assert all(e.usage.prompt_tokens > e.usage.new_tokens > 0 for e in episodes)


def test_6_a_run_through_a_real_server_trains_and_plays_on_with_the_new_weights(real_server: str, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    config = settings(
        real_server, f"models.all.model={EMBEDDED}", f"models.all.weights={EMBEDDED}", "models.all.max_tokens=96",
        "play.patients=6", "play.fresh=false", "arena.decode_rounds=1", "arena.trials=2", "loop.iterations=2", "loop.patience=5",
        "loop.control=none", "training.rehearsal=0", "training.epochs=1", "evaluation.development=2", "evaluation.held_out=2",
        "evaluation.verifier=2", "evaluation.samples=1", "evaluation.resamples=99",
    )  # fmt: skip
    with opened(config, tmp_path) as run:
        summary = run_loop(run)
    names = [iteration["model"] for iteration in summary["iterations"]]
    assert len(set(names)) == 3, "each iteration has weights of its own"
    played = [{e.lineage.models["therapist"] for e in read_episodes(tmp_path / f"iteration-0{n}" / "episodes.jsonl") if e.lineage}
              for n in (0, 1)]  # fmt: skip
    assert played[0] == {str(EMBEDDED)}
    assert played[1] != played[0]
    assert (tmp_path / "iteration-01" / "merged" / "model.safetensors").exists()


def test_7_a_real_server_is_heard_while_it_speaks(real_server: str) -> None:
    config = settings(real_server, f"models.all.model={EMBEDDED}").models.therapist
    backends = Backends()
    model = backends.model(config, base_of(config))
    view = (Message("user", "recommend me a novel about sailors"),)
    sampling = Sampling(temperature=0.0, max_tokens=32)

    async def both() -> tuple[Reply, Reply]:
        return await streamed(model, view, sampling, heard.append), await model.generate(view, sampling)

    heard: list[str] = []
    spoken, at_once = backends.run(both())
    assert spoken == at_once
    assert spoken.usage.prompt_tokens > 0
    assert len(heard) > 5
    assert all(later.startswith(earlier) for earlier, later in pairwise(heard))
    assert heard[-1] == spoken.text
    assert "i only know my small practice clinic" in spoken.text
