"""What a trainee does in the practice room, in a browser.

4  ten turns with a person of the library, offline; every line is answered and none is lost
5  the cognitive model is filled in, a diagnosis named, and both are scored; the checklist meets the same patient
6  the session is taken away as Markdown, JSON and messages
7  a reload in the middle loses nothing: lines, notes, diagnosis; nor one between question and answer; nor a new server
   the other way round: a person plays the patient, and sees what the therapist understood
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mentalarena.clinic.cognitive_model import LABELS, Component
from mentalarena.clinic.library import library_references
from mentalarena.practice.feedback import questions
from mentalarena.practice.partner import people
from mentalarena.practice.store import Store
from tests.app.serving import expecting, free_port, letting_go, served, until

expect = expecting()

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, WebSocketRoute

    from tests.app.serving import Served, Visits

PERSON = people()[0]
PATIENT = PERSON.patients()[0]
ASKED = [texts[0] for texts in questions().values()][:10]
NOTED: tuple[Component, ...] = ("history", "situation", "emotions")
"""Components that are noted in the patient's own words."""


def begin(page: Page, name: str = PERSON.name) -> None:
    page.goto("/practice")
    page.get_by_label("patient", exact=True).fill(name)
    page.get_by_role("option", name=name).click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Practice with {name}")


def said(page: Page) -> Locator:
    return page.get_by_role("log").locator(".said")


def texts(page: Page) -> list[str]:
    return [str(text) for text in said(page).locator("span:not(.who)").all_inner_texts()]


def say(page: Page, text: str) -> None:
    """Say something and wait for the answer."""
    before = said(page).count()
    page.get_by_label("Say something").fill(text)
    page.keyboard.press("Enter")
    expect(said(page)).to_have_count(before + 2)
    expect(page.get_by_role("button", name="Say it")).to_be_enabled()
    expect(page.get_by_role("log").get_by_text("…", exact=True)).to_have_count(0)


def note(page: Page, app: Served, label: str, text: str) -> None:
    """Write something down; it is kept as it is typed."""
    page.get_by_label(label, exact=True).fill(text)
    expect(page.get_by_text("Kept.")).to_be_visible()
    until(lambda: text in (kept := session_of(app, page)).notes.values() or text == kept.diagnosis)


def session_of(app: Served, page: Page) -> Any:
    return Store(app.sessions).read(page.url.rsplit("/", 1)[-1])


def test_4_to_7_ten_turns_notes_feedback_and_what_is_taken_away(app: Served, visits: Visits, tmp_path: Path) -> None:
    page = visits.page(app.base)
    begin(page)
    expect(page.get_by_text("Simulation, not care.")).to_be_in_viewport()
    for text in ASKED[:5]:
        say(page, text)
    before = texts(page)
    assert len(before) == 2 + 10
    for component in NOTED:
        note(page, app, LABELS[component], PATIENT.cognitive_model.text(component))
    note(page, app, LABELS["behavior"], "plays the trombone")
    reference = library_references()[PATIENT.person].disorders[0]
    note(page, app, "diagnosis", reference)
    page.reload()
    expect(said(page)).to_have_count(len(before))
    assert texts(page) == before
    for component in NOTED:
        expect(page.get_by_label(LABELS[component], exact=True)).to_have_value(PATIENT.cognitive_model.text(component))
    expect(page.get_by_label("diagnosis", exact=True)).to_have_value(reference)
    for text in ASKED[5:]:
        say(page, text)
    lines = texts(page)
    assert lines[: len(before)] == before
    assert lines[2::2] == ASKED
    assert all(lines[1::2]), "every line is answered"
    assert len({*lines[1::2]}) > 5, "and not by the same words"
    expect(page.get_by_text("Simulation, not care.")).to_be_in_viewport()

    page.get_by_role("tab", name="Feedback").click()
    page.get_by_role("button", name="Get feedback").click()
    expect(
        page.get_by_text(re.compile(r"^Mean similarity 0\.\d\d; \d of \d components above the threshold\.$"))
    ).to_be_visible()
    table = page.get_by_role("region", name="The mark on a bar is the component's threshold.")
    for component in NOTED:
        expect(table.get_by_role("row", name=re.compile(f"^{LABELS[component]} "))).to_contain_text("1.00 ✓")
    expect(table.get_by_role("row", name=re.compile("^behavior "))).to_contain_text("·")
    expect(page.get_by_text(f"You named {reference}: right.")).to_be_visible()
    expect(page.get_by_role("heading", name="Safety")).to_be_visible()
    page.get_by_role("button", name="behavior: what was missed").click()
    expect(page.get_by_text(f"What is so: {PATIENT.cognitive_model.text('behavior')}")).to_be_visible()

    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Let it talk").click()
    expect(page.get_by_text(re.compile(r"^checklist .*mean similarity 0\.\d\d after 1\d questions; yours"))).to_be_visible()
    page.get_by_role("tab", name="Keep").click()
    taken: dict[str, str] = {}
    for label, kind in (("To read", "md"), ("Everything", "json"), ("As messages", "jsonl")):
        with page.expect_download() as downloading:
            page.get_by_role("link", name=label).click()
        downloading.value.save_as(tmp_path / kind)
        assert downloading.value.suggested_filename.endswith(f".{kind}")
        taken[kind] = (tmp_path / kind).read_text("utf-8")
    assert "Simulation, not care" in taken["md"]
    assert ASKED[3].split(",")[0] in taken["md"].replace("\\", "")
    told = json.loads(taken["json"])
    assert [text for _, text in told["lines"]] == lines
    assert (told["diagnosis"], set(told["notes"])) == (reference, {*NOTED, "behavior"})
    assert told["feedback"]["diagnosis"]["verdict"] == "right"
    assert told["rival"]["questions"] >= 10
    row = json.loads(taken["jsonl"])
    assert [m["content"] for m in row["messages"] if m["role"] == "assistant"][1:] == ASKED

    page.reload()
    page.get_by_role("tab", name="Feedback").click()
    expect(table).to_be_visible()
    page.goto("/practice")
    row_here = page.get_by_role("row", name=re.compile(f"^{PERSON.name}")).first
    expect(row_here).to_contain_text(f"{told['feedback']['similarity']:.2f}")


