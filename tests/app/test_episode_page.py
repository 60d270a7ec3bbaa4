"""An episode's page is a document: what was said and understood as it was, nothing that could run, and no more than asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from mentalarena.app.choices import Choice, episode_address
from mentalarena.app.folders import Folders
from mentalarena.arena.types import Comparison, Decoding, Diagnosis, Episode, Lineage, Problem, Trial
from mentalarena.models.base import Message, Usage
from mentalarena.stages.episodes import episodes_of
from tests.app.hostile import TEXTS

pytest.importorskip("nicegui")
pytest.importorskip("httpx")
GUIDANCE = "ask about the situation."


def compared(component: str, similarity: float) -> Comparison:
    return Comparison(component, f"the {component}", "noted" if similarity else None, similarity, 0.4)


def episode(number: int, text: str = "i feel low") -> Mapping[str, Any]:
    views = {
        "patient": (Message("system", "PROFILE"), Message("user", "Hello?"), Message("assistant", text),
                    Message("user", "Where?"), Message("assistant", "at home")),
        "therapist": (Message("system", "you ask"), Message("user", f"{text}\n{GUIDANCE}"), Message("user", "at home")),
    }  # fmt: skip
    first, second = (
        Decoding((compared("emotions", 0.5), compared("situation", 0)), GUIDANCE),
        Decoding((compared("emotions", 0.3), compared("situation", 0.9))),
    )
    return asdict(
        Episode(
            f"00-{number}", f"p{number}", "plain", views, decodings=(first, second),
            diagnosis=Diagnosis(("x", text), "x", (text, "")), diagnosis_messages=(Message("user", "THE DIAGNOSIS PROMPT"),),
            trials=(Trial("treatment", text, "because", "it gets better", text, "well", 7),),
            problems=(Problem("trial", "judge", "unreadable", text),), stop_reason="aligned", usage=Usage(),
            lineage=Lineage(0, 0, "made", "CC0", {}),
        )
    )  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from mentalarena.app import episode_page

    folder = tmp_path / "run" / "iteration-00"
    folder.mkdir(parents=True)
    (tmp_path / "run" / "config.json").write_text("{}")
    texts = ("i feel low", *TEXTS)
    lines = [json.dumps(episode(number, text)) for number, text in enumerate(texts)]
    (folder / "episodes.jsonl").write_text("".join(f"{line}\n" for line in lines))
    server = FastAPI()
    episode_page.register(server, Folders([tmp_path]))
    with TestClient(server) as found:
        yield found


def page(client: Any, number: int, choice: Choice | None = None) -> str:
    answer = client.get(episode_address("run", "main", f"00-{number}", choice or Choice()))
    assert answer.status_code == 200
    return str(answer.text)


def words(html: str) -> str:
    """What a reader sees, folded parts too."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)))


def test_no_script_may_run_on_it_and_nothing_is_kept_of_it(client: Any) -> None:
    answer = client.get("/runs/run/episodes/main/00-0")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy, "so the default holds"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text


@pytest.mark.parametrize("number", range(1, len(TEXTS) + 1))
def test_hostile_texts_are_shown_as_texts_wherever_they_stand(client: Any, number: int) -> None:
    def elements(html: str) -> list[str]:
        return [re.sub(r"\d+", "", tag) for tag in re.findall(r"<[^>]*>", html) if not tag.startswith("<a")]

    hostile = page(client, number)
    assert elements(hostile) == elements(page(client, 0)), "not one more, whatever the texts hold"
    text = re.sub(r"\s+", " ", str(json.loads(json.dumps(TEXTS[number - 1])))).strip()
    assert words(hostile).count(text) >= 6, "the line, both views, a candidate, a reason, a proposal, a problem"


def test_the_talk_has_the_guidance_where_the_therapist_heard_it(client: Any) -> None:
    kinds = re.findall(r'class="said (\w+)"><span class="who">.*?</span><span>(.*?)</span>', page(client, 0))
    assert kinds == [
        ("therapist", "Hello?"), ("patient", "i feel low"), ("supervisor", GUIDANCE), ("therapist", "Where?"),
        ("patient", "at home"),
    ]  # fmt: skip


def test_what_guidance_changed_is_told_both_ways(client: Any) -> None:
    told = words(page(client, 0))
    assert "from 0.25 to 0.60; newly understood: situation; no longer understood: emotions." in told
    assert "similarity 0.30, threshold 0.40: not above it" in page(client, 0)


def test_earlier_and_later_follow_what_was_chosen(client: Any, tmp_path: Path) -> None:
    assert 'rel="next"' not in page(client, 1), "without an index nobody knows"
    episodes_of(tmp_path / "run")
    assert re.findall(r'href="([^"]*)" rel="(?:prev|next)"', page(client, 1)) == [
        "/runs/run/episodes/main/00-0", "/runs/run/episodes/main/00-10",
    ]  # fmt: skip
    backwards = unescape(page(client, 1, Choice(order="-id")))
    assert re.findall(r'href="([^"]*)" rel="(?:prev|next)"', backwards) == [
        "/runs/run/episodes/main/00-10?order=-id", "/runs/run/episodes/main/00-0?order=-id",
    ]  # fmt: skip
    assert 'rel="prev"' not in page(client, 0)


def test_an_episode_or_a_run_that_is_not_there_is_404(client: Any, tmp_path: Path) -> None:
    for address in ("/runs/run/episodes/main/none", "/runs/run/episodes/none/00-0", "/runs/none/episodes/main/00-0",
                    "/runs/run/requests/main/00-0", "/runs/run/requests/main/none", "/runs/none/requests/main/00-0"):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 404, address
        assert re.search("There is no|no episode", answer.text), address
        assert str(tmp_path) not in answer.text


def test_requests_are_offered_only_where_there_is_a_journal_and_a_damaged_one_is_told(client: Any, tmp_path: Path) -> None:
    assert "/requests/" not in page(client, 0)
    (tmp_path / "run" / "journal.sqlite").write_bytes(b"no journal")
    assert 'href="/runs/run/requests/main/00-0"' in page(client, 0)
    answer = client.get("/runs/run/requests/main/00-0")
    assert answer.status_code == 404
    assert "run/journal.sqlite: cannot be read as a journal" in answer.text
    assert str(tmp_path) not in answer.text
