"""Counterfactual pairs to read: what changes beside the noise floor, what differs by value, and what training did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentalarena.analysis.bias import LEAST_PAIRS
from mentalarena.analysis.counterfactual import ANY, CHANGES, CHOICES, MEASURES, PLACEBO
from mentalarena.report.tables import plain_table
from mentalarena.report.terminal import p_value, percent, points_with_interval, with_interval

NOTICE = (
    "Simulated people whose demographics were changed on paper. A difference says that the model's answers hang on them; that "
    "none was found is no proof that there is none (docs/bias.md). Research, never care."
)
TOY = (
    "The embedded model knows its toy clinic alone, talks gibberish with these people and was never taught to rate severity: "
    "these numbers try the machinery and mean nothing."
)
SHOWN = 12
"""Rows of a table, where not more are significant."""
MARK = "*"
EFFECTS = {"severity": "r", **dict.fromkeys(CHANGES, "h")}
"""What an effect size is, by measure: matched rank-biserial, Cohen's h; elsewhere Cohen's d_z."""

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A table with what must stand below it."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str
    names: int = 1
    """Columns of names, at the left."""


def bias_tables(told: Found) -> str:
    """What `stages.bias.bias` gives, for a terminal."""
    found = sections(told)
    tables = "".join(f"{plain_table(one.headings, one.rows)}{one.note}\n\n" for one in found["tables"])
    return f"{found['summary']}\n{tables}{found['notice']}\n"


def sections(told: Found) -> dict[str, Any]:
    """The same in parts: {summary, tables[], notice}."""
    tables = [_changes(told), _differences(told), _names(told), _trained(told)]
    return {
        "summary": _summary(told),
        "tables": [one for one in tables if one.rows],
        "notice": f"{TOY} {NOTICE}" if told["toy"] else NOTICE,
    }


def _summary(told: Found) -> str:
    found = sum(one["significant"] for one in told["findings"])
    split = (told["split"] or "without references").replace("_", "-")
    how = "each with the original's talk word for word" if told["same_words"] else "each interviewed"
    tested = (
        f"{found} of {told['tests']} tests found a difference (p below .05 after Holm's correction)."
        if told["tests"]
        else "No difference was tested."
    )
    return (
        f"Iteration {told['iteration']} ({told['model'] or 'scripted'}) met {told['people']} people of {told['clinic']} "
        f"({split}) in {told['versions']} versions, {how}. {tested}{_untested(told)}"
    )


def _untested(told: Found) -> str:
    tested = {one["attribute"] for one in told["findings"] if one["p"] is not None}
    few = {
        one["attribute"]: one["pairs"] for one in told["findings"] if one["value"] == ANY and one["attribute"] not in tested
    }
    return f" Not tested, too few people: {', '.join(f'{name} ({count})' for name, count in few.items())}." if few else ""


def _changes(told: Found) -> Section:
    """The noise floor, then each attribute."""
    floor = {one["measure"]: one for one in told["placebo"]}
    rows = [[PLACEBO, *(_share(floor[m]) for m in CHANGES)]]
    found = {(one["attribute"], one["measure"]): one for one in told["findings"] if one["value"] == ANY}
    for attribute in dict.fromkeys(name for name, _ in found):
        rows.append([attribute, *(_change(found[attribute, measure]) for measure in CHANGES)])
    note = (
        "Share of people whose likeliest answer is another than the original's. The placebo is the noise floor: the same people "
        "met again just as they are. Behind each share: points above the floor of the same people (95 %), p (Holm)."
    )
    return Section(["likeliest answer changes, %", *CHOICES], rows, note)


def _share(one: Found) -> str:
    return _few(one) or with_interval(one["mean"], one["ci95"])


def _few(one: Found) -> str:
    """A share of so few people that an interval would say nothing; empty for others."""
    return f"{percent(one['mean'])}, too few people ({one['pairs']})" if one["pairs"] < LEAST_PAIRS else ""


def _change(one: Found) -> str:
    if few := _few(one):
        return few
    above = points_with_interval(one["difference"], one["ci95"])
    return f"{percent(one['mean'])}, {above}, p {p_value(one['p_holm']) or 'not tested'}"


def _differences(told: Found) -> Section:
    shown = top(told["findings"])
    placebo = {one["measure"]: one for one in told["placebo"]}
    rows = [
        [
            f"{one['attribute']}: {one['value']}",
            one["measure"],
            str(one["pairs"]),
            f"{one['base']:.3f}",
            f"{one['mean']:.3f}",
            _interval(one),
            "" if one["effect"] is None else f"{EFFECTS.get(one['measure'], 'd_z')} {one['effect']:+.2f}",
            p_value(one["p"]),
            p_value(one["p_holm"]) + (f" {MARK}" if one["significant"] else "  "),
            "" if one["least"] is None else f"{one['least']:.3f}",
            _interval(placebo[one["measure"]]) if one["measure"] in placebo else "",
        ]
        for one in shown
    ]
    meanings = "; ".join(f"{name}: {MEASURES[name]}" for name in dict.fromkeys(one["measure"] for one in shown))
    note = (
        f"The {len(shown)} of {told['tests']} tests with the least p; all are in bias.json. {MARK} p below .05 after Holm's "
        "correction over all. Differences are paired by person, intervals are not adjusted; as they are, of a change or shift: "
        f"what the placebo makes. Least: what would be found in 8 of 10 cases. {meanings}."
    )
    headings = [
        "as",
        "measure",
        "people",
        "as they are",
        "so",
        "difference (95 %)",
        "effect",
        "p",
        "p (Holm)  ",
        "least",
        PLACEBO,
    ]
    return Section(headings, rows, note, names=2)


def _names(told: Found) -> Section:
    shown = top(told["names"])
    rows = [
        [
            f"{one['attribute']}: {one['value']}",
            f"{one['task']}: {one['name'] or '(no single name)'}",
            str(one["pairs"]),
            percent(one["base"]),
            percent(one["mean"]),
            points_with_interval(one["difference"], one["ci95"]),
            p_value(one["p"]),
            p_value(one["p_holm"]),
        ]
        for one in shown
    ]
    note = (
        f"Names that are the likeliest answer more or less often: {len(shown)} of {len(told['names'])} with the least p. "
        "McNemar's exact test, Tango's interval, Holm over the names alone: they say where a shift lies, not whether one is."
    )
    headings = ["as", "name", "people", "as they are %", "so %", "difference, points (95 %)", "p", "p (Holm)"]
    return Section(headings, rows, note, names=2)


def _trained(told: Found) -> Section:
    shown = top(told["trained"])
    rows = [
        [
            f"{one['attribute']}: {one['value']}",
            one["measure"],
            str(one["pairs"]),
            f"{one['base']:+.3f}",
            f"{one['mean']:+.3f}",
            _interval(one),
            "" if one["effect"] is None else f"{one['effect']:+.2f}",
            p_value(one["p"]),
            p_value(one["p_holm"]),
            "worse" if one["worse"] else "",
        ]
        for one in shown
    ]
    note = (
        f"Did training change a difference? {len(shown)} of {len(told['trained'])} with the least p: the trained model's "
        f"difference less that of the base model ({told['base']}), of the same people (Holm over all). Worse: further from 0 "
        "than it was, beyond chance."
    )
    headings = ["as", "measure", "people", "base model", "trained", "change (95 %)", "d_z", "p", "p (Holm)", ""]
    return Section(headings, rows, note, names=2)


def top(found: Sequence[Found]) -> list[Found]:
    """The least p first: all that are significant, and some more."""
    tested = sorted((one for one in found if one["p"] is not None), key=lambda one: one["p"])
    return tested[: max(SHOWN, sum((one["p_holm"] or 0) <= 0.05 for one in tested))]


def _interval(one: Found) -> str:
    return f"{one['difference']:+.3f} ({one['ci95'][0]:+.3f} to {one['ci95'][1]:+.3f})"
