"""A small finished run, a server of it, and a browser: each made once, and only where a test wants it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.serving import CHROMIUM, FLAGS, Served, Visits, command, served

if TYPE_CHECKING:  # playwright may be missing where the rest is tested
    from playwright.sync_api import Browser

EPISODES = 60
SMALL = (
    *("--quiet", "--set", "models.all.provider=scripted", "--set", f"play.patients={EPISODES}"),
    *("--set", "loop.iterations=0", "--set", "evaluation.development=6", "--set", "evaluation.held_out=12"),
    *("--set", "evaluation.verifier=6", "--set", "evaluation.resamples=199"),
)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with episodes, held-out results and a report. Two episodes are made to fail."""
    out = tmp_path_factory.mktemp("runs") / "small"
    command("play", "--out", str(out), *SMALL)
    command("run", "--out", str(out), *SMALL)
    file = out / "iteration-00" / "episodes.jsonl"
    records: list[dict[str, Any]] = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    records[3]["problems"] = [{"step": "trial", "role": "judge", "kind": "unreadable", "detail": "no score in 'well'"}]
    records[5]["diagnosis"] = None
    file.write_text("".join(json.dumps(record, sort_keys=True) + "\n" for record in records), "utf-8")
    return out


@pytest.fixture(scope="module")
def app(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of the small run, offline."""
    with served(tmp_path_factory.mktemp("app"), [finished.parent]) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium, until the module's tests are done: as long as it is there, no other event loop can be had."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield found
        found.close()


@pytest.fixture
def visits(browser: "Browser") -> Iterator[Visits]:
    """Visitors whose pages must not call anybody, fail, or run a text."""
    found = Visits(browser)
    yield found
    found.leave()


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where pictures of pages go."""
    folder = Path(os.environ.get("MENTALARENA_SCREENSHOTS", "build/screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
