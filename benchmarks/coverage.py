"""Do the intervals hold the truth as often as they say, do the tests err as seldom, and find as much as they say?

    python benchmarks/coverage.py [--simulations 1000]

Data whose truth is known are drawn again and again, and the share of 95 % intervals that hold the truth is printed: exact, as a
sum over all data that can be, where these are few, and else simulated (seed 0; bootstraps of 999 resamples, 199 for alpha).
Expected are 93 to 97 %; of family-wise errors at most 5 %; of the power at the least detectable gain 78 to 90 %. A simulated
share may be outside by its Monte Carlo error (95 %). Lines that are known to be outside have a reason beside them; the exit
status is 1 where any other is.
"""

from __future__ import annotations

import argparse
import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import binom, multinomial, norm

from mentalarena.evaluation.agreement import cohen_kappa, krippendorff_alpha
from mentalarena.evaluation.power import least_effect
from mentalarena.evaluation.ranking import Match, bradley_terry
from mentalarena.evaluation.statistics import (
    Interval,
    balanced_accuracy,
    difference_interval,
    holm,
    macro_f1,
    mcnemar_p,
    mean_interval,
    share_interval,
)

COVERAGE, ERROR, POWER = (0.93, 0.97), (0.0, 0.05), (0.78, 0.9)
RESAMPLES = 999
REASONS = {
    "share (Wilson), n=40, p=0.8": "counts are discrete",
    "kappa (BCa), n=60, classes 80:20, 0.9": "wide where all agree",
    "kappa (BCa), n=60, classes 90:10, 0.3": "rare label",
}
"""Why a line is outside, by its name."""


@dataclass(frozen=True)
class Line:
    """A share of how many simulated data sets (none: exact), and where it is expected."""

    name: str
    share: float
    band: tuple[float, float]
    simulations: int = 0

    @property
    def error(self) -> float:
        return 1.96 * math.sqrt(self.share * (1 - self.share) / self.simulations) if self.simulations else 0.0

    @property
    def outside(self) -> bool:
        return not self.band[0] - self.error <= self.share <= self.band[1] + self.error


def holds(found: Interval, truth: float) -> bool:
    return found.low - 1e-9 <= truth <= found.high + 1e-9


def covered(name: str, truth: float, draw: Callable[[Any], Interval], simulations: int) -> Line:
    rng = np.random.default_rng(0)
    return Line(name, float(np.mean([holds(draw(rng), truth) for _ in range(simulations)])), COVERAGE, simulations)


def shares() -> Iterator[Line]:
    """Wilson's interval, exactly."""
    for n in (40, 173, 314, 2113):
        found = [share_interval([True] * k + [False] * (n - k)) for k in range(n + 1)]
        for p in (0.3, 0.5, 0.8, 0.95):
            inside = np.array([holds(interval, p) for interval in found])
            yield Line(f"share (Wilson), n={n}, p={p}", float(binom.pmf(np.arange(n + 1), n, p) @ inside), COVERAGE)


def paired(n: int, won: int, lost: int) -> tuple[list[bool], list[bool]]:
    """Right answers of a model and of the base, with so many won and lost, and the rest wrong."""
    return [True] * won + [False] * (n - won), [False] * won + [True] * lost + [False] * (n - won - lost)


def differences() -> Iterator[Line]:
    """Tango's interval, exactly but for tables of no weight; by the shares of patients that are won and lost."""
    for n in (173, 414):
        won, lost = (side.ravel() for side in np.mgrid[: n + 1, : n + 1])
        won, lost = won[won + lost <= n], lost[won + lost <= n]
        for b, c in ((0.15, 0.05), (0.1, 0.1), (0.05, 0.02), (0.02, 0.02)):
            weight = multinomial.pmf(np.stack([won, lost, n - won - lost], axis=1), n, [b, c, 1 - b - c])
            some = weight > 1e-6
            inside = [
                holds(difference_interval(*paired(n, *table)), b - c) for table in zip(won[some], lost[some], strict=True)
            ]
            share = float(weight[some] @ np.array(inside) / weight[some].sum())
            yield Line(f"paired difference (Tango), n={n}, won {b}, lost {c}", share, COVERAGE)


