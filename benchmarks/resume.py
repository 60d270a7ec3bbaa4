"""Killed again and again: does a run with the embedded model end where an uninterrupted one ends?

    python benchmarks/resume.py [--kills 20] [--patients 24]

Plays the same patients twice: once undisturbed, once killed (SIGKILL) at random moments and started again. Printed: how many
of the journaled replies the last start used again, how many replies to equal requests are equal, and how many places of the
two journals hold the same request. Floating-point ties may turn a token where batches differ; a turned reply changes the
requests that follow it, which then no longer compare.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

Replies = dict[tuple[str, str, int], tuple[str, str]]
"""By (patient, scope, position): request digest and reply text."""


def command(out: Path, patients: int) -> list[str]:
    code = "from mentalarena.cli import main; main()"
    return [sys.executable, "-c", code, "play", "--out", str(out), "--patients", str(patients), "--json"]


def journal(out: Path) -> Replies:
    path = out / "journal.sqlite"
    if not path.exists():
        return {}
    with sqlite3.connect(path) as db:
        try:
            rows = db.execute(
                "SELECT item, scope, position, digest, reply FROM replies JOIN answers USING (digest)"
            ).fetchall()
        except sqlite3.OperationalError:  # killed before the tables were made
            return {}
    return {(item, scope, position): (digest, json.loads(reply)["text"]) for item, scope, position, digest, reply in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--patients", type=int, default=24)
    args = parser.parse_args()
    rng = random.Random(0)
    with TemporaryDirectory() as folder:
        whole, torn = Path(folder) / "whole", Path(folder) / "torn"
        started = time.monotonic()
        subprocess.run(command(whole, args.patients), check=True, capture_output=True)  # noqa: S603
        seconds = time.monotonic() - started
        killed = lost = 0
        while killed < args.kills:
            before = journal(torn)
            process = subprocess.Popen(command(torn, args.patients), stdout=subprocess.DEVNULL)  # noqa: S603
            try:
                process.wait(timeout=rng.uniform(0.3, 0.6) * seconds)
                break  # it came to its end
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
                after = journal(torn)
                lost += sum(after.get(place) != reply for place, reply in before.items())
        known = len(journal(torn))
        (torn / "arms" / "main" / "iteration-00" / "play.json").unlink(missing_ok=True)
        last = subprocess.run(command(torn, args.patients), check=True, capture_output=True, text=True)  # noqa: S603
        counts = json.loads(last.stdout)["iterations"][0]["play"]
        first, second = journal(whole), journal(torn)
        same = [place for place in first if place in second and first[place][0] == second[place][0]]
        equal = sum(first[place][1] == second[place][1] for place in same)
        print(f"killed {killed} times; journaled replies lost or changed by a kill: {lost}")
        print(f"last start: {counts['replayed']} of {known} journaled replies used again, {counts['calls']} paid")
        print(
            f"equal requests: {len(same)} of {len(first)} places; equal replies to them: {equal} ({equal / len(same):.2%})"
        )


if __name__ == "__main__":
    main()
