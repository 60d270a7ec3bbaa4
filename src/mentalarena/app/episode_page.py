"""One episode: what was said, what was understood round by round, what came of it, and the exact prompts on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import Request
from nicegui import ui

from mentalarena.app.choices import Choice, episode_address, episodes_address
from mentalarena.app.folders import Folders
from mentalarena.app.frame import (
    NOTICE,
    badge,
    bar,
    frame,
    grid,
    link,
    missing,
    page,
    section,
    similarity,
    spoken,
    table,
    tag,
)
from mentalarena.arena.types import Comparison, Decoding
from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.errors import MentalArenaError
from mentalarena.runs.journal import Place
from mentalarena.runs.requests import Requests
from mentalarena.runs.shards import JOURNAL
from mentalarena.stages.episodes import find, kept
from mentalarena.stages.filters import verdict_of

Json = Mapping[str, Any]
BEST = 10
"""The best score of a trial."""


def register(folders: Folders) -> None:
    """Add the page."""

    @page("/runs/{name}/episodes/{arm}/{episode:path}")
    async def episode_page(name: str, arm: str, episode: str, request: Request) -> None:
        path = await asyncio.to_thread(folders.run, name)
        if path is None:
            missing("There is no run of that name in the folders that are served.")
            return
        try:
            index = kept(path)
            found = (
                await asyncio.to_thread(index.read, episode, arm)
                if index
                else await asyncio.to_thread(find, path, episode, arm)
            )
        except MentalArenaError:
            missing(f"There is no episode of that id in this run ({name}).")
            return
        choice = Choice.of(request.query_params)
        with frame(str(found["id"]), "Runs"):
            tag("p", NOTICE, "notice")
            _about(found, name, arm, path, choice)
            rounds = [_decoding(told) for told in found["decodings"]]
            with ui.element("div").classes("two"):
                with ui.element("section"):
                    section("What was said")
                    _talk(found["views"], rounds)
                with ui.element("section"):
                    _diagnosis(found)
                    _trials(found["trials"])
                    _problems(found["problems"])
            if rounds:
                section("The cognitive model: as it is, and as the therapist understood it")
                _understood(rounds[-1])
                section("The decoder, round by round")
                _rounds(rounds)
            section("Exact prompts")
            _prompts(found, path, arm)


def _about(found: Json, name: str, arm: str, path: Path, choice: Choice) -> None:
    with ui.element("p").classes("row"):
        link("All that were chosen" if choice.query else f"All episodes of {name}", episodes_address(name, choice))
        if index := kept(path):
            lines = choice.select(index, 0).lines
            place = next((n for n, line in enumerate(lines) if (line.id, line.arm) == (found["id"], arm)), None)
            if place is not None:
                if place > 0:
                    link("Earlier", episode_address(name, lines[place - 1].arm, lines[place - 1].id, choice))
                if place + 1 < len(lines):
                    link("Later", episode_address(name, lines[place + 1].arm, lines[place + 1].id, choice))
            line = index.line(str(found["id"]), arm)
            if line is not None:
                verdict = verdict_of(line)
                badge(f"diagnosis {verdict}", {"right": "good", "wrong": "bad"}.get(verdict, ""))
                if line.truth and verdict != "right":
                    tag("span", f"by the reference: {line.truth}", "soft")
    told = found.get("lineage") or {}
    usage = found["usage"]
    tag(
        "p",
        f"Patient {found['patient_id']}, talking by {found['principles']}; arm {arm}, iteration {told.get('iteration', '?')}; "
        f"ended: {found['stop_reason']}. {usage['calls']} calls, {usage['prompt_tokens']} prompt tokens, "
        f"{usage['new_tokens']} new ones.",
        "soft num",
    )


def _decoding(told: Json) -> Decoding:
    return Decoding(tuple(Comparison(**c) for c in told["comparisons"]), told["guidance"])


def _talk(views: Json, rounds: Sequence[Decoding]) -> None:
    """The spoken lines, with the supervisor's guidance where the therapist heard it."""
    heard = [m["content"] for m in views.get("therapist", []) if m["role"] == "user"]
    guidance: dict[int, list[str]] = {}
    start = 0
    for found in rounds:
        if not found.guidance:
            continue
        turn = next((n for n in range(start, len(heard)) if found.guidance in heard[n]), None)
        if turn is not None:
            guidance.setdefault(turn, []).append(found.guidance)
            start = turn
    with ui.element("div").classes("talk"):
        lines = views.get("patient", [])[1:]
        if not lines:
            tag("p", "No dialogue: it failed (see the problems).", "soft")
        for number, message in enumerate(lines):
            who = "therapist" if message["role"] == "user" else "patient"
            spoken(who, who, message["content"])
            for text in guidance.get(number // 2, ()) if who == "patient" else ():
                spoken("supervisor", "the decoder's guidance, heard by the therapist alone", text)


def _diagnosis(found: Json) -> None:
    section("Diagnosis")
    told = found["diagnosis"]
    if not told:
        tag("p", "None was asked for.", "soft")
        return
    tag("p", f"Candidates: {', '.join(told['candidates']) or 'none'}.")
    tag("p", f"The patient's choice: {told['chosen'] or 'none agreed in both orders'}.")
    for number, reason in enumerate(told["reasons"], 1):
        tag("p", f"Reason {number}: {reason}", "text soft")


def _trials(trials: Sequence[Json]) -> None:
    if not trials:
        return
    section("Tried on the patient")
    with grid(("proposal", "score", "what the patient foretells"), f"Scores are the judge's, 1 to {BEST}.", (1,)):
        for trial in trials:
            score = trial["score"]
            with ui.element("tr"):
                tag("th", f"{trial['kind']}: {trial['proposal']}").props("scope=row")
                with ui.element("td").classes("num"):
                    if score is None:
                        tag("span", "none", "soft")
                    else:
                        bar(score / BEST, f"score {score} of {BEST}")
                        tag("span", f" {score}")
                told = (trial["predicted_outcome"], trial["reason"], trial["health_state"])
                tag("td", "\n".join(filter(None, told)), "text")


def _problems(problems: Sequence[Json]) -> None:
    if problems:
        section("Problems")
        table(
            ["step", "role", "kind", "detail"],
            [[p["step"], p["role"], p["kind"], p["detail"]] for p in problems],
            "Steps that failed; no training row is made of them.",
        )


def _understood(last: Decoding) -> None:
    caption = (
        f"The last decoding; mean similarity {last.similarity:.2f}. The mark on a bar is the component's calibrated threshold: "
        "what another patient's text would reach."
    )
    with grid(("component", "encoded: the patient's own", "decoded: the therapist's", "similarity"), caption, (3,)):
        for c in last.comparisons:
            with ui.element("tr"):
                tag("th", LABELS.get(c.component, c.component)).props("scope=row")
                tag("td", c.encoded, "text")
                tag("td", c.decoded or "unknown", "text" if c.decoded else "soft")
                with ui.element("td").classes("num"):
                    _near(c)


def _near(c: Comparison) -> None:
    similarity(c.similarity, c.threshold)


def _rounds(rounds: Sequence[Decoding]) -> None:
    headings = ["component", *(f"round {number}" for number in range(1, len(rounds) + 1))]
    told = "Similarity after each round of talk; a tick where it passes the threshold."
    with grid(headings, told, range(1, len(headings))):
        for place, first in enumerate(rounds[0].comparisons):
            with ui.element("tr"):
                tag("th", LABELS.get(first.component, first.component)).props("scope=row")
                for found in rounds:
                    with ui.element("td").classes("num"):
                        if place < len(found.comparisons):
                            _near(found.comparisons[place])
        with ui.element("tr"):
            tag("th", "mean").props("scope=row")
            for found in rounds:
                tag("td", f"{found.similarity:.2f}", "num")
    for number, found in enumerate(rounds, 1):
        if found.guidance:
            tag("h3", f"Guidance after round {number}")
            tag("p", found.guidance, "text")
            tag("p", _effect(found, rounds[number] if number < len(rounds) else None), "soft num")


def _effect(before: Decoding, after: Decoding | None) -> str:
    """What changed with the next round."""
    if after is None:
        return "No decoding came after it."
    gained = [LABELS.get(c, c) for c in before.gaps if c not in after.gaps]
    lost = [LABELS.get(c, c) for c in after.gaps if c not in before.gaps]
    told = f"After it the mean similarity went from {before.similarity:.2f} to {after.similarity:.2f}"
    told += f"; newly understood: {', '.join(gained)}" if gained else "; nothing newly understood"
    return told + (f"; no longer understood: {', '.join(lost)}." if lost else ".")


def _prompts(found: Json, path: Path, arm: str) -> None:
    tag("p", "Each role has its own view: the therapist's never holds the patient's profile.", "soft")
    for title, messages in (
        ("The therapist's view", found["views"].get("therapist", [])),
        ("The patient's view (with its profile)", found["views"].get("patient", [])),
        ("The prompt of the diagnosis", found["diagnosis_messages"]),
    ):
        if messages:
            _on_demand(title, lambda messages=messages: _messages(messages))
    iteration = (found.get("lineage") or {}).get("iteration")
    if isinstance(iteration, int) and (path / JOURNAL).is_file():
        place = Place(iteration, "play", str(found["patient_id"]), arm)
        _on_demand("Every request of this episode, from the journal", lambda: _requests(path / JOURNAL, place))


def _on_demand(title: str, show: Any) -> None:
    """A part that is filled when it is opened."""
    with ui.expansion(title).classes("wide") as part:
        pass

    async def opened(event: Any) -> None:
        if event.value and not part.default_slot.children:
            with part:
                found = show()
                if asyncio.iscoroutine(found):
                    await found

    part.on_value_change(opened)


def _messages(messages: Sequence[Json]) -> None:
    for message in messages:
        with ui.element("div").classes("card"):
            tag("h3", message["role"])
            tag("p", message["content"], "text wide")


async def _requests(journal: Path, place: Place) -> None:
    try:
        found = await asyncio.to_thread(Requests(journal).at, place.key)
    except MentalArenaError as error:
        tag("p", str(error), "notice")
        return
    if not found:
        tag("p", "The journal holds none of it: this episode was played in a shard whose journal is elsewhere.", "soft")
    for _, scope, messages, reply in found:
        _on_demand(
            scope, lambda messages=messages, reply=reply: _messages([*messages, {"role": "reply", "content": reply}])
        )
