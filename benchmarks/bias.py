"""Do the tests of counterfactual pairs err as seldom as they say, and do their intervals hold a planted bias?

    python benchmarks/bias.py [--simulations 1000]

People are drawn with answers of their own: each meeting of one gives another draw. Without bias, any test that comes out is an
error: the family-wise share is expected to be 5 % at most. With a bias of known size, 93 to 97 % of the intervals are expected
to hold it, and the least difference that is said to be found is found in 78 to 90 %. Seed 0; bootstraps of 999, tests of 1999
swaps. A share may be outside by its Monte Carlo error (95 %). Lines that are known to be outside have a reason beside them; the
exit status is 1 where any other is.
"""

from __future__ import annotations

import argparse
import gc
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from coverage import COVERAGE, ERROR, POWER, Line, holds
from rich.console import Console

from mentalarena.analysis.bias import Comparison, Finding, against_base, compare
from mentalarena.analysis.counterfactual import ANY, PLACEBO, Assessment
from mentalarena.clinic.counterfactual import VALUES
from mentalarena.evaluation.power import least_paired_effect
from mentalarena.evaluation.severity import LEVELS
from mentalarena.evaluation.therapist import TASKS

NAMES, CONCENTRATION = 8, 0.4
RESAMPLES, SWAPS = 999, 1999
REASONS: Mapping[str, str] = {}
"""Why a line is outside, by its name."""


class World:
    """People whose answers move by themselves. A version with `woman` is rated and answered otherwise, where that is planted."""

    def __init__(self, rng: Any, severity: float = 0.0, right: float = 0.0, swap: float = 0.0, noise: float = 0.3) -> None:
        self.rng, self.severity, self.right, self.swap, self.noise = rng, severity, right, swap, noise

    def people(self, count: int, attributes: Sequence[str] = ("gender",), placebos: int = 3) -> list[Assessment]:
        found = []
        for number in range(count):
            who = f"p{number}"
            names = {task: self.rng.dirichlet([CONCENTRATION] * NAMES) for task in TASKS}
            level, chance = self.rng.uniform(0.5, 2.5), {task: self.rng.beta(1, 2) for task in TASKS}
            own = {name: self.rng.choice(VALUES[name]) for name in attributes}

            def met(attribute: str, value: str, told: tuple[Any, ...] = (who, names, level, chance)) -> Assessment:
                who, names, level, chance = told
                woman = value == "woman"
                rating = level + self.noise * self.rng.normal() + self.severity * woman
                said = {task: int(self.rng.choice(NAMES, p=share)) for task, share in names.items()}
                if woman and self.rng.random() < self.swap:
                    said["diagnosis"] = 0
                right = {t: float(chance[t] + 0.1 * self.rng.normal() ** 3 / 3 + self.right * woman) for t in TASKS}
                text = {task: f"name {name}" if name < NAMES - 1 else None for task, name in said.items()}
                near = LEVELS[int(np.clip(round(rating), 0, 3))]
                return Assessment(f"{who}~{attribute}={value}" if attribute else who, who, attribute, value, right, text,
                                  float(self.rng.beta(0.2, 2)), float(rating), near)  # fmt: skip

            # whom a bias is planted for is nobody's own value: the truth is then the planted one
            found.append(replace(met("", ""), patient=who))
            found += [met(PLACEBO, str(n)) for n in range(placebos)]
            found += [met(name, v) for name in attributes for v in VALUES[name] if v != own[name] or v == "woman"]
        return found


def family(count: int, attributes: Sequence[str], placebos: int, times: int) -> Iterator[Line]:
    """Nothing is planted: any finding is an error."""
    world, wrong, names, tests = World(np.random.default_rng(0)), 0, 0, 0
    for _ in range(times):
        found = compare(world.people(count, attributes, placebos), 99, SWAPS if len(attributes) == 1 else 10 * SWAPS)
        wrong += any(one.significant for one in found.findings)
        names += any((one.p_holm or 1) <= 0.05 for one in found.names)
        tests = found.tests
    at = f"{count} people, {', '.join(attributes)}, {placebos} placebos"
    yield Line(f"family-wise error, {tests} tests, {at}", wrong / times, ERROR, times)
    yield Line(f"family-wise error over names, {at}", names / times, ERROR, times)


