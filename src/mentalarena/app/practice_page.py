"""Where a practice session begins, or is found again."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, cast

from nicegui import ui

from mentalarena.app.frame import NOTICE, Cell, frame, page, section, table, tag
from mentalarena.errors import MentalArenaError
from mentalarena.notices import CRISIS
from mentalarena.practice.rapport import DIFFICULTIES, STYLES
from mentalarena.practice.room import By, Practising
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
CONTENT_WARNING = (
    "Some people speak of suicide, self-harm, violence, eating disorders or substances when they are asked, and some are 14 to "
    "17 years old. Stop whenever you want to; nothing is lost."
)
LIMITS = (
    "No clinician has read the patients, and the scores are similarities of texts: they say how near your notes are to what was "
    "written about this person, and nothing about how good a therapist you are."
)


def register(practising: Practising, listed: bool) -> None:
    """Add the page; `listed`: whether all sessions of the folder are shown, as on a machine of one's own."""

    @page("/practice")
    async def practice_page() -> None:
        practising.warm()
        sessions: list[Session] = await asyncio.to_thread(practising.store.list) if listed else []
        with frame("Practise with a simulated patient", "Practice"):
            tag("p", f"{NOTICE} {CRISIS}.", "notice")
            tag("p", WHAT)
            tag("p", CONTENT_WARNING)
            tag("p", LIMITS, "soft")
            with ui.element("div").classes("card"):
                _choices(practising)
            section("Your sessions")
            if listed:
                _earlier(practising, sessions)
            else:
                tag(
                    "p",
                    "A session's address is its key: keep it to come back. Sessions of others are not listed here.",
                    "soft",
                )


def _choices(practising: Practising) -> None:
    tag("h2", "Choose a patient")
    by: Any = None
    with ui.element("div").classes("row"):
        part = ui.select({"therapist": "the therapist", "patient": "the patient"}, value="therapist", label="you play")
        part.classes("narrow").props("outlined")
        if practising.has_model:
            model = practising.config.models.patient.model or "the configured model"
            by = ui.select({"model": model, "library": "the library's own words"}, value="model", label="played by")
            by.classes("middling").props("outlined")
        who = ui.select({}, label="patient", with_input=True).classes("broad").props("outlined")
        style = ui.select(list(STYLES), value="plain", label="style of talking").classes("narrow").props("outlined")
        hard = ui.select(list(DIFFICULTIES), value="normal", label="difficulty").classes("narrow").props("outlined")
    for manner in (style, hard):  # of the patient, whom in the other part nobody but the person plays
        manner.bind_enabled_from(part, "value", lambda value: value == "therapist")
    trouble = tag("p", "", "bad").props("role=alert")

    def chosen() -> By:
        return cast(By, by.value if by else "library")

    def offer() -> None:
        try:
            who.set_options({"": CHANCE, **practising.patients(chosen())}, value="")
        except MentalArenaError as error:
            trouble.set_text(str(error))

    offer()
    if by:
        by.on_value_change(offer)

    async def begin() -> None:
        start.disable()
        try:
            seed = secrets.randbelow(1 << 31)
            wanted = await practising.prepared(who.value or None, style.value, hard.value, seed, chosen(), part.value)
            session = await practising.begin(wanted)
        except MentalArenaError as error:
            trouble.set_text(str(error))
            start.enable()
            return
        ui.navigate.to(f"/practice/{session.id}")

    start = ui.button("Begin", on_click=begin).props("no-caps unelevated").classes("begin")


def _earlier(practising: Practising, sessions: list[Session]) -> None:
    if not sessions:
        tag("p", "None yet.", "soft")
        return
    rows: list[list[Cell]] = [
        [
            (practising.name_of(session), f"/practice/{session.id}"),
            session.created.replace("T", " ")[:16],
            f"{session.style}, {session.difficulty}" if session.part == "therapist" else "you were the patient",
            str(session.turns),
            "" if session.first is None else f"{session.first:.2f}",
        ]
        for session in sessions[:LISTED]
    ]
    caption = f"The newest {LISTED} of {len(sessions)}." if len(sessions) > LISTED else "Newest first; times are UTC."
    table(["patient", "begun", "style and difficulty", "turns", "first similarity"], rows, caption, numbers=(3, 4))
