"""Blocks of a report as elements of a page say what the report says."""

from __future__ import annotations

from nicegui import Client, ui

from mentalarena.app.blocks import draw
from mentalarena.report.blocks import Cases, Section
from mentalarena.report.cases import Case


def test_a_case_is_told_once_and_leads_to_its_episode() -> None:
    case = Case("00-01", "among the best understood", "Diagnosis: social anxiety disorder (right by the reference)", False,
                (), (), (), "", (), (), ())  # fmt: skip
    with Client(ui.page("/test")) as client:
        draw(Section("episodes", "Episodes", [Cases([case])]), lambda name: f"/episodes/{name}")
    texts = [str(getattr(element, "text", "")) for element in client.elements.values()]
    told = [text.strip() for text in texts if "best understood" in text]
    assert told == ["Among the best understood. Diagnosis: social anxiety disorder (right by the reference)."]
    assert [e.props["href"] for e in client.elements.values() if e.tag == "a"] == ["/episodes/00-01"]
