"""The signals of play in a terminal: a line a signal, a column an iteration, and what the stopping rule says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentalarena.analysis.correlation import Correlation
from mentalarena.analysis.signals import SIGNALS
from mentalarena.report.tables import plain_table

NOTICE = "Signals of simulated play. They may tell when to stop learning; they never say that a model may treat anyone."


def signal_rows(told: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What `stages.analyse.analyse` gives as lines: a signal's name, and value and interval of each iteration."""
    found = []
    for name in SIGNALS:
        cells = [_cell(one["measured"].get(name), one["chance"].get(name)) for one in told["signals"]]
        if any(cells):
            found.append((name, cells))
    return found


def analysis_table(told: Mapping[str, Any]) -> str:
    """The signals of a run with their intervals, the steps that fail most, and the decision after each iteration."""
    iterations = [str(one["iteration"]) for one in told["signals"]]
    text = plain_table(["signal (95 %)", *iterations], [[name, *cells] for name, cells in signal_rows(told)])
    for one, rates in zip(told["signals"], told["problems"], strict=True):
        worst = [f"{step} {_cell(rate)}" for step, rate in list(rates.items())[:3]]
        text += f"problems in iteration {one['iteration']}, share of episodes: {', '.join(worst)}\n" if worst else ""
    for one in told["decisions"]:
        then = f"; the next model's score changed by {_cell(one['next_change'])}" if one["next_change"] else ""
        text += f"after iteration {one['iteration']}: {'STOP' if one['stop'] else 'go on'}: {one['reason']}{then}\n"
    acted = "the loop stops by it" if told["stopping"] == "signals" else "the loop stopped by patience alone"
    return f"{text}The rule is loop.stopping = 'signals' ({acted}). {NOTICE}\n"


def correlation_table(found: Sequence[Correlation]) -> str:
    """Which signals go with the gain that followed."""
    if not found:
        return "No signal has three pairs with a gain that followed: more iterations or runs are needed.\n"
    rows = [
        [one.signal, _number(one.rho), _bounds(one), _number(one.within), str(one.n), str(one.runs)]
        for one in sorted(found, key=lambda one: -abs(one.rho or 0))
    ]
    text = plain_table(["signal", "rho with the gain", "95 % by run", "within iterations", "pairs", "runs"], rows)
    return f"{text}Spearman, development patients, {len(found)} signals looked at: expect some to correlate by chance.\n"


def _cell(told: Sequence[float] | None, chance: float | None = None) -> str:
    if told is None:
        return ""
    value, low, high = told
    return f"{value:.3g} ({low:.3g} to {high:.3g})" + (f", chance {chance:.3g}" if chance is not None else "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _bounds(one: Correlation) -> str:
    return "-" if one.low is None or one.high is None else f"{one.low:+.2f} to {one.high:+.2f}"
