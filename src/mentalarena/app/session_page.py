"""One practice session: the talk, the notes, the feedback. Reloading the page changes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Response
from nicegui import ui

from mentalarena.app.documents import missing
from mentalarena.app.frame import NOTICE, frame, page, spoken, tag
from mentalarena.app.session_panels import card_panel, feedback_panel, notes_panel, rival_panel
from mentalarena.errors import MentalArenaError
from mentalarena.notices import CRISIS, OWN_DANGER
from mentalarena.practice.room import Practising, speaks_of_own_danger
from mentalarena.practice.session import LONGEST, Session


def register(practising: Practising) -> None:
    """Add the page."""

    @page("/practice/{session_id}")
    async def session_page(session_id: str) -> Response | None:
        try:
            session = await asyncio.to_thread(practising.store.read, session_id)
        except MentalArenaError:
            return missing("There is no session of that address in the folder that is served.")
        practising.warm()
        name = await asyncio.to_thread(practising.name_of, session)
        title = f"Practice with {name}" if session.part == "therapist" else f"You are {name}"
        with frame(title, "Practice", always=f"Simulation, not care. {CRISIS}."):
            tag("p", NOTICE, "soft")
            with ui.element("div").classes("two"):
                with ui.element("section").props('aria-label="The talk"'):
                    _Talk(practising, session, name).draw()
                with ui.element("section").props('aria-label="Notes and feedback"'):
                    await _panels(practising, session)
        return None


class _Talk:
    """The dialogue and the field to say something in."""

    def __init__(self, practising: Practising, session: Session, name: str) -> None:
        self._practising, self._session = practising, session
        self._next = False
        self._other = name if session.part == "therapist" else "therapist"

    def draw(self) -> None:
        tag("h2", "The talk")
        tag("p", f"{self._by} Every talk begins with the same greeting.", "soft")
        with (
            ui.element("div").classes("talk log").props('role=log aria-live=polite tabindex=0 aria-label="Dialogue"') as log
        ):
            self._log = log
        self._lines()
        self._trouble = tag("p", "", "bad").props("role=alert")
        self._field = ui.textarea("Say something").props(f"outlined autogrow maxlength={LONGEST}").classes("wide")
        self._field.on("keydown.enter.exact.prevent", self._speak)
        with ui.element("div").classes("row"):
            self._button = ui.button("Say it", on_click=self._speak).props("no-caps unelevated")
            self._ask_again = ui.button("Ask for the answer again", on_click=self._again).props("no-caps outline")
            self._ask_again.set_visibility(False)
            tag("span", "Enter says it; Shift and Enter begins a new line.", "soft")
        if self._session.owed:  # it was interrupted before it was answered
            ui.timer(0.01, self._again, once=True)
        self._down()

    @property
    def _by(self) -> str:
        session = self._session
        if session.part == "patient":
            return "The therapist is " + (
                "a checklist of prepared questions, no model." if session.offline else "the configured model."
            )
        words = "the library's own words, without a language model" if session.offline else session.model
        return f"{session.style}, {session.difficulty}; played by {words}."

    def _lines(self) -> None:
        self._log.clear()
        for who, text in self._session.lines:
            self._line(who, text)

    def _help(self) -> None:
        """The other side is a program, which walks past danger; whoever spoke may have meant it."""
        with self._log:
            tag("p", f"{OWN_DANGER} {CRISIS}.", "notice").props("role=alert")

    def _line(self, who: str, text: str) -> Any:
        with self._log:
            return spoken(who, "you" if who == self._session.part else self._other, text)

    async def _speak(self) -> None:
        if not self._button.enabled:  # said while the other still speaks: it comes next
            self._next = True
            return
        text = str(self._field.value or "").strip()
        if not text:
            return
        self._field.set_value("")
        self._line(self._session.part, text)
        if speaks_of_own_danger(self._session, text):
            self._help()
        await self._answer(text)

    async def _again(self) -> None:
        """Ask for the answer that is missing; what was said is kept."""
        self._session = await asyncio.to_thread(self._practising.store.read, self._session.id)
        self._lines()
        await self._answer("")

    async def _answer(self, text: str) -> None:
        self._button.disable()
        self._ask_again.set_visibility(False)
        self._trouble.set_text("")
        told = self._line("patient" if self._session.part == "therapist" else "therapist", "…")
        self._down()
        try:
            before = len(self._session.lines)
            self._session = await self._practising.speak(self._session.id, text, told.set_text)
            told.set_text(self._session.lines[-1][1])
            if len(self._session.lines) > before + (2 if text else 1):  # something was said in another tab too
                self._lines()
        except MentalArenaError as error:
            told.set_text("(no answer)")
            self._trouble.set_text(f"{error}.")
            self._ask_again.set_visibility(True)
        finally:
            self._button.enable()
        self._down()
        self._field.run_method("focus")
        if self._next:
            self._next = False
            await self._speak()

    def _down(self) -> None:
        ui.run_javascript(f"const e = getHtmlElement({self._log.id}); if (e) e.scrollTop = e.scrollHeight")


async def _panels(practising: Practising, session: Session) -> None:
    partner = None
    if session.part == "patient":
        try:
            partner = await practising.partner(session)
        except MentalArenaError as error:
            tag("p", str(error), "notice")
            return
    with ui.tabs().props('align=left no-caps inline-label aria-label="Notes and feedback"').classes("wide") as tabs:
        names = ("Notes", "Feedback", "Compare", "Keep") if partner is None else ("Your part", "What it understood", "Keep")
        first, *others = [ui.tab(name) for name in names]
    with ui.tab_panels(tabs, value=first, animated=False).classes("wide panels"):
        with ui.tab_panel(first):
            card_panel(partner) if partner else notes_panel(practising, session)
        for tab, panel in zip(others, (feedback_panel, rival_panel) if partner is None else (rival_panel,), strict=False):
            with ui.tab_panel(tab):
                panel(practising, session)
        with ui.tab_panel(others[-1]):
            tag("p", f"This session is kept as {session.id}; its address brings you back to it.", "soft")
            with ui.element("div").classes("row"):
                for kind, label in (
                    ("md", "To read (Markdown)"),
                    ("json", "Everything (JSON)"),
                    ("jsonl", "As messages (JSONL)"),
                ):
                    made = tag("a", label)
                    made._props |= {"href": f"/practice/{session.id}/session.{kind}", "download": f"session.{kind}"}
            tag("p", "It holds what you typed. It is no patient record, and must not become one.", "soft")
