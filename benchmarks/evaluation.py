"""Whole commands: `mentalarena benchmarks run` against `lm_eval run` on the same task, weights and machine, in turns.

    python benchmarks/evaluation.py [--data DIR] [--set medqa_psychosis] [--rounds 3]

Both score the same questions by log-likelihood under the chat template; each command starts anew, with its imports. Prints the
seconds of each round, the ratio of medians (below 1: ours is faster), and whether every question got the same verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from mentalarena.evaluation.benchmarks.harness import TASKS
from mentalarena.models.backends import EMBEDDED


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"})  # noqa: S603
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return time.perf_counter() - began


def ours(out: Path, data: Path, name: str) -> list[str]:
    run = [sys.executable, "-c", "from mentalarena.cli import main; main()", "benchmarks", "run", name]
    return [*run, "--out", str(out), "--data", str(data), "--scoring", "loglikelihood", "--quiet"]


def theirs(out: Path, data: Path, name: str) -> list[str]:
    run = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--include_path", str(TASKS)]
    model = ["--model_args", f"pretrained={EMBEDDED},dtype=float32", "--device", "cpu", "--batch_size", "16"]
    task = ["--tasks", f"mentalarena_{name}", "--metadata", json.dumps({"data": str(data)}), "--apply_chat_template"]
    return [*run, *model, *task, "--output_path", str(out), "--log_samples"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/benchmarks"))
    parser.add_argument("--set", default="medqa_psychosis")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    data = args.data.resolve()
    times: tuple[list[float], list[float]] = ([], [])
    with TemporaryDirectory() as folder:
        for number in range(args.rounds):
            for made, command, kept in zip(("ours", "theirs"), (ours, theirs), times, strict=True):
                kept.append(seconds(command(Path(folder) / f"{made}-{number}", data, args.set)))
            print(f"round {number}: mentalarena {times[0][-1]:.1f} s, lm_eval {times[1][-1]:.1f} s", flush=True)
        [own] = Path(folder).glob(f"ours-0/benchmarks/iteration-00/{args.set}-loglikelihood-*.jsonl")
        [other] = Path(folder).glob("theirs-0/**/samples_*.jsonl")
        verdicts = [{str(r["id"]): r["correct"] for r in map(json.loads, own.read_text().splitlines())}]
        verdicts.append({r["doc"]["id"]: r["acc"] == 1.0 for r in map(json.loads, other.read_text().splitlines())})
    print(f"ratio of medians: {median(times[0]) / median(times[1]):.2f}")
    print(f"same verdict on {sum(verdicts[0][k] == v for k, v in verdicts[1].items())} of {len(verdicts[1])} questions")


if __name__ == "__main__":
    main()
