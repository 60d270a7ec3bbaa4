"""Drawings: everything is within them, everything is told in words, and no name is markup."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.report.curves import HEIGHT, WIDTH, Point, Series, gain_panels, panel, verifier_panels


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)  # noqa: S314  (our own drawing)


SHARES = st.floats(0, 1)


@given(st.lists(st.tuples(SHARES, SHARES, SHARES).map(sorted), max_size=30), st.lists(SHARES, max_size=4))
def test_every_mark_stays_within_the_drawing(values: list[list[float]], others: list[float]) -> None:
    first = Series(
        "by iteration", [Point(str(n), v, low, high) for n, (low, v, high) in enumerate(values)], True, 0.2, "coin"
    )
    drawn = parsed(panel("a title", [first, Series("others", [Point("x", v, mark="square") for v in others])]))
    for mark in drawn.iter():
        for name, most in (("cx", WIDTH), ("x", WIDTH), ("cy", HEIGHT), ("y", HEIGHT)):
            assert 0 <= float(mark.get(name, "0")) <= most
        for x, y in re.findall(r"[ML](-?[0-9.]+) (-?[0-9.]+)", mark.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT
    assert len(list(drawn.iter("circle"))) == len(values)
    assert len(list(drawn.iter("rect"))) == len(others)


def test_the_text_alternative_tells_every_value_with_its_interval() -> None:
    found = panel(
        "right answers",
        [Series("by iteration", [Point("0", 0.25, 0.2, 0.3), Point("1", 0.5)], level=0.1, level_name="coin")],
    )
    told = "by iteration: 0: 25.0 % (20.0 to 30.0); 1: 50.0 %; coin 10.0 %"
    assert f"<title>right answers</title><desc>{told}</desc>" in found
    assert f'role="img" aria-label="right answers. {told}"' in found


def test_names_are_text() -> None:
    name = "<script>\"'&"
    found = panel(name, [Series(name, [Point(name, 0.5)], level=0.1, level_name=name)])
    assert "<script" not in found
    assert parsed(found).findtext("title") == name


def test_names_below_many_points_do_not_run_into_each_other() -> None:
    found = parsed(panel("many", [Series("s", [Point(str(n), 0.5) for n in range(60)], True)]))
    names = [
        float(text.get("x", "0")) for text in found.iter("text") if (text.text or "").isdigit() and text.get("y") == "202"
    ]
    assert 5 < len(names) < 30
    assert min(after - before for before, after in pairwise(names)) >= 12


def test_what_was_not_measured_is_not_drawn() -> None:
    summary = {"iterations": [{"iteration": 0, "play": {}}], "held_out": None}
    assert verifier_panels(summary) == []
    assert all("<circle" not in drawing for _, drawing in gain_panels(summary))
