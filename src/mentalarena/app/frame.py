"""The frame of every page with which one does something: where one is, what this is and is not, and small parts that pages are
made of. Pages that are only read are documents (app/documents.py).

Text, models' above all, goes into elements as text (`tag`), never as HTML; the one exception is our own drawing (`drawing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from mentalarena.notices import CRISIS

NOTICE = "Research software about simulated people. It is never care, advice or diagnosis for anyone."
PATIENCE = 30.0
"""Seconds that a page may take to be made, on a slow machine or with large files."""
ROOMS = (("Runs", "/"), ("Compare", "/compare"), ("Practice", "/practice"))
Cell = str | tuple[str, str]
"""A text, or a text and the address that it leads to."""


def page(address: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`ui.page`, given the time that a slow machine needs."""
    return ui.page(address, response_timeout=PATIENCE)


@contextmanager
def frame(title: str, room: str = "", always: str = "") -> Iterator[None]:
    """A page: its title for the tab and as its first heading, the rooms, the notice; `room` is the one that it belongs to, and
    `always` stays in sight whatever is scrolled."""
    ui.page_title(sendable(f"{title} - MentalArena"))
    ui.dark_mode(None)
    ui.colors(primary="#14566e")
    with ui.header().classes("top"):
        link("Skip to the content", "#content").classes("skip")  # what the keyboard comes to first
        with ui.element("nav").classes("row").props('aria-label="Rooms"'):
            link("MentalArena", "/").classes("brand")
            for name, address in ROOMS:
                entry = link(name, address)
                if name == room:
                    entry.props("aria-current=page")
        if always:
            tag("p", always, "always").props("id=crisis")
    with ui.element("div").props("id=content tabindex=-1"):
        tag("h1", title)
        with _once_connected():
            yield
        with ui.element("footer").classes("foot"):
            tag("p", NOTICE)
            tag("p", f"{CRISIS}.")


@contextmanager
def _once_connected() -> Iterator[None]:
    """Fields and buttons that wait until the server hears them. Before that the browser keeps what is typed and clicked, and may
    tell it in another order: a click before the text that it was to send."""
    with ui.element("fieldset").classes("held").props("role=none disabled"):
        yield
    # in the browser alone: to change the element here would draw the whole page again
    client = ui.context.client
    client.on_connect(lambda: client.run_javascript("document.querySelector('fieldset.held')?.removeAttribute('disabled')"))


def tag(name: str, text: str = "", classes: str = "") -> TextElement:
    """An HTML element with text, which stays text whatever it holds."""
    return TextElement(tag=name, text=sendable(text)).classes(classes)


def sendable(text: str) -> str:
    """As it can be sent: half a surrogate pair, which a file or its name may hold, cannot."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def link(text: str, address: str) -> TextElement:
    """A link within the app."""
    found = tag("a", text)
    found._props["href"] = sendable(address)  # `props` would parse what an address holds
    return found


def section(title: str, level: int = 2) -> None:
    """A heading."""
    tag(f"h{level}", title)


@contextmanager
def grid(headings: Sequence[str], caption: str, numbers: Sequence[int] = ()) -> Iterator[None]:
    """A plain table whose rows are made inside; `numbers` are the columns that hold some."""
    with ui.element("div").classes("scroll") as around, ui.element("table").classes("plain"):
        around._props |= {"tabindex": 0, "role": "region", "aria-label": caption}  # a keyboard must be able to scroll it
        tag("caption", caption)
        with ui.element("thead"), ui.element("tr"):
            for place, heading in enumerate(headings):
                tag("th", heading, "num" if place in numbers else "").props("scope=col")
        with ui.element("tbody"):
            yield


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    caption: str,
    numbers: Sequence[int] = (),
    names: int = 1,
    texts: Sequence[int] = (),
) -> None:
    """A plain table of texts. The first `names` cells of a row name it; `texts` are the columns that hold sentences."""
    with grid(headings, caption, numbers):
        for row in rows:
            with ui.element("tr"):
                for place, cell in enumerate(row):
                    _cell(cell, place < names, "num" if place in numbers else "sentence" if place in texts else "")


def _cell(cell: Cell, name: bool, classes: str) -> None:
    text = cell if isinstance(cell, str) else ""
    made = tag("th" if name else "td", text, classes)
    if name:
        made.props("scope=row")
    if not isinstance(cell, str):
        with made:
            link(*cell)


def bar(share: float, label: str, mark: float | None = None) -> None:
    """A share (0 to 1) as a bar, with a mark where the threshold is; `label` says it in words."""
    made = ui.element("span").classes("bar")
    made._props |= {"role": "img", "aria-label": label}
    made._style["--share"] = width(share)
    if mark is not None:
        made._style["--mark"] = width(mark)


def width(share: float) -> str:
    """Of a bar's part, for a style."""
    return f"{100 * min(max(share, 0.0), 1.0):.1f}%"


def similarity(value: float, threshold: float) -> None:
    """How near a text is to what is so, beside the component's threshold; a tick where it passes that."""
    label, text, classes = nearness(value, threshold)
    bar(value, label, threshold)
    tag("span", f" {text}", classes)


def nearness(value: float, threshold: float) -> tuple[str, str, str]:
    """A similarity beside its threshold: in words, as it is shown, and its looks."""
    passes = value > threshold
    label = f"similarity {value:.2f}, threshold {threshold:.2f}: {'above it' if passes else 'not above it'}"
    return label, f"{value:.2f} {'✓' if passes else '·'}", "good" if passes else ""


def spoken(kind: str, who: str, text: str) -> Any:
    """Something that was said: by which side (`kind` gives its looks), under which name. Gives the element of the text."""
    with ui.element("div").classes(f"said {kind}"):
        tag("span", who, "who")
        return tag("span", text)


def drawing(svg: str) -> None:
    """Our own drawing; no text of anybody else may be in it."""
    ui.html(svg, sanitize=False).classes("chart")
