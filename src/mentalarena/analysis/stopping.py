"""When to stop: the development score, whether rows are still new, and whether play has collapsed into itself.

Everything here is a pure function of the history. A threshold is passed by the whole interval, never by the value alone, and
what is compared with iteration 0 must have left its interval too: noise alone stops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mentalarena.analysis.drift import KINDS
from mentalarena.analysis.signals import NAMED, Signals
from mentalarena.evaluation.verifier import CHANCE, CHECKS


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds, chosen to be conservative: none was tuned to a run."""

    rows: int = 20
    """Rows that an iteration must have before its texts are judged."""
    near_duplicates: float = 0.5
    """Collapse: surely more than this share of rows have a near twin, and surely more than in iteration 0."""
    distinct: float = 0.5
    """Collapse: distinct-2 of answers or dialogues surely less than this share of iteration 0's."""
    entropy: float = 0.5
    """Collapse: entropy of diagnoses, treatments or medicines surely less than this share of iteration 0's."""
    verifier: float = 0.5
    """Collapse: of what a check of the verifier was above chance in iteration 0, surely less than this share is left."""
    yielded: float = 0.25
    """Collapse: surely fewer rows an episode than this share of iteration 0's: what is made twice is kept once."""
    likelier: float = 1.0
    """Collapse: perplexity and spread have both surely fallen below this share of iteration 0's."""
    border: float = 0.5
    """Exhausted: a diversity gain surely below this share of iteration 0's own spread, which is what rows of the same kind
    would gain. (The paper's border, below which the next iteration hurts; it gives no figure.)"""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to go on."""

    stop: bool
    reason: str
    collapse: tuple[str, ...] = ()
    """Why the play counts as collapsed; each reason names the signal, its value and what it was held against."""


def decide(history: Sequence[Signals], patience: int = 1, limits: Limits | None = None) -> Decision:
    """Go on after the last iteration of `history` (its rows not yet learnt), or stop: for a collapse, for `patience` iterations
    without a better development score, or where new rows are hardly new and the score did not surely rise.

    What was not measured decides nothing. Raises `ValueError` for no history.
    """
    if not history:
        raise ValueError("no history; expected one iteration at least")
    limits = limits or Limits()
    if found := collapse(history, limits):
        return Decision(True, f"collapse: {'; '.join(found)}", found)
    scores = [score.mean if (score := one.get("score")) else None for one in history]
    known = [score for score in scores if score is not None]
    if known and len(history) - 1 - scores.index(max(known)) >= patience:
        return Decision(True, f"no better development score for {patience} iteration(s)")
    if told := _exhausted(history, limits):
        return Decision(True, told)
    return Decision(False, f"no rule says stop: {'; '.join(_looked_at(history, patience))}")


def collapse(history: Sequence[Signals], limits: Limits | None = None) -> tuple[str, ...]:
    """Why the last iteration's play counts as collapsed into itself; empty where it does not, or has not been played."""
    limits = limits or Limits()
    first, last = history[0], history[-1]
    if not last.episodes and not last.rows:
        return ()
    found = list(_few_rows(first, last, limits))
    if last.rows >= limits.rows:
        found += _twins(first, last, limits)
        found += _fallen(first, last, "distinct_2", limits.distinct, "answers use fewer words")
        found += _likelier(first, last, limits)
    found += _fallen(first, last, "talk_distinct_2", limits.distinct, "dialogues use fewer words")
    for kind in KINDS:
        named = last.get(NAMED[kind])
        if named and named.mean * last.episodes >= limits.rows:
            found += _fallen(first, last, f"{kind}_entropy", limits.entropy, f"the same {kind} comes again and again")
    for check in CHECKS:
        found += _eroded(first, last, f"verifier_{check}", limits.verifier)
    return tuple(found)


def _twins(first: Signals, last: Signals, limits: Limits) -> list[str]:
    now, before = last.get("near_duplicates"), first.get("near_duplicates")
    if not now or now.low <= limits.near_duplicates:
        return []
    if last.iteration > first.iteration and before and now.low <= before.high:
        return []  # this clinic's rows are alike from the start
    return [f"rows repeat each other: near_duplicates {now.mean:.0%} (above {limits.near_duplicates:.0%})"]


def _fallen(first: Signals, last: Signals, name: str, share: float, what: str) -> list[str]:
    now, before = last.get(name), first.get(name)
    if last.iteration == first.iteration or not now or not before or now.high >= min(share * before.mean, before.low):
        return []
    return [f"{what}: {name} {now.mean:.3g} (iteration {first.iteration}: {before.mean:.3g})"]


def _eroded(first: Signals, last: Signals, name: str, share: float) -> list[str]:
    """Verdicts that have become a coin: what a model learns from them is chance."""
    now, before = last.get(name), first.get(name)
    if last.iteration == first.iteration or not now or not before or before.low <= CHANCE:
        return []
    if now.high >= min(CHANCE + share * (before.mean - CHANCE), before.low):
        return []
    return [f"the verifier has lost its judgement: {name} {now.mean:.0%} (iteration {first.iteration}: {before.mean:.0%})"]


def _few_rows(first: Signals, last: Signals, limits: Limits) -> list[str]:
    return _fallen(first, last, "rows_per_episode", limits.yielded, "episodes give few distinct rows")


def _likelier(first: Signals, last: Signals, limits: Limits) -> list[str]:
    fallen = [_fallen(first, last, name, limits.likelier, name) for name in ("perplexity", "spread")]
    if not all(fallen):
        return []
    return [f"rows are likelier and nearer to each other: {'; '.join(text.split(': ', 1)[1] for [text] in fallen)}"]


def _exhausted(history: Sequence[Signals], limits: Limits) -> str:
    first, last = history[0], history[-1]
    gain, usual, change = last.get("diversity_gain"), first.get("spread"), last.get("score_change")
    if last.rows < limits.rows or not gain or not usual or not change:
        return ""
    if change.low > 0 or gain.high >= limits.border * usual.mean:
        return ""
    return (
        f"rows are hardly new (diversity_gain {gain.mean:.3g}, below {limits.border:.0%} of iteration {first.iteration}'s own "
        f"spread {usual.mean:.3g}) and the development score did not surely rise ({change.mean:+.3f}, "
        f"{change.low:+.3f} to {change.high:+.3f})"
    )


def _looked_at(history: Sequence[Signals], patience: int) -> list[str]:
    """What the rule looked at where it found nothing to stop for."""
    last = history[-1]
    played = bool(last.episodes or last.rows)
    score, change, gain = last.get("score"), last.get("score_change"), last.get("diversity_gain")
    before = [earlier.mean for one in history[:-1] if (earlier := one.get("score"))]
    found = ["no sign of collapse" if played else "its model has not played"]
    if not score:
        found.append("no development score")
    else:
        best = (
            "the first" if not before else "the best so far" if score.mean > max(before) else f"within patience {patience}"
        )
        changed = f", changed by {change.mean:+.3f} ({change.low:+.3f} to {change.high:+.3f})" if change else ""
        found.append(f"development score {score.mean:.3f}, {best}{changed}")
    if gain and played:
        found.append(f"diversity_gain {gain.mean:.3g}")
    return found


def decisions(history: Sequence[Signals], patience: int = 1, limits: Limits | None = None) -> list[Decision]:
    """What the rule would have said after each iteration, on what was known then."""
    return [decide(history[: place + 1], patience, limits) for place in range(len(history))]
