"""Killed again and again: does a run with the embedded model end where an uninterrupted one ends?

    python benchmarks/resume.py [--kills 20] [--patients 24]

Plays the same patients once undisturbed, and then again and again while it is killed (SIGKILL) at random moments and started
anew, until it has been killed often enough. Printed: how many of the journaled replies the last start of each run used again,
how many replies to equal requests are equal to the undisturbed run's, and how many places hold the same request.
Floating-point ties may turn a token where batches differ; a turned reply changes the requests that follow it, which then no
longer compare.
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
    killed = lost = runs = used = known = paid = same = equal = 0
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        started = time.monotonic()
        subprocess.run(command(whole, args.patients), check=True, capture_output=True)  # noqa: S603
        seconds, first = time.monotonic() - started, journal(whole)
        while killed < args.kills:
            torn, runs = Path(folder) / f"torn-{runs}", runs + 1
            while killed < args.kills:
                before = journal(torn)
                process = subprocess.Popen(command(torn, args.patients), stdout=subprocess.DEVNULL)  # noqa: S603
                try:
                    process.wait(timeout=rng.uniform(0.2, 0.9) * seconds)
                    break  # it came to its end
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    killed += 1
                    after = journal(torn)
                    lost += sum(after.get(place) != reply for place, reply in before.items())
            held = len(journal(torn))
            (torn / "arms" / "main" / "iteration-00" / "play.json").unlink(missing_ok=True)
            last = subprocess.run(command(torn, args.patients), check=True, capture_output=True, text=True)  # noqa: S603
            counts = json.loads(last.stdout)["iterations"][0]["play"]
            second = journal(torn)
            shared = [place for place in first if place in second and first[place][0] == second[place][0]]
            used, known, paid = used + counts["replayed"], known + held, paid + counts["calls"]
            same, equal = same + len(shared), equal + sum(first[place][1] == second[place][1] for place in shared)
            paid_twice = counts["calls"] + held - len(second)
            print(f"run {runs}: killed {killed} times so far, paid twice by the last start: {paid_twice}", flush=True)
    print(f"killed {killed} times in {runs} runs; journaled replies lost or changed by a kill: {lost}")
    print(f"last starts: {used} of {known} journaled replies used again, {paid} paid")
    print(f"equal requests: {same} of {runs * len(first)} places; equal replies to them: {equal} ({equal / same:.2%})")


if __name__ == "__main__":
    main()
