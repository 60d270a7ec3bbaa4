"""Does selection by the simulated patient make the gain? Selected against unselected rows, and against spoilt verdicts.

    python benchmarks/selfplay_gain.py --out runs-out/gain [--seeds 5] [--patients 60] [--held-out 50]

For each seed, four arms of one iteration play the same patients with the same base model: selected (the patient chooses and
foretells, the judge scores), selected with 50 and with 100 % of those verdicts replaced by coin flips where they fall, and
unselected (nobody is asked for a verdict). All train on equally many rows of each kind, and all replay as much dialogue and
nothing else. Base and models meet the seed's held-out patients once. Intervals are t intervals over seeds, since each seed
has its own patients and trainings. Resumable: the same command goes on.

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
from mentalarena.evaluation.statistics import t_interval
from mentalarena.evaluation.therapist import TASKS
from mentalarena.runs.directory import read_jsonl
from mentalarena.settings import load_config
from mentalarena.stages.build import build
from mentalarena.stages.evaluate import evaluate
from mentalarena.stages.play import play
from mentalarena.stages.run import opened
from mentalarena.stages.train import train
from mentalarena.training.rows import THERAPIST

ARMS = {
    "selected": "main",
    "50 % coin flips": "coin-flips-50",
    "100 % coin flips": "coin-flips-100",
    "unselected": "unselected",
}
Measure = dict[tuple[str, str], tuple[float, bool]]
"""By (patient, task): the probability of a right answer, and whether the likeliest one is right."""


def one_seed(out: Path, seed: int, args: argparse.Namespace) -> dict[str, Measure]:
    """The held-out figures of base and arms."""
    settings = [f"seed={seed}", f"play.patients={args.patients}", f"evaluation.held_out={args.held_out}"]
    with opened(
        load_config(None, [*settings, 'training.replay_kinds=["talk"]', "training.rehearsal=0", *args.set]), out
    ) as run:
        base = run.base
        evaluate(run, base, "held_out", "base")
        found = {}
        for arm in ARMS.values():
            play(run, 0, base, arm)
            found[arm] = build(run, 0, arm)
        most = {kind: min(counts[kind] for counts in found.values()) for kind in THERAPIST}
        print(f"seed {seed}: each arm has {most}; before they were made equal: {found}", flush=True)
        for arm in ARMS.values():
            build(run, 0, arm, most)
            evaluate(run, train(run, 1, base, arm), "held_out", arm, "base")
    files = {"base": "base", **ARMS}
    return {name: measured(out / "evaluation" / f"{file}-held_out.jsonl") for name, file in files.items()}


def measured(path: Path) -> Measure:
    return {(r["patient"], r["task"]): (float(r["probability"]), bool(r["right"])) for r in read_jsonl(path)}


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
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--held-out", type=int, default=50)
    parser.add_argument("--set", action="append", default=[], help="one more setting, as for mentalarena run")
    args = parser.parse_args()
    found = [one_seed(args.out / f"seed-{seed}", seed, args) for seed in range(args.seeds)]
    ceiling = float(np.mean([best_reader(seed, args.held_out) for seed in range(args.seeds)]))
    print(f"best possible reader of everything the patients could say: {ceiling:.1%}")
    result: dict[str, Any] = {"best_reader": ceiling, "tasks": {}}
    for task in TASKS:

        def of(name: str, which: int, task: str = task) -> list[list[float]]:
            return [[float(seed[name][key][which]) for key in seed["base"] if key[1] == task] for seed in found]

        levels = {name: float(np.mean(np.concatenate(of(name, 0)))) for name in ("base", *ARMS)}
        likeliest = {name: [round(100 * float(np.mean(seed))) for seed in of(name, 1)] for name in ("base", *ARMS)}
        gaps = [
            [a - b for a, b in zip(*pair, strict=True)] for pair in zip(of("selected", 0), of("unselected", 0), strict=True)
        ]
        by_seed = [float(np.mean(gap)) for gap in gaps]
        difference = t_interval(by_seed)
        closed = (levels["selected"] - levels["base"]) / (ceiling - levels["base"])
        gains = [levels[name] - levels["base"] for name in ("selected", "50 % coin flips", "100 % coin flips")]
        print(f"\n{task}: " + ", ".join(f"{name} {level:.1%}" for name, level in levels.items()))
        print(
            f"  selected - unselected: {difference.mean:+.1%} ({difference.low:+.1%} to {difference.high:+.1%}); "
            "by seed " + ", ".join(f"{gap:+.1%}" for gap in by_seed)
        )
        print(f"  share of the gap to the best reader closed: {closed:.0%}")
        print("  gain at 0 / 50 / 100 % coin flips: " + " / ".join(f"{gain:+.1%}" for gain in gains))
        print("  likeliest right, % by seed: " + ", ".join(f"{name} {shares}" for name, shares in likeliest.items()))
        result["tasks"][task] = {
            "levels": levels,
            "difference": [difference.mean, difference.low, difference.high],
            "by_seed": by_seed,
            "likeliest": likeliest,
        }
    (args.out / "gain.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
