"""The one sentence that a reader takes away: what was gained, in which task, against what. Never more than the tests carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentalarena.export.results import Difference, Results
from mentalarena.report.terminal import p_value, points_with_interval
from mentalarena.report.text import times

ALPHA = 0.05
EXPLAINED = (
    "Points: difference of the mean probability of a right answer in per cent, with a 95 % interval over patients, not adjusted "
    "for the number of comparisons. Shown: p below .05 in a paired permutation test, Holm-adjusted over the tasks and over both "
    "comparisons, with an interval on the same side of 0; against the untrained model p in the result table is below .05 too."
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
    if not trained(summary):
        return Headline(
            "Nothing was trained: the figures are those of the models as they were given.",
            [f"The table below has them on {people}."],
        )
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
    looks = found.looks or summary.get("held_out_looks", ())
    if further_looks(summary, looks):
        return _stale(best, people, looks, found.differences)
    return _compared(best, people, summary, found.differences)


def trained(summary: Mapping[str, Any]) -> bool:
    """Whether there is more than the models as they were given."""
    return len(summary["iterations"]) > 1


def further_looks(summary: Mapping[str, Any], looks: Sequence[str]) -> list[str]:
    """Who met the held-out patients beside base, best and control, each once: after a loop that went on the best model of before
    is one of them, and so is whoever a contest sent. With any, the held-out comparison is no fresh test."""
    own = ["base", *([f"best-iteration-{best:02d}"] if (best := summary["best_iteration"]) else [])]
    own += [f"control-{control['kind']}"] if (control := summary.get("control")) else []
    return sorted((Counter(looks) - Counter(own)).elements())


def _stale(best: int, people: str, looks: Sequence[str], told: Sequence[Difference]) -> Headline:
    """Of patients who were met too often: figures, and no verdict on them."""
    more = [
        f"Iteration {best} less the {'untrained model' if against == 'base' else against}, for what it is worth: "
        f"{_listed([one for one in told if one.against == against], False)}."
        for against in dict.fromkeys(one.against for one in told)
    ]
    return Headline(
        f"This is no fresh test, so neither a gain nor a loss can be told: {people} were met {times(len(looks))} "
        f"({', '.join(looks)}), which is more than once each by base, best and control.",
        [
            "Whoever looks, goes on and looks again has chosen on what was seen; intervals and p know nothing of that.",
            *more,
        ],
    )


def _compared(best: int, people: str, summary: Mapping[str, Any], told: Sequence[Difference]) -> Headline:
    own = [one for one in told if one.against == "base"]
    control = [one for one in told if one.against != "base"]
    gained = [one for one in own if shown(one) > 0 and _confirmed(one, summary)]
    lost = [one for one in own if shown(one) < 0 and _confirmed(one, summary)]
    unsure = [one for one in own if _side(one) and bool(shown(one)) != _confirmed(one, summary)]
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
        rest = [one for one in own if one not in (*gained, *lost, *unsure)]
        more += [f"Not shown in {_listed(rest)}."] if rest else []
    elif lost:
        sentence = (
            f"Iteration {best} lost in {_listed(lost)} against the untrained model, on {people}, and gained in no task"
        )
    else:
        sentence = f"No gain was shown against the untrained model: {_listed(own, False)}, on {people}"
        if not unsure:
            more.append(
                "So much may be chance: no difference from the untrained model has a p below .05 with an interval that leaves "
                "0 out."
            )
    if unsure:
        table = _and([p_value(_in_table(one, summary)) or "missing" for one in unsure])
        more.append(
            f"Two ways of adjusting p disagree about {_listed(unsure)}: this one, over the differences from base and control, "
            f"and that of the result table, where p is {table}. So nothing is claimed of it."
        )
    if gained and lost:
        sentence += f"; it lost in {_listed(lost)}"
    if control:
        more.append(f"Against the control ({summary['control']['kind']}): {_listed(control)}.")
    return Headline(f"{sentence}.", [*more, EXPLAINED])


def shown(one: Difference) -> int:
    """1 for a gain that the test carries, -1 for such a loss, 0 for neither."""
    return 0 if one.p_holm is None or one.p_holm >= ALPHA else _side(one)


def _side(one: Difference) -> int:
    """On which side of 0 the interval lies; 0 where it holds it."""
    return 1 if one.points.low > 0 else -1 if one.points.high < 0 else 0


def _confirmed(one: Difference, summary: Mapping[str, Any]) -> bool:
    """Whether the result table, whose tests are adjusted over other comparisons, says so too."""
    p = _in_table(one, summary)
    return p is not None and p < ALPHA


def _in_table(one: Difference, summary: Mapping[str, Any]) -> float | None:
    p = summary["held_out"]["best"][one.task].get("p_vs_base_holm")
    return None if p is None else float(p)


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
