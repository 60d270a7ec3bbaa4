"""How long does a person wait for a page with ten thousand episodes behind it, and for an answer when fifty practise at once?

    python benchmarks/app.py [EPISODES] [SESSIONS]

Pages are looked at with Debian's Chromium, which works on the same cores as the server; a new visitor has nothing in the
browser's cache. Printed: milliseconds from asking for a page to what it is for being visible, middle and worst of 20 (of 1 where
something happens once). The start of the server is told apart. Sessions are socket.io clients that speak the pages' protocol
(app_clients.py), with the scripted model as the patient; all say their next line as soon as they are answered. Printed: time
until an answer stands on the page, the server's CPU time and memory, and whether each session has its own lines and no other's.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from app_clients import all_at_once
from episodes import make

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EPISODES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
SESSIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 50
TIMES, TURNS = 20, 10
CHROMIUM = os.environ.get("MENTALARENA_CHROMIUM", "/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


class Server:
    """A server of the app in a process of its own."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.base, self.seconds, self._stat = f"http://127.0.0.1:{port}", seconds, Path(f"/proc/{process.pid}")

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        told = (self._stat / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, which: str = "VmRSS") -> float:
        """MB that are resident now (VmRSS), or were at most (VmHWM)."""
        line = next(line for line in (self._stat / "status").read_text().splitlines() if line.startswith(which))
        return int(line.split()[1]) / 1000


