"""Curves with intervals as SVG: one panel a measure, for a page that is light, dark or paper, and for people who only hear it.

A panel is drawn with the page's own colour of text (`currentColor`) and two CSS variables, `--curve` for what is shown and
`--control` for what it is held against; without them it has colours that can be read on white and on black. Nothing tells by
colour alone: points differ in shape, and each has its name below it.

    panel("diagnosis", [Series("development, by iteration", points, joined=True), Series("held-out", others)])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from mentalarena.evaluation.therapist import TASKS
from mentalarena.evaluation.verifier import CHANCE, CHECKS

Mark = Literal["dot", "ring", "square"]
WIDTH, HEIGHT = 320, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 12, 46
_GAP = 26
"""Between two series of a panel."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its 95 % interval, where it has one; all as shares of 1."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    mark: Mark = "dot"

    def told(self) -> str:
        interval = (
            f" ({100 * self.low:.1f} to {100 * self.high:.1f})" if self.low is not None and self.high is not None else ""
        )
        return f"{self.name}: {100 * self.value:.1f} %{interval}"


@dataclass(frozen=True, slots=True)
class Series:
    """Points side by side."""

    name: str
    points: Sequence[Point]
    joined: bool = False
    """Whether a line leads from each to the next: where they follow on each other."""
    level: float | None = None
    """What a constant answer or a coin would have, as a dashed line."""
    level_name: str = ""


def panel(title: str, series: Sequence[Series], top: float = 1.0) -> str:
    """One drawing with title and text alternative. Values above `top` (a share of 1) would leave it."""
    shown = [one for one in series if one.points]
    told = ". ".join(
        f"{one.name}: {'; '.join(point.told() for point in one.points)}"
        + (f"; {one.level_name} {100 * one.level:.1f} %" if one.level is not None else "")
        for one in shown
    )
    parts = [
        f'<svg class="panel" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(f"{title}. {told}")}" '
        'font-size="11" font-family="inherit" fill="currentColor">',
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>",
        *_scale(top),
    ]
    slots = sum(len(one.points) for one in shown)
    step = (WIDTH - _LEFT - _RIGHT - _GAP * max(len(shown) - 1, 0)) / max(slots, 1)
    left = float(_LEFT)
    for one in shown:
        parts += _drawn(one, left, step, top)
        left += step * len(one.points) + _GAP
    return "".join((*parts, "</svg>"))


def gain_panels(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A panel a task, with its title: the probability of a right answer, of development patients by iteration, and of held-out
    patients by base, control and best model."""
    found, held_out = [], summary.get("held_out") or {}
    ends: tuple[tuple[str, Mark], ...] = (("base", "ring"), ("control", "square"), ("best", "dot"))
    for task in TASKS:
        own = {name: held_out[name][task] for name, _ in ends if name in held_out}
        last = [_point_of(name, own[name], "probability", mark) for name, mark in ends if name in own]
        level = own["base"]["constant_baseline"] if own else None
        title = f"Right {task}: probability, %"
        series = [
            _by_iteration(summary, task, "probability", "constant answer"),
            Series("held-out", last, False, level, "constant answer"),
        ]
        found.append((title, panel(title, series)))
    return found


def verifier_panels(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A panel a check of the verifier, with its title: how often its verdicts are right, by iteration."""
    found = []
    for check in CHECKS:
        series = _by_iteration(summary, f"verifier_{check}", "accuracy", "a coin", CHANCE)
        title = f"{check.capitalize()}: right verdicts, %"
        found += [(title, panel(title, [series]))] if series.points else []
    return found


def _by_iteration(
    summary: Mapping[str, Any], what: str, figure: str, level_name: str, level: float | None = None
) -> Series:
    measured = [one for one in summary["iterations"] if what in (one.get("evaluation") or {})]
    told = [(one["iteration"], one["evaluation"][what]) for one in measured]
    points = [_point_of(str(n), one, figure, "dot" if n else "ring") for n, one in told]
    if level is None and told:
        level = told[0][1]["constant_baseline"]
    return Series("development, by iteration", points, True, level, level_name)


def _point_of(name: str, told: Mapping[str, Any], figure: str, mark: Mark) -> Point:
    low, high = told["ci95"]
    return Point(name, told[figure], low, high, mark)


def _y(value: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - min(max(value / top, 0.0), 1.0))


def _scale(top: float) -> Iterable[str]:
    for part in range(5):
        y = _y(top * part / 4, top)
        yield f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity=".16"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * top * part / 4:.0f}</text>'


def _drawn(one: Series, left: float, step: float, top: float) -> Iterable[str]:
    places = [left + step * (n + 0.5) for n in range(len(one.points))]
    right, middle = left + step * len(one.points), left + step * len(one.points) / 2
    if one.level is not None:
        y = _y(one.level, top)
        yield f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="currentColor" stroke-dasharray="3 4" stroke-opacity=".7"/>'
    if one.joined and len(places) > 1:
        line = "L".join(f"{x:.1f} {_y(point.value, top):.1f}" for x, point in zip(places, one.points, strict=True))
        yield f'<path d="M{line}" fill="none" style="stroke:var(--curve,#2f7fa3)" stroke-width="1.5"/>'
    each = max(1, -(-len(one.points) * 16 // max(int(step * len(one.points)), 1)))  # every n-th name, so that none meet
    for n, (x, point) in enumerate(zip(places, one.points, strict=True)):
        yield from _point(x, point, top)
        if n % each == 0:
            yield f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{escape(point.name)}</text>'
    yield f'<text x="{middle:.1f}" y="{HEIGHT - 10}" text-anchor="middle" fill-opacity=".8">{escape(one.name)}</text>'


def _point(x: float, point: Point, top: float) -> Iterable[str]:
    colour = "var(--control,#a3622f)" if point.mark == "square" else "var(--curve,#2f7fa3)"
    y = _y(point.value, top)
    yield f'<g style="stroke:{colour};fill:{colour}" stroke-width="1.5">'
    if point.low is not None and point.high is not None:
        low, high = _y(point.low, top), _y(point.high, top)
        yield f'<path d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {low:.1f}h8M{x - 4:.1f} {high:.1f}h8" fill="none"/>'
    if point.mark == "square":
        yield f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'
    else:
        hollow = ' style="fill:var(--page,#fff)"' if point.mark == "ring" else ""
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"{hollow}/>'
    yield "</g>"
