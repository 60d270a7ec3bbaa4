"""The parts of a report that say what was done: what was tested, what it does and does not show, how to do it again."""

from __future__ import annotations

import json
import platform
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mentalarena.config import Config
from mentalarena.errors import MentalArenaError
from mentalarena.export.public_settings import clinic_of, limits_of, roles_of, run_command
from mentalarena.report.blocks import Block, Code, Facts, Note, Table
from mentalarena.report.headline import further_looks, trained
from mentalarena.report.text import times
from mentalarena.runs.directory import digest_of_file
from mentalarena.stages.episodes import EpisodeIndex
from mentalarena.stages.run import WEIGHTS, prompts_of

PACKAGES = ("mentalarena", "torch", "transformers", "trl", "peft", "scipy")
FEW = 30
"""Patients below which an evaluation finds large differences alone."""


def tested(summary: Mapping[str, Any], config: Config | None, index: EpisodeIndex, looks: Sequence[str]) -> Sequence[Block]:
    """Clinic, patients, models, splits, seed. `looks`: who has met held-out patients until now, where that is on record."""
    if config is None:
        return [
            Note("The settings of this run cannot be read by this version, so what was tested stands below as they are.")
        ]
    played = Counter(line.iteration for line in index.played)
    measured = next((one["evaluation"] for one in summary["iterations"] if one.get("evaluation")), None)
    held_out = summary.get("held_out")
    facts = [
        ("Clinic", clinic_of(config)),
        ("Played with", ", ".join(f"{n} patients in iteration {i}" for i, n in played.items() if n) or "nobody yet"),
    ]
    if measured:
        n = measured["diagnosis"]["n"]
        checked = next((one["n"] for name, one in measured.items() if name.startswith("verifier_")), None)
        facts.append(("Development", f"{n} patients, met by every iteration's model; they steer the loop"
                      + (f" ({checked} for the checks of the verifier)" if checked else "")))  # fmt: skip
    if held_out:
        looks = looks or summary.get("held_out_looks", [])
        told = f"{held_out['base']['diagnosis']['n']} patients, met {times(len(looks))}"
        if further := further_looks(summary, looks):
            told += (
                f" ({', '.join(looks)}): {len(further)} more than once each by base, best and control when the loop had stopped, "
                "so they are no fresh test"
            )
        else:
            told += f", after the loop had stopped ({', '.join(looks)})"
        facts.append(("Held out", told))
    if measured:
        facts.append(
            ("Stopped", f"{summary.get('stop_reason', 'not yet')}; best iteration {summary.get('best_iteration')}")
        )
    if control := summary.get("control"):
        facts.append(("Control", f"{control['kind']}: one iteration without what is claimed to help, on as many rows"))
    facts.append(("Seed", str(config.seed)))
    roles = [[one["name"], one["model"], str(one["temperature"]), one["prompts"]] for one in roles_of(config)]
    return [
        Facts(facts),
        Table("Who plays whom", ("role", "model", "temperature", "prompts"), roles,
              f"Trained: {config.training.trained} ({config.training.method}, {config.training.weights})." if trained(summary)
              else "Nothing was trained.", texts=(1, 3)),
    ]  # fmt: skip


def limits(summary: Mapping[str, Any], config: Config | None, audited: bool, index: EpisodeIndex) -> list[str]:
    """What this does and does not show, in plain words."""
    found = [
        "The patients are simulated. Nothing here says how anybody who is ill would fare, or that a model may treat, "
        "diagnose "
        "or advise anyone.",
        "A right answer is one that the references of the clinic name; no clinician has checked them.",
        "The patient's choices and the judge's scores are a model's own verdicts. What they reward is learnt, whether "
        "it is good "
        "or not; the checks of the verifier bound how far they can be trusted.",
    ]
    if config:
        found += limits_of(config)
    if held_out := summary.get("held_out"):
        n = held_out["base"]["diagnosis"]["n"]
        if trained(summary):
            found.append(
                "One training with one seed: intervals and p tell of other patients, not of another training (several seeds: "
                "`benchmarks/selfplay_gain.py`)."
            )
        if n < FEW:
            found.append(f"{n} held-out patients are few: only a large difference would be found, and intervals are rough.")
        if summary.get("control"):
            found.append(
                "The control has one iteration, and the best model may have more; equal amounts were not compared here."
            )
        elif trained(summary):
            found.append(
                "No control was run: what was gained may come of any training, not of the selection that self-play makes."
            )
    elif any(one.get("evaluation") for one in summary["iterations"]):
        found.append(
            "Nothing was measured on held-out patients yet: figures on development patients, who steer the loop, flatter."
        )
    if not audited:
        found.append("No audit has looked for leaks, repetition, memorisation and clinical safety.")
    if index.lines and not any(line.truth for line in index.lines):
        found.append(
            "What the patients of this play have nobody knows, so no diagnosis of an episode is called right or wrong."
        )
    if index.unreadable:
        found.append(f"{index.unreadable} lines of episodes could not be read and are left out.")
    return found


def reproduce(out: Path, summary: Mapping[str, Any], config: Config | None, tree: Mapping[str, Any]) -> Sequence[Block]:
    """Commands, versions, digests, and all settings."""
    looped = any("evaluation" in one for one in summary["iterations"])
    blocks: list[Block] = []
    if config:
        lines = [*run_command(config, "run" if looped else "play"), "mentalarena report --out DIR"]
        blocks += [
            Note("The same settings give the same patients, seeds and requests. Settings that are not the defaults are told; "
                 "addresses of servers, prices and what decides speed alone are yours. Whether a model answers the "
                 "same again "
                 "is up to whoever serves it."),
            Code("\n".join(lines)),
        ]  # fmt: skip
    blocks += [
        Facts(
            [("Versions", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
             ("System", f"Python {sys.version.split()[0]}, {platform.system()} {platform.machine()} (of this page, which may "
              "not be the run's)")]
        ),
        Table("Digests (SHA-256; of trained weights the first 12 digits)", ("what", "digest"),
              [[name, digest] for name, digest in _digests(out, summary, config, tree)], texts=(1,)),
        Code(json.dumps(tree, indent=1, ensure_ascii=False), "All settings (config.json)"),
    ]  # fmt: skip
    return blocks


def _digests(
    out: Path, summary: Mapping[str, Any], config: Config | None, tree: Mapping[str, Any]
) -> list[tuple[str, str]]:
    weights = tree.get(WEIGHTS)
    found = [(f"weights of {Path(str(name)).name}", str(digest)) for name, digest in dict(weights or {}).items()]
    if config:
        try:
            found.append(("all prompts", prompts_of(config)))
        except MentalArenaError:
            pass  # own prompts that lie elsewhere
    models = {f"iteration {one['iteration']}": str(one.get("model", "")) for one in summary["iterations"]}
    if control := summary.get("control"):
        models["control"] = str(control.get("model"))
    found += [(f"model of {name}", model.rpartition("@")[2]) for name, model in models.items() if "@" in model]
    for path in ("config.json", "summary.json"):
        found.append((path, digest_of_file(out / path)))
    for file in sorted(out.glob("arms/main/iteration-*/episodes.jsonl")):
        found.append((str(file.relative_to(out)), digest_of_file(file)))
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
