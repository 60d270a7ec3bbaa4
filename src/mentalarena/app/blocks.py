"""Blocks of a report (report/blocks.py) as elements of a page; episodes become links to their own pages."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from mentalarena.app.frame import Cell, drawing, link, section, table, tag
from mentalarena.report.blocks import Block, Cases, Code, Facts, Figures, Items, Note, Section, Table


def draw(found: Section, address: Callable[[str], str]) -> None:
    """A section; `address` gives an episode's page by its id."""
    section(found.title)
    for block in found.blocks:
        _draw(block, address)


def _draw(block: Block, address: Callable[[str], str]) -> None:
    match block:
        case Table():
            numbers = [n for n in range(len(block.headings)) if n >= block.names and n not in block.texts]
            table(block.headings, [list[Cell](row) for row in block.rows], block.caption, numbers, block.names, block.texts)
            if block.note:
                tag("p", block.note, "soft")
        case Note():
            tag("p", _plain(block.text), {"warning": "notice", "quiet": "soft"}.get(block.tone, ""))
        case Items():
            with ui.element("ul"):
                for item in block.items:
                    tag("li", _plain(item))
        case Facts():
            with ui.element("dl").classes("facts"):
                for term, value in block.facts:
                    tag("dt", term)
                    tag("dd", value)
        case Figures():
            with ui.element("div").classes("panels-of-curves"):
                for title, svg in block.drawings:
                    with ui.element("figure"):
                        tag("figcaption", title, "soft")
                        drawing(svg)
            if block.note:
                tag("p", block.note, "soft")
        case Code() if block.title:
            with ui.expansion(block.title).classes("wide"):
                tag("pre", block.text, "scroll").props("tabindex=0")
        case Code():
            tag("pre", block.text, "scroll").props("tabindex=0")
        case Cases():
            with ui.element("ul"):
                for one in block.cases:
                    with ui.element("li"):
                        link(one.title, address(one.title))
                        tag("span", f" {one.about}", "soft")


def _plain(text: str) -> str:
    """Without the marks of code, which a page of HTML would set."""
    return text.replace("`", "")
