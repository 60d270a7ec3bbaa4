"""Everybody can use the app.

11 from the first page to a spoken line and back with the keyboard alone
12 no page breaks a rule of WCAG 2 A or AA that axe-core can check, in light and dark; nothing moves for who wants no motion; on a
   phone no page scrolls sideways
   pictures of the chief pages are kept (MENTALARENA_SCREENSHOTS, otherwise build/screenshots)
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mentalarena.practice.partner import people
from tests.app.serving import Visits, expecting

expect = expecting()

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.app.serving import Served

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 390, "height": 844}
PAGES = (
    "runs",
    "run",
    "episodes",
    "episode",
    "requests",
    "compare",
    "practice",
    "session",
    "feedback",
    "rival",
    "keep",
    "part",
    "missing",
)
SHOWN = ("runs", "run", "episodes", "episode", "compare", "practice", "session", "feedback")
"""Of these pictures are kept."""


@pytest.fixture(scope="module")
def places(app: Served, browser: Browser, finished: Path) -> dict[str, str]:
    """Addresses of pages, with a practice session that has everything."""
    visits = Visits(browser)
    page = visits.page(app.base)
    page.goto("/practice")
    page.get_by_label("patient", exact=True).fill(people()[0].name)
    page.get_by_role("option", name=people()[0].name).click()
    page.get_by_role("button", name="Begin").click()
    for number, text in enumerate(("Can you tell me about a moment lately when it was bad?", "How did you feel then?"), 1):
        page.get_by_label("Say something").fill(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("log").locator(".said")).to_have_count(2 + 2 * number)
        expect(page.get_by_role("button", name="Say it")).to_be_enabled()
    page.get_by_label("emotions", exact=True).fill("ashamed, and tired of it")
    page.get_by_label("diagnosis", exact=True).fill("post traumatic stress disorder")
    expect(page.get_by_text("Kept.")).to_be_visible()
    page.get_by_role("tab", name="Feedback").click()
    page.get_by_role("button", name="Get feedback").click()
    expect(page.get_by_text(re.compile("^Mean similarity"))).to_be_visible()
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Let it talk").click()
    expect(page.get_by_text(re.compile("mean similarity .* questions"))).to_be_visible()
    session = page.url.removeprefix(app.base)
    page.goto("/practice")
    page.get_by_role("combobox", name="you play").click()
    page.get_by_role("option", name="the patient", exact=True).click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^You are "))
    part = page.url.removeprefix(app.base)
    visits.leave()
    episode = json.loads((finished / "iteration-00" / "episodes.jsonl").read_text().splitlines()[0])["id"]
    return {
        "runs": "/", "run": "/runs/small", "episodes": "/runs/small/episodes", "compare": "/compare?run=small",
        "episode": f"/runs/small/episodes/main/{episode}", "practice": "/practice", "session": session, "feedback": session,
        "requests": f"/runs/small/requests/main/{episode}", "rival": session, "keep": session, "part": part,
        "missing": "/runs/nobody",
    }  # fmt: skip


def visit(page: Page, name: str, places: dict[str, str]) -> None:
    """A page with everything on it that can be opened."""
    page.goto(places[name])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text(re.compile("^Reading "))).to_have_count(0)
    if name == "episodes":
        expect(page.get_by_role("status")).to_contain_text("episodes")
    if name == "compare":
        expect(page.get_by_role("table").first).to_be_visible()
    if tab := {"feedback": "Feedback", "rival": "Compare", "keep": "Keep"}.get(name):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    page.wait_for_load_state("networkidle")


def open_all(page: Page) -> None:
    folded = "details:not([open]) > summary", '.q-expansion-item [role=button][aria-expanded="false"]'
    for closed in page.locator(", ".join(folded)).element_handles():
        closed.click()
    page.wait_for_load_state("networkidle")


def violations(page: Page, *but: str) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": RULES, "rules": {rule: {"enabled": False} for rule in but}}
    found: dict[str, Any] = Axe().run(page, options=options).response
    assert len(found["passes"]) > 5, "it has looked at the page"
    return [
        f"{page.url} {broken['id']}: {broken['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for broken in found["violations"]
        for node in broken["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_12_no_page_breaks_a_rule_that_axe_can_check(
    app: Served, visits: Visits, places: dict[str, str], shots: Path, scheme: str
) -> None:
    pytest.importorskip("axe_playwright_python")
    page = visits.page(app.base, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 1280, "height": 860})
    broken: list[str] = []
    for name in PAGES:
        visit(page, name, places)
        if name == "missing":
            visits.expect("404")
        if name in SHOWN:
            page.screenshot(path=shots / f"{name}-{scheme}.png", full_page=True)
        broken += violations(page)
        open_all(page)
        broken += violations(page)
    page.goto("/practice")
    page.get_by_role("combobox", name="style of talking").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    # Quasar's listbox keeps its options in a scroller that is focusable by program; screen readers read them all the same
    broken += violations(page, "aria-required-children")
    assert not broken, "\n".join(dict.fromkeys(broken))


def test_12_on_a_phone_no_page_scrolls_sideways(app: Served, visits: Visits, places: dict[str, str], shots: Path) -> None:
    page = visits.page(app.base, viewport=PHONE, has_touch=True, device_scale_factor=2)
    wide: list[str] = []
    for name in PAGES:
        visit(page, name, places)
        if name == "missing":
            visits.expect("404")
        if name in SHOWN:
            page.screenshot(path=shots / f"{name}-phone.png")
        open_all(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append(f"{name}: {width}")
    assert not wide


def test_12_nothing_moves_for_who_wants_no_motion(app: Served, visits: Visits, places: dict[str, str]) -> None:
    moving = """[...document.querySelectorAll('*')].filter(e => {
      const s = getComputedStyle(e);
      return s.animationName !== 'none' || s.transitionDuration.split(', ').some(d => parseFloat(d) > 0.001);
    }).map(e => e.outerHTML.slice(0, 100))"""
    still = visits.page(app.base, reduced_motion="reduce")
    for name in ("runs", "run", "practice", "session"):
        visit(still, name, places)
        assert still.evaluate(moving) == [], name
    usual = visits.page(app.base)
    visit(usual, "session", places)
    assert usual.evaluate(moving), "otherwise something does, so that this looks at the right thing"


def test_11_from_the_first_page_to_a_spoken_line_and_back_by_keyboard(app: Served, visits: Visits) -> None:
    page = visits.page(app.base)

    def focused() -> str:
        return str(
            page.evaluate("(e => e ? e.getAttribute('aria-label') || e.innerText || '' : '')(document.activeElement)")
        )

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if focused().strip().lower() == name.lower():
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                ring = page.evaluate("document.activeElement.closest('.q-field, .q-btn, a, button') !== null")
                assert outline != "none" or ring, f"nobody sees where the focus is: {name}"
                return
        raise AssertionError(f"{name} cannot be reached")

    page.goto("/")
    expect(page.get_by_role("row", name=re.compile("^small"))).to_be_visible()
    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.goto("/")
    tab_to("Practice")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Practise with a simulated patient")
    expect(page.get_by_role("button", name="Begin")).to_be_enabled()  # the server hears the page now
    tab_to("difficulty")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_have_count(0)
    tab_to("Begin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Practice with"))
    expect(page.get_by_label("Say something")).to_be_enabled()
    tab_to("Say something")
    page.keyboard.type("What brings you here?")
    page.keyboard.press("Enter")
    said = page.get_by_role("log").locator(".said")
    expect(said).to_have_count(4)
    expect(page.get_by_label("Say something")).to_be_focused()
    expect(page.get_by_label("Say something")).to_have_value("")
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    expect(page.get_by_label("Say something")).to_have_value("one\ntwo")
    expect(said).to_have_count(4)
    tab_to("history")
    page.keyboard.type("lost the work in spring")
    expect(page.get_by_text("Kept.")).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if focused() == "Practice":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Practise with a simulated patient")
    expect(page.get_by_role("region", name=re.compile("^Newest first")).locator("tbody tr").first).to_contain_text("1")
