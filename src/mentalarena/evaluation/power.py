"""What paired tests can find: the power of McNemar's exact test and the least gain that it finds, by exact binomial sums; and the
least mean paired difference, by the t test's power."""

from __future__ import annotations

import math

import numpy as np


def mcnemar_power(n: int, won: float, lost: float, alpha: float = 0.05) -> float:
    """The chance that the two-sided test rejects, with `n` patients of whom these shares are won and lost (the others tie)."""
    from scipy.special import bdtr
    from scipy.stats import binom

    differ = min(won + lost, 1.0)
    if differ <= 0:
        return 0.0
    least, most = binom.ppf([1e-12, 1 - 1e-12], n, differ)
    m = np.arange(least, most + 1)  # how many differ, but for what has a chance of 1 in 10^12
    side = binom.ppf(alpha / 2, m, 0.5)  # the smaller side at which the test still rejects; -1: at none
    side = side - (binom.cdf(side, m, 0.5) > alpha / 2)
    m, side = m[side >= 0].astype(int), side[side >= 0]
    return float(binom.pmf(m, n, differ) @ (bdtr(side, m, won / differ) + bdtr(side, m, lost / differ)))


def least_effect(
    n: int, base_accuracy: float, discordant: float | None = None, alpha: float = 0.05, power: float = 0.8
) -> float:
    """The smallest gain in accuracy (a share) that the two-sided test finds with this power among `n` patients.

    `discordant` is the share of patients on whom the two differ; None: as many as if the two erred independently of each
    other, which is cautious, since models tend to err on the same patients. `inf` where no gain is found so often.
    Raises `ValueError` for shares that cannot be.
    """
    from scipy.optimize import brentq

    p, d = base_accuracy, discordant
    low, high = (0.0, 1 - p) if d is None else (max(0.0, d - 2 * p), min(d, 2 * (1 - p) - d))
    if n < 1 or not 0 <= p <= 1 or not low <= high:
        raise ValueError(f"{n} patients, accuracy {p}, share that differs {d}; expected patients, and shares that can be")

    def excess(gain: float) -> float:
        differ = d if d is not None else (p + gain) * (1 - p) + p * (1 - p - gain)
        return mcnemar_power(n, (differ + gain) / 2, max(differ - gain, 0) / 2, alpha) - power

    if excess(high) < 0:
        return math.inf
    return low if excess(low) >= 0 else float(brentq(excess, low, high, xtol=1e-5))


def least_paired_effect(n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest mean paired difference, in standard deviations of the differences (Cohen's d_z), that a two-sided paired t
    test finds with this power among `n` pairs; a permutation test finds about the same. `inf` for fewer than three pairs.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    if n < 3:
        return math.inf
    limit = float(t.ppf(1 - alpha / 2, n - 1))

    def excess(effect: float) -> float:
        return float(nct.sf(limit, n - 1, effect * math.sqrt(n))) - power  # the other side is never reached

    high = 1.0
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-6))
