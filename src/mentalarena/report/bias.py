"""Counterfactual pairs in a terminal: what changes beside the noise floor, what differs by value, and what training did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentalarena.analysis.counterfactual import ANY, CHANGES, CHOICES, MEASURES, PLACEBO
from mentalarena.report.analysis import text_table
from mentalarena.report.terminal import p_value, percent, with_interval

NOTICE = (
    "Simulated people whose demographics were changed on paper: a difference says that the model, or the patient it plays "
    "with, hangs on them; that none was found is no proof that there is none (docs/bias.md). Never care."
)
SHOWN = 12
MARK = "*"
EFFECTS = {"severity": "r", **dict.fromkeys(CHANGES, "h")}
"""What an effect size is, by measure: matched rank-biserial, Cohen's h; elsewhere Cohen's d_z."""


def bias_tables(told: Mapping[str, Any]) -> str:
    """What `stages.bias.bias` gives, to read."""
    text = f"{summary(told)}\n{text_table(CHANGE_HEADINGS, change_rows(told))}"
    text += f"{CHANGE_NOTE}\n\n"
    shown = top(told["findings"])
    text += text_table(DIFFERENCE_HEADINGS, difference_rows(told, shown))
    text += f"{difference_note(told, shown)}\n\n"
    if told["names"]:
        shown = top(told["names"])
        text += text_table(NAME_HEADINGS, name_rows(shown))
        text += f"{name_note(told, shown)}\n\n"
    if told["trained"]:
        shown = top(told["trained"])
        text += text_table(TRAINED_HEADINGS, trained_rows(shown))
        text += f"{trained_note(told, shown)}\n\n"
    return f"{text}{NOTICE}\n"


def summary(told: Mapping[str, Any]) -> str:
    """Who was met, and how many tests came out."""
    found = sum(one["significant"] for one in told["findings"])
    how = "each with the original's talk word for word" if told["same_words"] else "each interviewed"
    return (
        f"Iteration {told['iteration']} ({told['model']}) met {told['people']} people of {told['clinic']} "
        f"({told['split'].replace('_', '-')}) in {told['versions']} versions, {how}. {found} of {told['tests']} tests found a "
        "difference (p below .05 after Holm's correction)."
    )


CHANGE_HEADINGS = ["likeliest answer changes, %", *(task for task in CHOICES)]
CHANGE_NOTE = (
    "Share of people whose likeliest answer is another than the original's. The placebo is the noise floor: the same people met "
    "again just as they are. Behind each share: points above the floor of the same people (95 %), p (Holm)."
)


def change_rows(told: Mapping[str, Any]) -> list[list[str]]:
    """The noise floor, then each attribute."""
    floor = {one["measure"]: one for one in told["placebo"]}
    rows = [[PLACEBO, *(with_interval(floor[m]["mean"], floor[m]["ci95"]) if m in floor else "" for m in CHANGES)]]
    found = {(one["attribute"], one["measure"]): one for one in told["findings"] if one["value"] == ANY}
    for attribute in dict.fromkeys(name for name, _ in found):
        cells = [_change(found.get((attribute, measure))) for measure in CHANGES]
        rows.append([attribute, *cells])
    return rows


def _change(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return ""
    low, high = map(_points, one["ci95"])
    return f"{percent(one['mean'])}, {_points(one['difference'])} ({low} to {high}), p {p_value(one['p_holm']) or '-'}"


DIFFERENCE_HEADINGS = [
    "as", "measure", "people", "as they are", "so", "difference (95 %)", "effect", "p", "p (Holm)  ", "least found", "placebo"
]  # fmt: skip


def difference_rows(told: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One finding a line."""
    placebo = {one["measure"]: one for one in told["placebo"]}
    return [
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


def difference_note(told: Mapping[str, Any], shown: Sequence[Any]) -> str:
    """How to read them."""
    kinds = dict.fromkeys(one["measure"] for one in shown)
    meanings = "; ".join(f"{name}: {MEASURES[name]}" for name in kinds)
    return (
        f"The {len(shown)} of {told['tests']} tests with the least p; all are in bias.json. {MARK} p below .05 after Holm's "
        f"correction over all. Differences are paired by person, intervals not adjusted. {meanings}."
    )


NAME_HEADINGS = ["as", "name", "people", "as they are %", "so %", "difference, points (95 %)", "p", "p (Holm)"]


def name_rows(shown: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One name a line."""
    return [
        [
            f"{one['attribute']}: {one['value']}",
            f"{one['task']}: {one['name'] or '(no single name)'}",
            str(one["pairs"]),
            percent(one["base"]),
            percent(one["mean"]),
            f"{_points(one['difference'])} ({_points(one['ci95'][0])} to {_points(one['ci95'][1])})",
            p_value(one["p"]),
            p_value(one["p_holm"]),
        ]
        for one in shown
    ]


def name_note(told: Mapping[str, Any], shown: Sequence[Any]) -> str:
    """How to read them."""
    return (
        f"Names that are the likeliest answer more or less often: {len(shown)} of {len(told['names'])} with the least p. "
        "McNemar's exact test, Tango's interval, Holm over the names alone: they say where a shift lies, not whether one is."
    )


TRAINED_HEADINGS = ["as", "measure", "people", "base model", "trained", "change (95 %)", "d_z", "p", "p (Holm)", ""]


def trained_rows(shown: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One difference of differences a line."""
    return [
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


def trained_note(told: Mapping[str, Any], shown: Sequence[Any]) -> str:
    """How to read them."""
    return (
        f"Did training change a difference? {len(shown)} of {len(told['trained'])} with the least p: the trained model's "
        "difference less the base model's, of the same people (Holm over all). Worse: further from 0 than it was, beyond chance."
    )


def top(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The least p first: all that are significant, and some more."""
    tested = sorted((one for one in found if one["p"] is not None), key=lambda one: one["p"])
    return tested[: max(SHOWN, sum((one["p_holm"] or 0) <= 0.05 for one in tested))]


def _interval(one: Mapping[str, Any]) -> str:
    return f"{one['difference']:+.3f} ({one['ci95'][0]:+.3f} to {one['ci95'][1]:+.3f})"


def _points(value: float) -> str:
    return f"{round(100 * value, 1) + 0.0:+.1f}"  # no -0.0
