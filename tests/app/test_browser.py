"""What somebody sees who looks at runs in a browser (the real one, at a server of its own).

1  a finished run is browsed from the first page to its figures, its settings and its report
2  a run that works is followed without a reload: how far it is, then what came of it
3  episodes are filtered, searched, sorted and paged; an address that is shared shows the same; one is opened, and each of its
   prompts, those of the journal included, on demand
13 no request leaves this machine, no page reports an error (every test here and in the other browser tests)
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mentalarena.models.scripted import toy_player
from tests.app.serving import expecting, letting_go, served, working

expect = expecting()

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.app.serving import Served, Visits


def rows(page: Page) -> Locator:
    return page.get_by_role("region", name="Episodes").locator("tbody tr")


def chosen(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_1_a_finished_run_is_browsed_from_the_first_page(app: Served, visits: Visits, finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    page = visits.page(app.base)
    page.goto("/")
    row = page.get_by_role("row", name=re.compile("^small"))
    expect(row).to_contain_text("finished")
    base = summary["held_out"]["base"]["diagnosis"]
    expect(row).to_contain_text(f"{100 * base['probability']:.1f}")
    row.get_by_role("link", name="small").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("small")
    table = page.get_by_role("region", name=re.compile("^Held-out patients: probability of a right answer"))
    low, high = base["ci95"]
    expect(table.locator("tbody tr").first).to_contain_text(
        f"{100 * base['probability']:.1f} ({100 * low:.1f}-{100 * high:.1f})"
    )
    page.get_by_role("button", name="All settings").click()
    expect(page.get_by_text('"provider": "scripted"').first).to_be_visible()
    page.get_by_role("link", name="Report").click()
    expect(page).to_have_url(re.compile(r"/runs/small/report\.html$"))
    expect(page.locator("body")).to_contain_text("Held-out patients")


def test_1_a_name_that_no_run_has_is_told(app: Served, visits: Visits) -> None:
    page = visits.page(app.base)
    page.goto("/runs/nobody")
    visits.expect("404")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    page.get_by_role("link", name="All runs").click()
    expect(page.get_by_role("row", name=re.compile("^small"))).to_be_visible()


def test_3_episodes_are_filtered_searched_sorted_and_paged(app: Served, visits: Visits) -> None:
    page = visits.page(app.base)
    page.goto("/runs/small")
    page.get_by_role("link", name="Episodes").click()
    status = page.get_by_role("status")
    expect(status).to_have_text("60 of 60 episodes")
    expect(rows(page)).to_have_count(50)
    page.get_by_role("button", name="Later").click()
    expect(rows(page)).to_have_count(10)
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_role("button", name="similarity").click()
    expect(page.get_by_role("columnheader", name="similarity")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="similarity").click()
    expect(page.get_by_role("columnheader", name="similarity")).to_have_attribute("aria-sort", "descending")
    shown = [float(text) for text in rows(page).locator("td:nth-child(4)").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    chosen(page, "problems", "yes")
    expect(status).to_have_text("1 of 60 episodes")
    chosen(page, "problems", "any")
    chosen(page, "diagnosis is", "none")
    expect(status).to_have_text("1 of 60 episodes")
    chosen(page, "diagnosis is", "any")
    expect(status).to_have_text("60 of 60 episodes")
    page.get_by_label("search", exact=True).fill("I FEEL SAD ABOUT THE DIVORCE")
    expect(status).to_have_text("0 of 60 episodes")
    page.get_by_role("checkbox", name="in what was said").click()
    expect(status).to_have_text(re.compile(r"^[1-9]\d? of 60 episodes$"))
    found = rows(page).all_inner_texts()
    other = visits.page(app.base)
    other.goto(page.url)
    expect(other.get_by_role("status")).to_have_text(status.inner_text())
    assert rows(other).all_inner_texts() == found
    expect(other.get_by_label("search", exact=True)).to_have_value("I FEEL SAD ABOUT THE DIVORCE")
    page.reload()
    expect(rows(page)).to_have_count(len(found))
    assert rows(page).all_inner_texts() == found


def test_3_an_episode_is_opened_and_its_prompts_on_demand(app: Served, visits: Visits, finished: Path) -> None:
    record = json.loads((finished / "iteration-00" / "episodes.jsonl").read_text().splitlines()[0])
    page = visits.page(app.base)
    page.goto("/runs/small/episodes?style=" + record["principles"])
    page.get_by_role("link", name=record["id"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(record["id"])
    for message in record["views"]["patient"][1:]:
        expect(page.locator(".said", has_text=message["content"]).first).to_be_visible()
    expect(page.get_by_text("the decoder's guidance, heard by the therapist alone").first).to_be_visible()
    last = record["decodings"][-1]["comparisons"][0]
    understood = page.get_by_role("region", name=re.compile("^The last decoding"))
    expect(understood.locator("tbody tr").first).to_contain_text(last["encoded"])
    trial = record["trials"][0]
    expect(page.get_by_role("row", name=trial["proposal"]).first).to_contain_text(str(trial["score"]))
    system = record["views"]["patient"][0]["content"].splitlines()[0]
    expect(page.get_by_text(system).first).to_be_hidden()
    page.get_by_text("The patient's view").click()
    expect(page.get_by_text(system).first).to_be_visible()
    page.get_by_role("link", name="Every request of this episode").click()
    request = page.locator("details").filter(has=page.locator("summary", has_text="judge")).first
    expect(request.get_by_role("heading", name="reply")).to_be_hidden()
    request.locator("summary").click()
    expect(request.get_by_role("heading", name="reply")).to_be_visible()
    page.get_by_role("link", name="Back to the episode").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(record["id"])
    page.get_by_role("link", name="All that were chosen").click()
    expect(page.get_by_role("status")).to_contain_text("of 60 episodes")
    expect(page).to_have_url(re.compile("style=" + record["principles"]))


def test_2_a_run_that_works_is_followed_without_a_reload(visits: Visits, tmp_path: Path) -> None:
    """The model is a server that stops in the middle until the page has shown that it works."""
    pytest.importorskip("aiohttp")
    from tests.models.fake_server import serving
    from tests.stages.skilled import playing

    seen, stop_at = threading.Event(), 80

    def respond(body: dict[str, Any], number: int) -> Any:
        if number >= stop_at:
            assert seen.wait(60)
        return playing(toy_player, body)

    out = tmp_path / "runs" / "live"
    with serving() as model:
        model.respond, model.latency = respond, 0.02  # progress is written twice a second at most
        server = {"provider": "openai", "model": "m", "base_url": model.url, "prompts": "compact"}
        settings = (f"models.all={json.dumps(server)}", "loop.iterations=0", "play.concurrency=1", "evaluation.development=6",
                    "evaluation.held_out=4", "evaluation.verifier=4", "evaluation.resamples=199", "evaluation.samples=2",
                    "arena.talk_turns=3", "arena.decode_rounds=1")  # fmt: skip
        given = [part for one in settings for part in ("--set", one)]
        out.parent.mkdir()
        with served(tmp_path, [out.parent]) as app, letting_go(seen):
            page = visits.page(app.base)
            page.goto("/")
            expect(page.get_by_text("No runs here yet")).to_be_visible()
            with working("run", "--out", str(out), "--quiet", *given) as run:
                row = page.get_by_role("row", name=re.compile("^live"))
                expect(row).to_contain_text("running: evaluate iteration-00", timeout=60_000)
                row.get_by_role("link", name="live").click()
                expect(page.get_by_text("State: running: evaluate iteration-00 (development)")).to_be_visible()
                bar = page.get_by_role("img", name=re.compile("of evaluate iteration-00"))
                expect(bar).to_have_attribute("aria-label", re.compile(r"^(17|33|50|67|83)%"))
                expect(page.get_by_text("Nothing has been measured yet.")).to_be_visible()
                page.evaluate("window.same = true")
                seen.set()
                expect(page.get_by_text("State: finished.")).to_be_visible(timeout=60_000)
                expect(page.get_by_role("region", name=re.compile("^Held-out patients: prob"))).to_contain_text("diagnosis")
                assert page.evaluate("window.same"), "it was not loaded again"
                assert run.wait(60) == 0
            visits.leave()
