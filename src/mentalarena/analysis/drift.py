"""What is diagnosed and proposed, iteration by iteration, how far that moves, and which steps fail.

Patients are drawn anew each iteration, so some movement is chance; `chance` says how much of it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mentalarena.analysis.intervals import of_parts
from mentalarena.arena.trials import TRIALS
from mentalarena.arena.types import Episode
from mentalarena.evaluation.statistics import Interval, share_interval

Kind = Literal["diagnosis", "treatment", "medicine"]
KINDS: tuple[Kind, ...] = ("diagnosis", *TRIALS)


@dataclass(frozen=True, slots=True)
class Drift:
    """How far two distributions of names are apart."""

    distance: Interval
    """Jensen-Shannon distance with base 2: 0 for equal distributions, 1 for those without a common name."""
    chance: float
    """The distance that 95 % of random partitions of the same episodes stay below: what a movement must pass."""


def named_in(episodes: Iterable[Episode], kind: Kind) -> list[str]:
    """The diagnosis that was agreed on, or the best treatment or medicine (without verdicts: the first), an episode each;
    episodes without any are left out."""
    found = []
    for episode in episodes:
        if kind == "diagnosis":
            name = episode.diagnosis.chosen if episode.diagnosis else None
        else:
            best = episode.best(kind) or next((trial for trial in episode.trials if trial.kind == kind), None)
            name = best.proposal if best else None
        if name:
            found.append(name)
    return found


def distribution(names: Iterable[str]) -> dict[str, float]:
    """The share of each name, the most frequent first."""
    counts = Counter(names)
    total = counts.total()
    return {name: count / total for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def entropy(names: Sequence[str], resamples: int = 9999) -> Interval:
    """Shannon entropy of the names in bits, with a 95 % interval over episodes (`of_parts`): 0 where all are one.

    As it is counted, so too low by about (kinds of names - 1) / (2 ln 2 episodes) bits. Where all are one, it ends at what
    another name would bring with Wilson's upper share. Raises `ValueError` for no names."""
    codes = _codes(names)
    if len(set(names)) == 1:
        other = min(share_interval([False] * len(names)).high, 0.5)
        return Interval(0.0, 0.0, -sum(share * math.log2(share) for share in (other, 1 - other)))

    def of(places: NDArray[np.int64]) -> float:
        counts = np.bincount(codes[places])
        shares = counts[counts > 0] / len(places)
        return abs(float((shares * np.log2(shares)).sum()))

    return of_parts(of, _alone(names), resamples, 0.0, math.log2(len(names)) if names else 0.0)


def drift(first: Sequence[str], second: Sequence[str], resamples: int = 9999, seed: int = 0) -> Drift:
    """The Jensen-Shannon distance between two lists of names, with a 95 % interval over episodes (`of_parts`).

    The distance of two samples is never 0, so its interval seldom holds 0 either: compare with `chance`, from at most 999
    random partitions. Raises `ValueError` for no names on either side.
    """
    if not first or not second:
        raise ValueError(f"{len(first)} and {len(second)} names; expected one of each at least")
    codes = _codes([*first, *second])
    second_side = np.arange(len(codes)) >= len(first)

    def of(places: NDArray[np.int64]) -> float:
        return _distance(codes[places], second_side[places])

    rng, everybody = np.random.default_rng(seed), np.arange(len(codes))
    mixed = [_distance(codes, rng.permutation(second_side)) for _ in range(min(resamples, 999))]
    if min(len(first), len(second)) < 2:  # nothing could be left out
        distance = Interval(of(everybody), 0.0, 1.0)
    else:
        distance = of_parts(of, _alone(codes), resamples, 0.0, 1.0)
    return Drift(distance, float(np.quantile(mixed, 0.95)))


def _codes(names: Sequence[str]) -> NDArray[np.int64]:
    places = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], np.int64)


def _alone(items: Sequence[Any] | NDArray[Any]) -> list[str]:
    """Each name is another episode's."""
    return [str(number) for number in range(len(items))]


def _distance(codes: NDArray[np.int64], second: NDArray[np.bool_]) -> float:
    """Between the names of the second side and those of the other; nan where one side is empty."""
    from scipy.spatial.distance import jensenshannon

    kinds = int(codes.max()) + 1
    sides = [np.bincount(codes[side], minlength=kinds) for side in (~second, second)]
    if not all(side.any() for side in sides):
        return math.nan
    with np.errstate(invalid="ignore"):
        found = float(jensenshannon(*sides, base=2))
    return 0.0 if math.isnan(found) else found  # a rounding below zero has no root


def problem_rates(episodes: Sequence[Episode]) -> Mapping[str, Interval]:
    """By step, the share of episodes with a problem there, with its 95 % Wilson interval, the highest first; numbered branches
    of a step (`choice-1`, `choice-2`) count as one. Empty for no episodes."""
    steps = [{re.sub(r"-\d+$", "", problem.step) for problem in episode.problems} for episode in episodes]
    rates = {step: share_interval([step in met for met in steps]) for step in sorted(set().union(*steps))}
    return dict(sorted(rates.items(), key=lambda item: -item[1].mean))
