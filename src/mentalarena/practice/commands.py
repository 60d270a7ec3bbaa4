"""What can be typed at the terminal beside the talk (terminal.py), by the part that the person takes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, Component
from mentalarena.errors import ConfigError
from mentalarena.practice.export import FORMATS, NOTICE, exported, notice_of
from mentalarena.practice.feedback import scoring_of, side_by_side
from mentalarena.practice.reversal import card
from mentalarena.practice.rival import COPIES
from mentalarena.practice.session import Rival, diagnosed, noted
from mentalarena.report.practice import feedback_lines, score_table
from mentalarena.runs.directory import write_whole

if TYPE_CHECKING:
    from mentalarena.practice.terminal import Terminal

Commands = dict[str, Callable[[str], None]]
BOTH = """/export [md|json|jsonl]   write the session to a file
/retry                ask again, where no answer came
/quit                 leave; everything is kept"""
THERAPIST = f"""Type what you would say, and Enter. An empty line is a silence.
/notes                fill in the cognitive model, field by field
/note FIELD TEXT      one of its fields, such as: /note emotions sad and tired
/diagnosis TEXT       what you take it for
/feedback             what you understood and missed (ends the guessing: it shows what is so)
/compare              an AI therapist on the same patient
{BOTH}"""
PATIENT = f"""Type what the person would say, and Enter. An empty line is a silence.
/card                 whom you play
/understood           what the therapist understood of you, beside what was to be played
{BOTH}"""


def commands_at(at: Terminal) -> Commands:
    """Those of the session's part, by name."""
    own = _AsTherapist(at).all() if at.session.part == "therapist" else _AsPatient(at).all()
    help_ = THERAPIST if at.session.part == "therapist" else PATIENT
    return {"/help": lambda _: at.say(help_), **own, "/export": lambda told: _export(at, told)}


@dataclass(frozen=True)
class _AsTherapist:
    """The trainee is the therapist: notes, a diagnosis, feedback, another therapist on the same patient."""

    at: Terminal

    def all(self) -> Commands:
        return {
            "/notes": lambda _: self._notes(),
            "/note": self._note,
            "/diagnosis": self._diagnosis,
            "/feedback": lambda _: self._feedback(),
            "/compare": lambda _: self._compare(),
        }

    def _notes(self) -> None:
        at = self.at
        at.say("What have you understood? Enter keeps what is there, - takes it away, a command leaves the notes.")
        for component in COMPONENTS:
            now = at.session.notes.get(component, "")
            if now:
                at.say(f"{LABELS[component]} is: {now}")
            typed = at.read(f"{LABELS[component]}> ").strip()
            if typed.startswith("/"):
                at.typed.append(typed)
                break
            if not sys.stdin.isatty():
                at.line(LABELS[component], typed)  # a script is not echoed by the terminal
            if typed:
                self._note_down(component, "" if typed == "-" else typed)
        at.say("Noted.")

    def _note(self, told: str) -> None:
        known: dict[str, Component] = {c: c for c in COMPONENTS}
        for name in sorted([*known, *(LABELS[c] for c in known)], key=len, reverse=True):
            if told.lower().startswith(name):
                component = known[name.replace(" ", "_")]
                self._note_down(component, told[len(name) :].lstrip(" :="))
                self.at.say("Noted.")
                return
        self.at.say(f"/note: expected a field and a text; fields: {', '.join(LABELS[c] for c in COMPONENTS)}")

    def _note_down(self, component: Component, text: str) -> None:
        self.at.change(lambda now: noted(now, component, text))

    def _diagnosis(self, told: str) -> None:
        told = told or self.at.read("diagnosis> ").strip()
        self.at.change(lambda now: diagnosed(now, told))
        self.at.say("Noted.")

    def _feedback(self) -> None:
        at = self.at
        scoring_of(at.room.config)  # calibrated here the first time, where Ctrl-C stops it at once
        at.session = at.run(at.room.judge(at.session.id))
        found = at.session.feedback
        assert found  # noqa: S101  (judge keeps one)
        at.say(f"{NOTICE}\n\nSafety: {found.safety.note}\n")
        at.console.print(score_table(found.components))
        at.say("\n".join(feedback_lines(found, at.session.diagnosis)))

    def _compare(self) -> None:
        at, found = self.at, _compared(self.at, "the other therapist asks")
        for who, text in found.lines:
            at.line(who, text)
        own = at.session.feedback
        yours, theirs = side_by_side(own.components if own else found.components, found.components)
        beside = f" (yours, over the same components: {yours:.2f})" if own else ""
        at.say(f"\n{found.name}: {found.questions} questions, similarity {theirs:.2f}{beside}")
        at.console.print(score_table(found.components, own.components if own else ()))
        if found.problem:
            at.say(f"Problem: {found.problem}")
        if at.session.offline:
            at.say(COPIES)
        if not own:
            at.say("/feedback puts your own scores beside it.")


@dataclass(frozen=True)
class _AsPatient:
    """The person plays the patient: whom, and what the therapist made of it."""

    at: Terminal

    def all(self) -> Commands:
        return {
            "/card": lambda _: self._card(),
            "/understood": lambda _: self._understood(),
            **dict.fromkeys(("/feedback", "/compare"), lambda _: self.at.say("You play the patient: /understood tells.")),
        }

    def _card(self) -> None:
        for label, text in card(self.at.partner):
            self.at.line(label, text)

    def _understood(self) -> None:
        at, found = self.at, _compared(self.at, "the therapist thinks")
        at.say(notice_of(at.session))
        for score in found.components:
            at.line(LABELS[score.component], score.noted or "nothing noted")
        at.say(f"\n{found.name}: {found.questions} questions, similarity {found.similarity:.2f} to what was to be played")
        at.console.print(score_table(found.components))
        if found.problem:
            at.say(f"Problem: {found.problem}")


def _compared(at: Terminal, busy: str) -> Rival:
    """What a therapist that is no person came to; a problem is in it."""
    with at.console.status(busy):
        scoring_of(at.room.config)
        at.session = at.run(at.room.compare(at.session.id, partly=True))
    found = at.session.rival
    assert found  # noqa: S101  (compare keeps one)
    return found


def _export(at: Terminal, told: str) -> None:
    kind = told or "md"
    if kind not in FORMATS:
        raise ConfigError(f"/export {kind[:40]}: expected one of {', '.join(FORMATS)}")
    folder = at.room.store.folder / "exports"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}; expected a folder for what is written") from None
    path = folder / f"{at.session.id}.{kind}"
    write_whole(path, exported(at.session, kind))
    at.say(f"Written: {path}")
