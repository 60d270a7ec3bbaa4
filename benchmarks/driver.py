"""What does everything but the models cost? CPU time a call, memory and disk, by the number of episodes.

    python benchmarks/driver.py [--episodes 100 1000 10000] [--concurrency 1000] [--latency 0.3]

Each size plays in a process of its own against a local server that answers by rule after a latency (so the models are free),
with at most so many episodes at once. Printed for each: CPU milliseconds of the driver a call (arena, client and journal; the
start of the process is left out), CPU milliseconds an episode, the growth of the process's memory from before the first call to
its peak, and bytes of the run directory an episode. The last line compares the largest size with the smallest.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fake_server import served

from mentalarena.runs.runner import Play
from mentalarena.settings import load_config
from mentalarena.stages.play import play
from mentalarena.stages.run import opened


def measured(url: str, episodes: int, concurrency: int) -> dict[str, Any]:
    """One play, in this process."""
    roles = ["provider=openai", "model=fake", f"base_url={url}", "prompts=compact", "concurrency=4096", "retries=20"]
    sets = [f"play.patients={episodes}", f"play.concurrency={concurrency}", *(f"models.all.{s}" for s in roles)]
    with TemporaryDirectory() as folder, opened(load_config(None, sets), Path(folder)) as run:
        Play(run.arena(), run.players(run.base), seed=0)  # loads what is loaded once
        run.patients(0)
        before = resource.getrusage(resource.RUSAGE_SELF)
        began, cpu = time.perf_counter(), time.process_time()
        counts = play(run, 0, run.base)
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss
        disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink())
    return {
        "episodes": episodes,
        "calls": counts["calls"],
        "calls_per_second": counts["calls"] / seconds,
        "cpu_ms_per_call": 1e3 * cpu / counts["calls"],
        "cpu_ms_per_episode": 1e3 * cpu / episodes,
        "memory_mb": peak / 1024,
        "disk_kb_per_episode": disk / 1024 / episodes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--concurrency", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--url", help=argparse.SUPPRESS)  # of a server that runs: measure in this process
    args = parser.parse_args()
    if args.url:
        print(json.dumps(measured(args.url, args.episodes[0], args.concurrency)))
        return
    found = []
    for episodes in args.episodes:
        with served(args.latency, 0.002) as url:
            command = [
                sys.executable,
                __file__,
                "--url",
                url,
                "--episodes",
                str(episodes),
                "--concurrency",
                str(args.concurrency),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        found.append(json.loads(done.stdout))
        print(
            ", ".join(
                f"{key} {value:,.3g}" if isinstance(value, float) else f"{key} {value:,}"
                for key, value in found[-1].items()
            )
        )
        sys.stdout.flush()
    ratio = found[-1]["cpu_ms_per_episode"] / found[0]["cpu_ms_per_episode"]
    print(f"CPU an episode, {args.episodes[-1]:,} / {args.episodes[0]:,} episodes: {ratio:.2f}")


if __name__ == "__main__":
    main()
