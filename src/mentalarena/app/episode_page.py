"""One episode: what was said, what was understood round by round, what came of it, and the exact prompts on demand.

Documents (app/documents.py): nothing is done on these pages but reading, and nowhere else do models say as much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from mentalarena.app.choices import Choice, episode_address, episodes_address, requests_address
from mentalarena.app.documents import NO_RUN, document, missing
from mentalarena.app.folders import Folders, without_place
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


def register(server: FastAPI, folders: Folders) -> None:
    """Add the pages. They are made in threads: reading waits for the disk."""

    def add(what: str, make: Callable[[Path, str, str, str, Choice], HTMLResponse]) -> None:
        @server.get(f"/runs/{{name}}/{what}/{{arm}}/{{episode:path}}", name=what)
        def answer(name: str, arm: str, episode: str, request: Request) -> HTMLResponse:
            if not (path := folders.run(name)):
                return missing(NO_RUN)
            try:
                return make(path, name, arm, episode, Choice.of(request.query_params))
            except MentalArenaError as error:
                return missing(f"{without_place(error, path, name)}.")

    add("episodes", _episode)
    add("requests", _requests)


def _episode(path: Path, name: str, arm: str, episode: str, choice: Choice) -> HTMLResponse:
    found = _read(path, arm, episode)
    rounds, views = [_decoding(told) for told in found["decodings"]], found["views"]
    return document(
        "episode.html",
        title=str(found["id"]),
        found=found,
        arm=arm,
        iteration=_iteration(found),
        place=_place(found, name, arm, path, choice),
        rounds=rounds,
        headings=("component", *(f"round {number}" for number in range(1, len(rounds) + 1))),
        guidance=[
            (number, one.guidance, _effect(one, rounds[number] if number < len(rounds) else None))
            for number, one in enumerate(rounds, 1)
            if one.guidance
        ],
        lines=_lines(views, rounds),
        views=(
            ("The therapist's view", views.get("therapist", [])),
            ("The patient's view (with its profile)", views.get("patient", [])),
            ("The prompt of the diagnosis", found["diagnosis_messages"]),
        ),
        requests=requests_address(name, arm, episode, choice) if _journal(found, path) else "",
        labels=LABELS,
        best=BEST,
    )


def _requests(path: Path, name: str, arm: str, episode: str, choice: Choice) -> HTMLResponse:
    found = _read(path, arm, episode)
    if not (journal := _journal(found, path)):
        return missing("There is no journal of this episode: it was played elsewhere.")
    requests = Requests(journal).at(Place(_iteration(found), "play", str(found["patient_id"]), arm).key)
    back = episode_address(name, arm, episode, choice)
    return document("requests.html", title=f"Requests of {found['id']}", found=requests, episode=back)


def _read(path: Path, arm: str, episode: str) -> Json:
    index = kept(path)
    return index.read(episode, arm) if index else find(path, episode, arm)


def _iteration(found: Json) -> Any:
    return (found.get("lineage") or {}).get("iteration", "?")


def _journal(found: Json, path: Path) -> Path | None:
    """Where the requests of an episode are, if this run has them."""
    return path / JOURNAL if isinstance(_iteration(found), int) and (path / JOURNAL).is_file() else None


def _decoding(told: Json) -> Decoding:
    return Decoding(tuple(Comparison(**c) for c in told["comparisons"]), told["guidance"])


@dataclass(frozen=True)
class _Around:
    """Where an episode stands among those that were chosen: addresses, empty where there is none."""

    every: str
    label: str
    earlier: str = ""
    later: str = ""
    verdict: str = ""
    truth: str = ""


def _place(found: Json, name: str, arm: str, path: Path, choice: Choice) -> _Around:
    every, label = episodes_address(name, choice), "All that were chosen" if choice.query else f"All episodes of {name}"
    if not (index := kept(path)):
        return _Around(every, label)
    lines = choice.select(index, 0).lines
    at = next((n for n, line in enumerate(lines) if (line.id, line.arm) == (found["id"], arm)), None)
    before, after = (at - 1, at + 1) if at is not None else (-1, -1)
    earlier, later = (
        episode_address(name, lines[n].arm, lines[n].id, choice) if 0 <= n < len(lines) else "" for n in (before, after)
    )
    own = index.line(str(found["id"]), arm)
    return _Around(every, label, earlier, later, verdict_of(own) if own else "", (own.truth or "") if own else "")


@dataclass(frozen=True)
class _Line:
    """Something that was said, and by whom."""

    kind: str
    who: str
    text: str


def _lines(views: Json, rounds: Sequence[Decoding]) -> list[_Line]:
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
    lines = []
    for number, message in enumerate(views.get("patient", [])[1:]):
        who = "therapist" if message["role"] == "user" else "patient"
        lines.append(_Line(who, who, message["content"]))
        for text in guidance.get(number // 2, ()) if who == "patient" else ():
            lines.append(_Line("supervisor", "the decoder's guidance, heard by the therapist alone", text))
    return lines


def _effect(before: Decoding, after: Decoding | None) -> str:
    """What changed with the next round."""
    if after is None:
        return "No decoding came after it."
    gained = [LABELS.get(c, c) for c in before.gaps if c not in after.gaps]
    lost = [LABELS.get(c, c) for c in after.gaps if c not in before.gaps]
    told = f"After it the mean similarity went from {before.similarity:.2f} to {after.similarity:.2f}"
    told += f"; newly understood: {', '.join(gained)}" if gained else "; nothing newly understood"
    return told + (f"; no longer understood: {', '.join(lost)}." if lost else ".")
