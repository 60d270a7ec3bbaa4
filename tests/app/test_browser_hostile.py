"""Texts of models, files and people are shown as texts, whatever they hold.

8  nothing in a run directory, a model's reply, a file of patients or a trainee's own words runs, loads anything or breaks a page
10 no address and no link in a run directory leads out of the folders that are served
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.app.hostile import NAME, TEXTS, hostile_run
from tests.app.serving import expecting, served, until

expect = expecting()

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.app.serving import Served, Visits

CANARY = "the-canary-of-a-file-outside"


def harmless(page: Page) -> None:
    """Nothing has run (which the fixture sees again), and nothing has become an element of the page."""
    assert page.evaluate("'pwned' in window") is False
    found = page.locator("[onerror], [onload], [onfocus], [onmouseover], iframe, img[src=x], a[href^=javascript]")
    assert found.count() == 0, found.first.evaluate("e => e.outerHTML")


def opened(page: Page) -> None:
    """Open everything that opens."""
    page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    for button in page.locator(".q-expansion-item__container > .q-item").all():
        button.click()


def shown(text: str) -> str:
    """As a page has a text: without what no page shows."""
    return "gnp.exe" if "\u0000" in text else re.sub(r"\s+", " ", text).strip()


def test_8_a_hostile_run_directory_is_shown_and_runs_nothing(visits: Visits, finished: Path, tmp_path: Path) -> None:
    out = hostile_run(finished, tmp_path / "runs")
    shutil.copytree(finished, tmp_path / "runs" / "small", symlinks=True)
    with served(tmp_path, [tmp_path / "runs"]) as app:
        page = visits.page(app.base)
        page.goto("/")
        row = page.get_by_role("row").filter(has_text=NAME)
        expect(row).to_contain_text("scripted " + TEXTS[1])
        harmless(page)
        row.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(shown(NAME))
        expect(page.get_by_text("Reading what has been measured")).to_have_count(0)
        opened(page)
        harmless(page)
        assert page.title().startswith(NAME[:10])
        page.get_by_role("link", name="Episodes", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("of 120 episodes")
        harmless(page)
        page.get_by_role("combobox", name="manner of talking").click()
        expect(page.get_by_role("option").filter(has_text="<script>").first).to_be_visible()
        harmless(page)
        page.keyboard.press("Escape")
        page.get_by_label("search", exact=True).fill("00-02 ")
        expect(page.get_by_role("status")).to_contain_text("1 of 120 episodes")
        page.get_by_role("region", name="Episodes").get_by_role("link").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(shown(f"00-02 {TEXTS[2]}"))
        opened(page)
        expect(page.get_by_text("{{7*7}}").first).to_be_visible()
        expect(page.get_by_text("<script>window.pwned=1</script>").first).to_be_visible()
        harmless(page)
        for number in range(len(TEXTS)):
            page.get_by_role("link", name="All that were chosen").click()
            page.get_by_label("search", exact=True).fill(f"00-{number:02d} ")
            found = page.get_by_role("region", name="Episodes").get_by_role("link")
            expect(found.first).to_contain_text(f"00-{number:02d} ")
            found.last.click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(shown(f"00-{number:02d} {TEXTS[number]}"))
            expect(page.get_by_role("heading", name="Exact prompts")).to_be_visible()
            harmless(page)
        page.goto("/compare")
        page.get_by_role("combobox", name="runs").click()
        page.get_by_role("option").filter(has_text=NAME).click()
        page.get_by_role("option", name="small", exact=True).click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("table").first).to_contain_text(NAME)
        harmless(page)
        page.reload()
        expect(page.get_by_role("table").first).to_contain_text(NAME)
        harmless(page)
        page.goto("/")
        page.get_by_role("row").filter(has_text=NAME).get_by_role("link").click()
        page.get_by_role("link", name="Report").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Report")
        assert page.evaluate("'pwned' in window") is False
        visits.expect("Content Security Policy")
        visits.expect("asked http://elsewhere.example")  # told of, and refused by the policy
        visits.leave()
    assert out.is_dir()


def test_8_a_hostile_model_patient_and_trainee_are_text(visits: Visits, finished: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    from aiohttp import web

    from tests.models.fake_server import completion, serving

    patient = {"id": f"p {TEXTS[1]}", "name": TEXTS[2], "history": TEXTS[0], "coping_strategies": "i wait",
               "situation": TEXTS[3], "emotions": "low", "core_beliefs": {"helpless": ["i am weak"]}}  # fmt: skip
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps(patient) + "\n")

    def respond(body: dict[str, Any], number: int) -> web.StreamResponse:
        return web.json_response(completion(f"{TEXTS[number % len(TEXTS)]} reply {number}."))

    with serving() as model:
        model.respond = respond
        given = json.dumps({"provider": "openai", "model": TEXTS[0], "base_url": model.url, "retries": 0})
        with served(tmp_path, [finished], "--set", f"models.all={given}", "--set", f"clinic.source={own}") as app:
            page = visits.page(app.base)
            page.goto("/practice")
            page.get_by_role("combobox", name="patient", exact=True).click()
            expect(page.get_by_role("option").filter(has_text="</title>")).to_be_visible()
            harmless(page)
            page.get_by_role("option").filter(has_text="</title>").click()
            page.get_by_role("button", name="Begin").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(shown(f"Practice with {TEXTS[2]}"))
            said = page.get_by_role("log").locator(".said")
            expect(said.nth(1)).to_contain_text("reply")
            for number, text in enumerate((*TEXTS[:8], TEXTS[9][:3000]), 1):
                page.get_by_label("Say something").fill(text)
                page.get_by_role("button", name="Say it").click()
                expect(said.nth(2 * number)).to_contain_text(shown(text))
                expect(said.nth(2 * number + 1)).to_contain_text("reply")
                expect(page.get_by_role("button", name="Say it")).to_be_enabled()
                harmless(page)
            page.get_by_label("emotions", exact=True).fill(TEXTS[1])
            page.get_by_label("diagnosis", exact=True).fill(TEXTS[0])
            until(lambda: TEXTS[0] in next(app.sessions.glob("*.json")).read_text())
            page.get_by_role("tab", name="Feedback").click()
            page.get_by_role("button", name="Get feedback").click()
            expect(page.get_by_text(re.compile("^Mean similarity"))).to_be_visible()
            opened(page)
            harmless(page)
            page.get_by_role("tab", name="Compare").click()
            page.get_by_role("button", name="Let it talk").click()
            expect(page.get_by_role("button", name="Let it talk")).to_be_enabled()
            harmless(page)
            page.reload()
            expect(page.get_by_label("diagnosis", exact=True)).to_have_value(TEXTS[0])
            harmless(page)
            page.get_by_role("tab", name="Keep").click()
            with page.expect_download() as downloading:
                page.get_by_role("link", name="To read").click()
            text = downloading.value.path().read_text("utf-8")
            assert "<script" not in text
            assert "<img" not in text
            page.goto("/practice")
            expect(page.get_by_role("row").filter(has_text="</title>")).to_be_visible()
            harmless(page)
            visits.leave()


def test_10_no_address_and_no_link_leads_out_of_the_run_folders(visits: Visits, finished: Path, tmp_path: Path) -> None:
    runs, outside = tmp_path / "runs", tmp_path / "outside"
    outside.mkdir()
    runs.mkdir()
    records = [json.loads(line) for line in (finished / "iteration-00" / "episodes.jsonl").read_text().splitlines()[:2]]
    for record in records:
        record["views"]["patient"][1]["content"] = CANARY
    secrets = {
        "report.html": f"<h1>{CANARY}</h1>",
        "config.json": json.dumps({"models": {"patient": {"provider": CANARY, "model": CANARY}}}),
        "summary.json": json.dumps({"iterations": [], "stop_reason": CANARY, "held_out": {"base": {CANARY: {}}}}),
        "progress.json": json.dumps({"state": "stopped", "why": CANARY, "updated": 1, "host": "", "pid": 1, "stages": []}),
        "episodes.jsonl": "".join(json.dumps(record) + "\n" for record in records),
    }
    for name, text in secrets.items():
        (outside / name).write_text(text)
        if name != "episodes.jsonl":
            shutil.copytree(finished, runs / f"linked-{name}", symlinks=True)
            (runs / f"linked-{name}" / name).unlink()
            (runs / f"linked-{name}" / name).symlink_to(outside / name)
    shutil.copytree(finished, runs / "linked-episodes", symlinks=True)
    (runs / "linked-episodes" / "iteration-00" / "episodes.jsonl").unlink()
    (runs / "linked-episodes" / "iteration-00" / "episodes.jsonl").symlink_to(outside / "episodes.jsonl")
    shutil.copytree(finished, outside / "whole", symlinks=True)
    (runs / "whole").symlink_to(outside / "whole")
    passwd = Path("/etc/passwd").read_text().splitlines()[0]
    with served(tmp_path, [runs]) as app:
        page = visits.page(app.base)
        for name in ("/", "/compare", *(f"/runs/linked-{one}" for one in (*secrets, "episodes")), "/runs/whole"):
            for more in ("", "/episodes", "/report.html", f"/episodes/main/{records[0]['id']}"):
                page.goto(name if name in ("/", "/compare") else name + more, wait_until="load")
                expect(page.get_by_text("Reading ")).to_have_count(0)
                assert CANARY not in page.content(), page.url
        page.goto("/")
        expect(page.get_by_role("link", name="whole")).to_have_count(0)
        up = ("..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..%5c..", "%2fetc", "%00", "..%00", "~", "%252e%252e%252f")
        rest = ("", "/episodes", "/report.html", "/passwd", "/etc/passwd", "%2fetc%2fpasswd", "/episodes/main/x")
        addresses = [f"/runs/{one}{more}" for one in up for more in rest]
        addresses += [f"/practice/{one}{more}" for one in up for more in ("", "/session.json", "%2fetc%2fpasswd")]
        addresses += [f"/{one}/etc/passwd" for one in up] + ["//etc/passwd", "/_nicegui/../../../etc/passwd"]
        addresses += [f"/runs/linked-episodes/episodes/{one}/{one}" for one in up]
        addresses += [f"/_nicegui/3.18.0/static/{one}/{one}/etc/passwd" for one in up]
        for address in addresses:
            status, body = asked(app, address)
            assert status < 500, address
            assert passwd not in body, address
            assert CANARY not in body, address
        visits.expect("404")
        visits.leave()


def asked(app: Served, address: str) -> tuple[int, str]:
    """What is answered to an address that no browser has tidied up."""
    connection = http.client.HTTPConnection(urlsplit(app.base).netloc, timeout=30)
    connection.request("GET", address)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode("utf-8", "replace")
    connection.close()
    return found


ODD: dict[str, dict[str, Any]] = {
    "numbers": {
        "config": {"models": [1], "clinic": 3, "play": None},
        "summary": {"iterations": [1, None], "held_out": [1]},
    },
    "texts": {"summary": {"iterations": [{"iteration": "x", "evaluation": "y"}], "held_out": {"base": "z", "best": {}}}},
    "empty": {"config": {}, "summary": {"iterations": [], "best_iteration": 7}, "analysis": [], "audit": {}},
    "nested": {
        "summary": {"iterations": [{"iteration": 0, "evaluation": {"diagnosis": {"probability": []}}}], "control": 1}
    },
    "torn": {"config": "{", "summary": "{", "progress": "[", "analysis": "{}", "bias": "1"},
}


def test_a_run_directory_that_is_damaged_is_told_and_costs_no_other_page(
    visits: Visits, finished: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished, runs / "small", symlinks=True)
    for name, files in ODD.items():
        shutil.copytree(finished, runs / name, symlinks=True)
        for file, told in files.items():
            (runs / name / f"{file}.json").write_text(told if isinstance(told, str) else json.dumps(told))
    with served(tmp_path, [runs]) as app:
        page = visits.page(app.base)
        page.goto("/")
        for name in (*ODD, "small"):
            expect(page.get_by_role("row", name=re.compile(f"^{name}"))).to_be_visible()
        for name in ODD:
            page.goto(f"/runs/{name}")
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            expect(page.get_by_text("Reading what has been measured")).to_have_count(0)
            page.goto(f"/runs/{name}/episodes")
            expect(page.get_by_role("status")).to_contain_text("of 60 episodes")
            page.get_by_role("region", name="Episodes").get_by_role("link").first.click()
            expect(page.get_by_role("heading", name="Exact prompts")).to_be_visible()
        page.goto("/compare?" + "&".join(f"run={name}" for name in (*ODD, "small")))
        expect(page.get_by_role("table").first).to_contain_text("small")
        visits.leave()