def classes(simulations: int) -> Iterator[Line]:
    """Balanced accuracy and macro-F1: classes in these shares, each recalled with `right`; errors go anywhere, also to None."""
    settings: list[tuple[str, list[float], float]] = [
        ("2 even classes", [0.5, 0.5], 0.7),
        ("2 classes 85:15", [0.85, 0.15], 0.85),
        ("3 even classes", [1 / 3] * 3, 0.95),
        ("4 classes 50:30:15:5", [0.5, 0.3, 0.15, 0.05], 0.7),
        ("4 classes 50:30:15:5", [0.5, 0.3, 0.15, 0.05], 0.95),
    ]
    for n in (173, 414):
        for name, share, right in settings:
            kinds = len(share)
            chance = np.full((kinds, kinds + 1), (1 - right) / kinds)
            chance[range(kinds), range(kinds)] = right
            chance *= np.array(share)[:, None]
            f1 = np.mean(2 * chance.diagonal() / (chance.sum(1) + chance.sum(0)[:kinds]))
            cells = [(i, j if j < kinds else None) for i in range(kinds) for j in range(kinds + 1)]

            def drawn(rng: Any, chance: Any = chance, cells: Any = cells, n: int = n) -> tuple[list[int], list[int | None]]:
                met = [cells[cell] for cell in rng.choice(len(cells), n, p=chance.ravel() / chance.sum())]
                return [true for true, _ in met], [said for _, said in met]

            def balanced(rng: Any, drawn: Any = drawn) -> Interval:
                return balanced_accuracy(*drawn(rng))

            def macro(rng: Any, drawn: Any = drawn) -> Interval:
                truth, said = drawn(rng)
                return macro_f1(truth, said, RESAMPLES)

            at = f"n={n}, {name}, recall {right}"
            yield covered(f"balanced accuracy (MOVER), {at}", right, balanced, simulations)
            yield covered(f"macro-F1 (BCa), {at}", float(f1), macro, simulations)


def means(simulations: int) -> Iterator[Line]:
    """Probabilities of a right answer from beta distributions: bell, two humps, near the end."""
    for n in (40, 64):
        for a, b in ((2.0, 2.0), (0.5, 0.5), (4.0, 0.5)):

            def mean(rng: Any, n: int = n, a: float = a, b: float = b) -> Interval:
                return mean_interval(rng.beta(a, b, n).tolist(), RESAMPLES)

            yield covered(f"mean (BCa), n={n}, beta({a}, {b})", a / (a + b), mean, simulations)


