"""Where a practice session begins, or is found again."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, cast

from nicegui import ui

from mentalarena.app.frame import NOTICE, Cell, frame, section, table, tag
from mentalarena.app.practising import By, Practising
from mentalarena.errors import MentalArenaError
from mentalarena.practice.export import CRISIS
from mentalarena.practice.partner import people
from mentalarena.practice.rapport import DIFFICULTIES, STYLES
from mentalarena.practice.session import Session

CHANCE = "chance decides"
LISTED = 50
"""Sessions that are listed, the newest."""
WHAT = (
    "You are the therapist. The patient is fictional: a person of the library, who tells some things at once, some when asked, "
    "and some only to somebody who has earned it. Talk; write down what you understand of the person's cognitive model; name a "
    "diagnosis if you can. Then ask for feedback. Or play the patient yourself, and see what a therapist that is no person "
    "makes of you. Everything you do is kept as you do it."
)
LIMITS = (
    "No clinician has read the patients, and the scores are similarities of texts: they say how near your notes are to what was "
    "written about this person, and nothing about how good a therapist you are."
)


def register(practising: Practising, listed: bool) -> None:
    """Add the page; `listed`: whether all sessions of the folder are shown, as on a machine of one's own."""

    @ui.page("/practice")
    async def practice_page() -> None:
        sessions: list[Session] = await asyncio.to_thread(practising.store.list) if listed else []
        with frame("Practise with a simulated patient", "Practice"):
            tag("p", f"{NOTICE} {CRISIS}.", "notice")
            tag("p", WHAT)
            tag("p", LIMITS, "soft")
            with ui.element("div").classes("card"):
                _choices(practising)
            section("Your sessions")
            if listed:
                _earlier(sessions)
            else:
                tag(
                    "p",
                    "A session's address is its key: keep it to come back. Sessions of others are not listed here.",
                    "soft",
                )


def _choices(practising: Practising) -> None:
    tag("h2", "Choose a patient")
    known = {person.id: _about(person) for person in people()}
    with ui.element("div").classes("row"):
        who = ui.select({"": CHANCE, **known}, value="", label="patient", with_input=True).classes("w-80").props("outlined")
        part = ui.select({"therapist": "the therapist", "patient": "the patient"}, value="therapist", label="you play")
        part.classes("w-40").props("outlined")
        style = ui.select(list(STYLES), value="plain", label="style of talking").classes("w-44").props("outlined")
        hard = ui.select(list(DIFFICULTIES), value="normal", label="difficulty").classes("w-40").props("outlined")
        by: Any = None
        if practising.has_model:
            models = {"library": "the library's own words", "model": practising.config.models.patient.model or "the model"}
            by = ui.select(models, value="model", label="played by").classes("w-56").props("outlined")
    trouble = tag("p", "", "bad").props("role=alert")

    async def begin() -> None:
        start.disable()
        try:
            seed, played = secrets.randbelow(1 << 31), cast(By, by.value if by else "library")
            session = await practising.begin(who.value or None, style.value, hard.value, seed, played, part.value)
        except MentalArenaError as error:
            trouble.set_text(str(error))
            start.enable()
            return
        ui.navigate.to(f"/practice/{session.id}")

    start = ui.button("Begin", on_click=begin).props("no-caps unelevated").classes("begin")


def _about(person: Any) -> str:
    told = person.demographics
    return ", ".join(filter(None, (person.name, told.get("age"), told.get("occupation"))))


def _earlier(sessions: list[Session]) -> None:
    if not sessions:
        tag("p", "None yet.", "soft")
        return
    names = {person.id: person.name for person in people(every=True)}
    rows: list[list[Cell]] = [
        [
            (names.get(session.patient.rsplit("-", 1)[0], session.patient), f"/practice/{session.id}"),
            session.created.replace("T", " ")[:16],
            f"{session.style}, {session.difficulty}",
            str(session.turns),
            f"{session.feedback.similarity:.2f}" if session.feedback else "",
        ]
        for session in sessions[:LISTED]
    ]
    caption = f"The newest {LISTED} of {len(sessions)}." if len(sessions) > LISTED else "Newest first; times are UTC."
    table(["patient", "begun", "style and difficulty", "turns", "similarity"], rows, caption, numbers=(3, 4))