def test_7_a_new_server_goes_on_where_the_old_one_was(visits: Visits, finished: Path, tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, [finished], port=port) as app:
        page = visits.page(app.base)
        begin(page)
        say(page, ASKED[0])
        note(page, app, LABELS["emotions"], "sad, I think")
        before, address = texts(page), page.url
        visits.leave()
    with served(tmp_path, [finished], port=port):
        page = visits.page(app.base)
        page.goto(address)
        expect(said(page)).to_have_count(len(before))
        assert texts(page) == before
        expect(page.get_by_label(LABELS["emotions"], exact=True)).to_have_value("sad, I think")
        say(page, ASKED[1])
        assert texts(page)[: len(before)] == before
        visits.leave()


def test_7_a_reload_between_question_and_answer_asks_nobody_twice(visits: Visits, finished: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    from aiohttp import web

    from tests.models.fake_server import completion, serving

    heard, answer = threading.Event(), threading.Event()

    def respond(body: dict[str, Any], number: int) -> web.StreamResponse:
        if body["messages"][-1]["content"].endswith("Are you still there?"):
            heard.set()
            assert answer.wait(60)
        return web.json_response(completion(f"Answer {number}."))

    with serving() as model, letting_go(answer):
        model.respond = respond
        given = json.dumps({"provider": "openai", "model": "m", "base_url": model.url, "retries": 0})
        with served(tmp_path, [finished], "--set", f"models.all={given}") as app:
            page = visits.page(app.base)
            begin(page)
            page.get_by_label("Say something").fill("Are you still there?")
            page.keyboard.press("Enter")
            assert heard.wait(30)
            page.reload()
            expect(said(page).nth(2)).to_contain_text("Are you still there?")
            asked = len(model.asked)
            answer.set()
            expect(said(page).nth(3)).to_contain_text(re.compile(r"Answer \d+\."))
            page.reload()
            expect(said(page)).to_have_count(4)
            assert len(model.asked) == asked, "the answer that was on its way was the one that was kept"
            assert [who for who, _ in session_of(app, page).lines] == ["therapist", "patient"] * 2
            visits.leave()


def test_7_nothing_can_be_typed_or_clicked_before_the_server_hears_it(app: Served, visits: Visits) -> None:
    page = visits.page(app.base)
    begin(page)
    say(page, ASKED[0])
    held: list[WebSocketRoute] = []
    page.route_web_socket(re.compile("socket.io"), lambda found: held.append(found))  # and no server behind it yet
    page.reload()
    expect(said(page)).to_have_count(4)
    expect(page.get_by_label("Say something")).to_be_disabled()
    expect(page.get_by_role("button", name="Say it")).to_be_disabled()
    expect(page.get_by_label("diagnosis", exact=True)).to_be_disabled()
    held[-1].connect_to_server()
    expect(page.get_by_label("diagnosis", exact=True)).to_be_enabled()
    say(page, ASKED[1])
    assert texts(page)[2::2] == ASKED[:2]


def test_a_person_plays_the_patient_and_sees_what_was_understood(app: Served, visits: Visits) -> None:
    page = visits.page(app.base)
    page.goto("/practice")
    page.get_by_role("combobox", name="you play").click()
    page.get_by_role("option", name="the patient", exact=True).click()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^You are "))
    expect(said(page)).to_have_count(1)
    say(page, "I lost my work in spring and I hardly sleep.")
    say(page, "I feel ashamed when my sister asks.")
    page.get_by_role("tab", name="What it understood").click()
    page.get_by_role("button", name="Ask what it understood").click()
    expect(page.get_by_text(re.compile("mean similarity"))).to_be_visible()