def agreements(simulations: int) -> Iterator[Line]:
    """Raters who know the true label with some chance, and else guess; kappa and alpha are then that chance squared."""

    def rated(rng: Any, raters: int, n: int, share: Sequence[float], know: float) -> list[list[int]]:
        true, guess = rng.choice(len(share), n, p=share), rng.choice(len(share), (raters, n), p=share)
        found: list[list[int]] = np.where(rng.random((raters, n)) < know, true, guess).tolist()
        return found

    for n in (60, 173):
        for share, kappa in (((0.5, 0.5), 0.6), ((0.4, 0.3, 0.2, 0.1), 0.4), ((0.8, 0.2), 0.9), ((0.9, 0.1), 0.3)):

            def one(rng: Any, n: int = n, share: Any = share, know: float = math.sqrt(kappa)) -> Interval:
                first, second = rated(rng, 2, n, share, know)
                return cohen_kappa(first, second, RESAMPLES)

            yield covered(
                f"kappa (BCa), n={n}, classes {':'.join(f'{100 * s:.0f}' for s in share)}, {kappa}", kappa, one, simulations
            )
    for n in (60, 173):

        def three(rng: Any, n: int = n) -> Interval:
            return krippendorff_alpha(rated(rng, 3, n, (0.4, 0.3, 0.3), math.sqrt(0.6)), resamples=199)

        name = f"alpha, 3 raters (percentile), n={n}, 3 classes, 0.6"
        yield covered(name, 0.6, three, max(simulations // 4, 1))  # each takes long


def rankings(simulations: int) -> Iterator[Line]:
    """Four models; a patient compares each pair twice, and says the same again half the time."""
    strengths = {"a": 0.75, "b": 0.25, "c": -0.25, "d": -0.75}
    pairs = [(x, y) for x in strengths for y in strengths if x < y]
    chance = np.array([1 / (1 + math.exp(strengths[y] - strengths[x])) for x, y in pairs])
    for patients in (40, 100):
        rng, inside, ranked = np.random.default_rng(0), [], []
        for _ in range(simulations // 2):
            first, again = rng.random((2, patients, len(pairs))) < chance
            again = np.where(rng.random(again.shape) < 0.5, first, again)
            won = [(p, float(w), str(u)) for met in (first, again) for u, row in enumerate(met.tolist())
                   for p, w in zip(pairs, row, strict=True)]  # fmt: skip
            found = bradley_terry([Match(x, y, outcome, unit) for (x, y), outcome, unit in won], RESAMPLES)
            inside += [holds(r.strength, strengths[r.name]) for r in found]
            ranked += [r.rank_low <= "abcd".index(r.name) + 1 <= r.rank_high for r in found]
        yield Line(
            f"strength (percentile), 4 models, {patients} patients", float(np.mean(inside)), COVERAGE, simulations // 2
        )
        yield Line(f"ranks, 4 models, {patients} patients", float(np.mean(ranked)), (0.93, 1.0), simulations // 2)


def families(simulations: int) -> Iterator[Line]:
    """Holm's adjustment of 6 sets x 4 iterations, where no iteration is better than the base: any rejection is an error."""
    rng = np.random.default_rng(0)

    def erred(draw: Callable[[], list[float]], count: int) -> float:
        return float(np.mean([min(p for p in holm(draw()) if p is not None) <= 0.05 for _ in range(count)]))

    def played() -> list[float]:
        """The base and a chain of iterations, each of which changes three answers in ten; patients differ in difficulty."""
        found = []
        for n in (173, 100, 314, 40, 173, 64):
            easy = rng.beta(2, 1, n)
            base = last = rng.random(n) < easy
            for _ in range(4):
                last = np.where(rng.random(n) < 0.3, rng.random(n) < easy, last)
                found.append(mcnemar_p(last.tolist(), base.tolist()))
        return found

    def normal(shared: float) -> list[float]:
        common = np.repeat(rng.normal(size=6), 4)
        z = math.sqrt(shared) * common + math.sqrt(1 - shared) * rng.normal(size=24)
        return [float(p) for p in 2 * norm.sf(np.abs(z))]

    for name, draw, count in (
        ("McNemar, iterations in a chain", played, simulations),
        ("independent p", lambda: normal(0.0), 8 * simulations),  # 4.9 % in theory: close to what is expected at most
        ("p correlated 0.7 in a set", lambda: normal(0.7), 2 * simulations),
    ):
        yield Line(f"family-wise error (Holm), 24 tests, {name}", erred(draw, count), ERROR, count)


def powers(simulations: int) -> Iterator[Line]:
    """How often McNemar's test finds the gain that it is said to find in four of five."""
    for n, p, differ in ((40, 0.5, None), (173, 0.6, None), (314, 0.8, 0.1), (414, 0.6, None), (2113, 0.6, 0.2)):
        gain = least_effect(n, p, differ)
        d = differ if differ is not None else (p + gain) * (1 - p) + p * (1 - p - gain)
        rng, found = np.random.default_rng(0), []
        for won, lost, _ in rng.multinomial(n, [(d + gain) / 2, (d - gain) / 2, 1 - d], simulations).tolist():
            found.append(mcnemar_p(*paired(n, won, lost)) <= 0.05)
        name = f"power (McNemar), n={n}, base {p}, {d:.2f} differ, gain {gain:.3f}"
        yield Line(name, float(np.mean(found)), POWER, simulations)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    n = parser.parse_args().simulations
    gc.freeze()  # statsmodels collects garbage at every call: what is here already is none
    console = Console(width=150)
    table = Table("what", "share %", "± %", "expected %", "verdict")
    failed = 0
    for lines in (shares(), differences(), classes(n), means(n), agreements(n), rankings(n), families(n), powers(n)):
        began = time.monotonic()
        for line in lines:
            failed += line.outside and line.name not in REASONS
            verdict = ("outside: " + REASONS.get(line.name, "?")) if line.outside else "inside"
            error = f"{100 * line.error:.1f}" if line.simulations else "exact"
            band = f"{100 * line.band[0]:g} to {100 * line.band[1]:g}"
            table.add_row(line.name, f"{100 * line.share:.1f}", error, band, verdict)
        console.print(f"{line.name.split(',')[0]}: {time.monotonic() - began:.0f} s", style="dim", highlight=False)
    console.print(table)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