@contextmanager
def served(runs: Path, sessions: Path, *more: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from mentalarena.cli import main; main()", "app", str(runs), "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--sessions", str(sessions), *more], stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/practice/none/session.md").close()
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.02)
        yield Server(port, process, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait()


def row(what: str, seconds: list[float]) -> None:
    middle, worst = 1000 * statistics.median(seconds), 1000 * max(seconds)
    print(f"{what:64}{middle:9.0f}{worst:9.0f}{len(seconds):6}")


def shown(page: Page, address: str, what: str) -> float:
    """Seconds until a page shows what it is for."""
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(what)
    return time.perf_counter() - started


def anew(browser: Browser, address: str, what: str) -> float:
    """The same for a new visitor."""
    context = browser.new_context()
    try:
        return shown(context.new_page(), address, what)
    finally:
        context.close()


def chosen(page: Page, label: str, option: str, total: str) -> float:
    page.get_by_role("combobox", name=label).click()
    entry = page.get_by_role("option", name=option, exact=True)
    entry.wait_for()
    started = time.perf_counter()
    entry.click()
    page.wait_for_selector(f"[role=status]:has-text('{total}')")
    return time.perf_counter() - started


def searched(page: Page, text: str) -> float:
    page.wait_for_selector("[role=status]")
    before = page.locator("[role=status]").get_attribute("id")
    started = time.perf_counter()
    page.get_by_label("search", exact=True).fill(text)
    page.wait_for_selector(f"[role=status]:not(#{before})")
    return time.perf_counter() - started


def pages(out: Path, folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    ids = [json.loads(line)["id"] for line in (out / "iteration-00" / "episodes.jsonl").open()]
    rng, run = random.Random(0), f"/runs/{out.name}"
    some = rng.sample(ids, 3 * TIMES)
    row_shown, table, talk = "text=All runs", "tbody tr", "text=The decoder, round by round"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        anew(browser, "about:blank", "body")
        with served(out.parent, folder / "sessions") as server:
            print(f"start of the server: {server.seconds:.1f} s\n{'':64}{'middle':>9}{'worst':>9}{'of':>6}   (ms)")
            row("first page, the first that is asked for", [anew(browser, server.base, row_shown)])
            row(
                "episode by its link, no index yet, new visitor",
                [anew(browser, f"{server.base}{run}/episodes/main/{some[0]}", talk)],
            )
            page = browser.new_context().new_page()
            page.goto(server.base)
            row("episode by its link, no index yet, same visitor",
                [shown(page, f"{server.base}{run}/episodes/main/{id}", talk) for id in some[:TIMES]])  # fmt: skip
            row(
                "table of episodes, the first time (the index is made)",
                [shown(page, f"{server.base}{run}/episodes", table)],
            )
            row("table of episodes, later", [shown(page, f"{server.base}{run}/episodes", table) for _ in range(TIMES)])
            row("first page, new visitor", [anew(browser, server.base, row_shown) for _ in range(TIMES)])
            row("first page, same visitor", [shown(page, server.base, row_shown) for _ in range(TIMES)])
            row("a run's page, same visitor", [shown(page, f"{server.base}{run}", "text=State:") for _ in range(TIMES)])
            row("episode by its link, warm index, new visitor",
                [anew(browser, f"{server.base}{run}/episodes/main/{id}", talk) for id in some[TIMES : 2 * TIMES]])  # fmt: skip
            row("episode by its link, warm index, same visitor",
                [shown(page, f"{server.base}{run}/episodes/main/{id}", talk) for id in some[2 * TIMES :]])  # fmt: skip
            shown(page, f"{server.base}{run}/episodes", table)
            wrong, every = [], []
            for _ in range(TIMES // 2):
                wrong.append(chosen(page, "diagnosis is", "none", f"0 of {EPISODES}"))
                every.append(chosen(page, "diagnosis is", "any", f"{EPISODES} of {EPISODES}"))
            row("filter", [*wrong, *every])
            later = []
            for number in range(2, min(TIMES, EPISODES // 50) + 1):
                started = time.perf_counter()
                page.get_by_role("button", name="Later").click()
                page.wait_for_selector(f"text=page {number} of")
                later.append(time.perf_counter() - started)
            row("next page of the table", later)
            row(
                "search in ids and names (300 ms of it: waiting for more letters)",
                [searched(page, id[-6:]) for id in some[:TIMES]],
            )
            page.get_by_role("checkbox", name="in what was said").click()
            page.wait_for_url("**said=yes**")
            words = ["petrol", "divorce", "sister", "garden", "nightmares", "coffee", "winter", "doctor", "music", "letter"]
            row("search in what was said (of it 300 ms too)", [searched(page, word) for word in words])
            print(f"server: {server.cpu():.1f} s of CPU, {server.memory():.0f} MB")
        with served(out.parent, folder / "sessions") as server:
            first = [anew(browser, f"{server.base}{run}/episodes/main/{some[1]}", talk)]
            row("episode by its link, a server that has answered nothing", first)
        browser.close()


def sessions(folder: Path) -> None:
    with served(folder, folder / "sessions", "--set", "models.all.provider=scripted") as server:
        asyncio.run(all_at_once(server.base, 1, 1))
        before, memory = server.cpu(), server.memory()
        started = time.perf_counter()
        talked = asyncio.run(all_at_once(server.base, SESSIONS, TURNS))
        wall = time.perf_counter() - started
        own = 0
        for one in talked:
            kept = json.loads((folder / "sessions" / f"{one.session}.json").read_text())["lines"]
            lines, speakers = [text for _, text in kept], [who for who, _ in kept]
            own += lines[2::2] == one.asked and lines == one.said and speakers == ["therapist", "patient"] * (TURNS + 1)
        answers = sorted(seconds for one in talked for seconds in one.seconds)
        spread = {
            who: answers[min(int(share * len(answers)), len(answers) - 1)]
            for who, share in (("middle", 0.5), ("95 %", 0.95))
        }
        used = server.cpu() - before
        print(
            f"\n{SESSIONS} sessions at once, {TURNS} turns each: {wall:.1f} s, {len(answers) / wall:.0f} answers a second"
        )
        print(f"until an answer stands: middle {1000 * spread['middle']:.0f} ms, 95 % {1000 * spread['95 %']:.0f} ms, "
              f"worst {1000 * answers[-1]:.0f} ms")  # fmt: skip
        print(f"from the first page to the talk: middle {statistics.median(one.begun for one in talked):.2f} s, "
              f"worst {max(one.begun for one in talked):.2f} s")  # fmt: skip
        print(f"server: {1000 * used / len(answers):.1f} ms of CPU an answer ({used:.1f} s), {memory:.0f} MB before, "
              f"{server.memory('VmHWM'):.0f} MB at most")  # fmt: skip
        print(f"sessions whose every line is answered and their own: {own} of {len(talked)}")
        assert own == len({one.session for one in talked}) == SESSIONS


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        sessions(folder)
        out = folder / "runs" / "many"
        file = make(out, EPISODES)
        print(f"\n{EPISODES} episodes, {file.stat().st_size / 1e6:.0f} MB")
        pages(out, folder)


if __name__ == "__main__":
    main()