def families(simulations: int) -> Iterator[Line]:
    """One attribute."""
    for count, placebos in ((17, 3), (46, 3), (17, 1)):
        yield from family(count, ("gender",), placebos, simulations)


def everything(simulations: int) -> Iterator[Line]:
    """All attributes at once; each takes long."""
    yield from family(17, tuple(VALUES), 3, max(simulations // 4, 1))


def training(simulations: int) -> Iterator[Line]:
    """The base model is as biased as the trained one: any change by training is an error."""
    for count in (17, 46):
        world, wrong = World(np.random.default_rng(0), severity=0.4, swap=0.3), 0
        for _ in range(simulations):
            told = against_base(world.people(count), world.people(count), 99, SWAPS)
            wrong += any((one.p_holm or 1) <= 0.05 for one in told)
        name = f"family-wise error of a change by training, {count} people, as biased before"
        yield Line(name, wrong / simulations, ERROR, simulations)


def of(found: Comparison, measure: str, value: str = "woman") -> Finding:
    return next(one for one in found.findings if (one.measure, one.value) == (measure, value))


def planted(simulations: int) -> Iterator[Line]:
    """A bias of known size: do the intervals hold it, and how often is it found?"""
    severity, right, swap = 0.4, -0.08, 0.5
    alike = (CONCENTRATION + 1) / (NAMES * CONCENTRATION + 1)  # that two draws of one person's answers are the same name
    truth = {"severity": severity, "diagnosis_right": right, "diagnosis_change": swap * (alike - 1 / NAMES)}
    for count in (17, 46):
        rng = np.random.default_rng(0)
        inside: dict[str, list[bool]] = {measure: [] for measure in truth}
        found_it: dict[str, list[bool]] = {"severity": [], "diagnosis_change": [], "diagnosis_shift": []}
        wrong = 0
        for _ in range(simulations):
            found = compare(World(rng, severity, right, swap).people(count), RESAMPLES, SWAPS)
            for measure in truth:
                inside[measure].append(holds(of(found, measure).difference, truth[measure]))
            for measure in found_it:
                found_it[measure].append(of(found, measure, ANY if measure.endswith("change") else "woman").significant)
            wrong += any(one.significant and one.value not in ("woman", ANY) for one in found.findings)
        for measure, holding in inside.items():
            name = f"interval of {measure}, {count} people, {truth[measure]:+.3f}"
            yield Line(name, float(np.mean(holding)), COVERAGE, simulations)
        for measure, hits in found_it.items():
            yield Line(f"found (Holm): {measure}, {count} people", float(np.mean(hits)), (0.0, 1.0), simulations)
        yield Line(f"anything found that was not planted, {count} people", wrong / simulations, ERROR, simulations)


def powers(simulations: int) -> Iterator[Line]:
    """A rating that is planted to be just the least difference that is said to be found (first step of Holm over 28)."""
    for count in (17, 46):
        noise = 0.3
        least = least_paired_effect(count, 0.05 / 28) * noise * math.sqrt(1 + 1 / 4)  # beside the mean of four meetings
        rng, hits = np.random.default_rng(0), []
        for _ in range(simulations):
            found = compare(World(rng, severity=least, noise=noise).people(count), 99, SWAPS)
            hits.append((of(found, "severity").p or 1) <= 0.05 / 28)
        name = f"power at the least difference, {count} people, severity +{least:.2f}"
        yield Line(name, float(np.mean(hits)), POWER, simulations)


PARTS = (families, everything, training, planted, powers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--part", choices=[part.__name__ for part in PARTS], help="One of them alone.")
    told = parser.parse_args()
    gc.freeze()
    console = Console(width=150)
    failed, began = 0, time.monotonic()
    for part in PARTS:
        for line in part(told.simulations) if told.part in (None, part.__name__) else ():
            failed += line.outside and line.name not in REASONS
            verdict = ("outside: " + REASONS.get(line.name, "?")) if line.outside else "inside"
            band = f"{100 * line.band[0]:g} to {100 * line.band[1]:g}"
            share = f"{100 * line.share:5.1f} % (±{100 * line.error:.1f})"
            console.print(f"{line.name:88} {share}, expected {band}: {verdict}", highlight=False)
    console.print(f"{time.monotonic() - began:.0f} s", style="dim", highlight=False)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
