"""The one sentence that a reader takes away: what was gained, in which task, against what. Never more than the tests carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentalarena.export.results import Difference, Results
from mentalarena.report.terminal import p_value, points_with_interval

ALPHA = 0.05
EXPLAINED = (
    "Points: difference of the mean probability of a right answer in per cent, with a 95 % interval over patients, not adjusted "
    "for the number of comparisons. Shown: p below .05 in a paired permutation test, Holm-adjusted over the tasks and over both "
    "comparisons, with an interval on the same side of 0."
)


@dataclass(frozen=True)
class Headline:
    """What a page begins with."""

    sentence: str
    more: Sequence[str] = ()
    """Sentences that belong to it."""


def headline(summary: Mapping[str, Any], found: Results | None) -> Headline:
    """Of a run: `found` is what `export.results.results` makes of its best model."""
    measured = [one for one in summary["iterations"] if one.get("evaluation")]
    if not measured:
        played = sum((one.get("play") or {}).get("episodes", 0) for one in summary["iterations"])
        episodes = "One episode was" if played == 1 else f"{played} episodes were" if played else "Episodes were"
        return Headline(f"{episodes} played; nothing was trained or measured, so nothing can be said of a gain.")
    if not summary.get("held_out"):
        return Headline(
            "Nothing can be said of a gain yet: held-out patients, on whom alone it can be shown, are met when the "
            "loop has stopped.",
            ["Development patients steer the loop, so figures on them flatter."],
        )
    best, people = summary["best_iteration"], _people(summary)
    if not best:
        return Headline(
            "Nothing was gained: no trained model did better on the development patients than the untrained one.",
            [f"The table below has the untrained model on {people}."],
        )
    if found is None or found.split != "held-out" or not any(one.against == "base" for one in found.differences):
        return Headline(
            f"No gain can be told: the answers of {people} are not there to be compared, patient by patient.",
            ["The table below has what is left of them."],
        )
    return _compared(best, people, summary, found.differences)


def _compared(best: int, people: str, summary: Mapping[str, Any], told: Sequence[Difference]) -> Headline:
    own = [one for one in told if one.against == "base"]
    control = [one for one in told if one.against != "base"]
    gained = [one for one in own if shown(one) > 0 and _confirmed(one, summary)]
    lost = [one for one in own if shown(one) < 0]
    more = []
    if gained:
        sentence = f"Iteration {best} gained in {_listed(gained)} against the untrained model, on {people}"
        if control:
            beyond = [one for one in control if shown(one) > 0 and one.task in {g.task for g in gained}]
            tasks = [one.task for one in beyond]
            sentence += (
                f", and more than the control in {'each' if len(beyond) == len(gained) > 1 else _and(tasks)}"
                if beyond
                else "; that this is more than the control gained was not shown"
            )
        rest = [one for one in own if one not in gained and one not in lost]
        more += [f"Not shown in {_listed(rest)}."] if rest else []
    elif lost:
        sentence = (
            f"Iteration {best} lost in {_listed(lost)} against the untrained model, on {people}, and gained in no task"
        )
    else:
        sentence = f"No gain was shown against the untrained model: {_listed(own, False)}, on {people}"
        more.append("So much may be chance: no difference has a p below .05 with an interval that leaves 0 out.")
    if gained and lost:
        sentence += f"; it lost in {_listed(lost)}"
    if control:
        more.append(f"Against the control ({summary['control']['kind']}): {_listed(control)}.")
    return Headline(f"{sentence}.", [*more, EXPLAINED])


def shown(one: Difference) -> int:
    """1 for a gain that the test carries, -1 for such a loss, 0 for neither."""
    if one.p_holm is None or one.p_holm >= ALPHA:
        return 0
    return 1 if one.points.low > 0 else -1 if one.points.high < 0 else 0


def _confirmed(one: Difference, summary: Mapping[str, Any]) -> bool:
    """Whether the result table, whose tests are adjusted over other comparisons, says so too."""
    p = summary["held_out"]["best"][one.task].get("p_vs_base_holm")
    return p is not None and p < ALPHA


def _people(summary: Mapping[str, Any]) -> str:
    n = next(iter(summary["held_out"]["base"].values()))["n"]
    where = " of the toy clinic" if summary.get("clinic", "generated") == "generated" else ""
    return f"{n} simulated held-out patients{where}"


def _listed(told: Sequence[Difference], with_p: bool = True) -> str:
    """`diagnosis +8.4 points (-0.8 to +21.1, p .78) and treatment ...`."""
    parts = []
    for one in told:
        points, interval = points_with_interval(one.points.mean, (one.points.low, one.points.high)).split(" ", 1)
        p = f", p {p_value(one.p_holm)}" if with_p and one.p_holm is not None else ""
        parts.append(f"{one.task} {points} points {interval[:-1]}{p})")
    return _and(parts)


def _and(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
