"""Does selection by the simulated patient make the gain? Selected against unselected rows, and against spoilt verdicts.

    python benchmarks/selfplay_gain.py --out runs-out/gain [--seeds 3] [--patients 80] [--held-out 50]

For each seed: one iteration of play by the base model; from these episodes one model each is trained on selected rows, on
unselected rows (an arm that never asks for a verdict), and on rows whose verdicts were replaced by coin flips in 50 and
100 % of the cases; all get the same amount of data. Base and models meet the seed's held-out patients once. Intervals are
bootstraps over patients, all seeds together. Resumable: the same command goes on.

What it tests is the machinery. The base model's ignorance is made on purpose by its corpus, and so is its patient's
knowledge; nothing here is about clinics.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.clinic.generated import generated_clinic
from mentalarena.config import load_config
from mentalarena.evaluation.statistics import mean_interval, paired_p
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import read_jsonl
from mentalarena.stages.build import build
from mentalarena.stages.evaluate import evaluate
from mentalarena.stages.play import play
from mentalarena.stages.run import opened
from mentalarena.stages.train import train

ARMS = {
    "selected": "main",
    "50 % coin flips": "coin-flips-50",
    "100 % coin flips": "coin-flips-100",
    "unselected": "unselected",
}
Shares = dict[tuple[str, str], float]
"""By (patient, task): the probability of a right answer."""


def one_seed(out: Path, seed: int, args: argparse.Namespace) -> dict[str, Shares]:
    """The held-out figures of base and arms."""
    settings = [f"seed={seed}", f"play.patients={args.patients}", f"evaluation.held_out={args.held_out}", *args.set]
    with opened(load_config(None, settings), out) as run:
        base = run.base
        play(run, 0, base)
        build(run, 0)
        evaluate(run, base, "held_out", "base")
        for name, arm in ARMS.items():
            if arm == "unselected":
                play(run, 0, base, arm)
            print(f"seed {seed}, {name}: rows {build(run, 0, arm)}", flush=True)
            evaluate(run, train(run, 1, base, arm), "held_out", arm, "base")
    files = {"base": "base", **ARMS}
    return {name: shares(out / "evaluation" / f"{file}-held_out.jsonl") for name, file in files.items()}


def shares(path: Path) -> Shares:
    return {(record["patient"], record["task"]): float(record["probability"]) for record in read_jsonl(path)}


def best_reader(seed: int, count: int) -> float:
    """The share of held-out patients whose disorder is the likeliest one, given all that they could say."""
    clinic = generated_clinic()
    right = 0
    for patient, truth in clinic.draw("held_out", count, seed):
        told = [text for c in COMPONENTS if (text := patient.cognitive_model.text(c))]
        likely = clinic.posterior(told)
        right += max(likely, key=lambda d: likely[d]) == truth.disorder
    return right / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--patients", type=int, default=80)
    parser.add_argument("--held-out", type=int, default=50)
    parser.add_argument("--set", action="append", default=[], help="one more setting, as for mentalarena run")
    args = parser.parse_args()
    found = [one_seed(args.out / f"seed-{seed}", seed, args) for seed in range(args.seeds)]
    ceiling = float(np.mean([best_reader(seed, args.held_out) for seed in range(args.seeds)]))
    print(f"best possible reader of everything the patients could say: {ceiling:.1%}")
    result: dict[str, Any] = {"best_reader": ceiling, "tasks": {}}
    for task in TASKS:

        def of(name: str, task: str = task) -> list[float]:
            return [seed[name][key] for seed in found for key in seed["base"] if key[1] == task]

        levels = {name: float(np.mean(of(name))) for name in ("base", *ARMS)}
        gap = [a - b for a, b in zip(of("selected"), of("unselected"), strict=True)]
        difference, p = mean_interval(gap), paired_p(of("selected"), of("unselected"))
        closed = (levels["selected"] - levels["base"]) / (ceiling - levels["base"])
        print(f"\n{task}: " + ", ".join(f"{name} {level:.1%}" for name, level in levels.items()))
        print(
            f"  selected - unselected: {difference.mean:+.1%} ({difference.low:+.1%} to {difference.high:+.1%}), p {p:.4f}"
        )
        print(f"  share of the gap to the best reader closed: {closed:.0%}")
        gains = [levels[name] - levels["base"] for name in ("selected", "50 % coin flips", "100 % coin flips")]
        print("  gain at 0 / 50 / 100 % coin flips: " + " / ".join(f"{gain:+.1%}" for gain in gains))
        result["tasks"][task] = {"levels": levels, "difference": [difference.mean, difference.low, difference.high], "p": p}
    (args.out / "gain.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
