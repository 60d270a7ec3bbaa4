"""The practice room (room.py) in a terminal. Answers are shown while they come; a script may be piped in instead of typing.

What models and people said is printed without control characters and is never read as markup.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.text import Text

from mentalarena.clinic.clinics import open_clinic
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, Component
from mentalarena.config import Config
from mentalarena.errors import ConfigError, MentalArenaError, ModelError
from mentalarena.models.backends import Backends
from mentalarena.notices import CRISIS
from mentalarena.practice.export import FORMATS, NOTICE, exported
from mentalarena.practice.feedback import scoring_of, side_by_side
from mentalarena.practice.live import line, while_it_comes
from mentalarena.practice.partner import MANY, Partner, people
from mentalarena.practice.rapport import DIFFICULTIES, STYLES
from mentalarena.practice.rival import watch
from mentalarena.practice.room import FULL, Practising
from mentalarena.practice.session import Session, diagnosed, noted
from mentalarena.practice.store import Store
from mentalarena.report.practice import feedback_lines, people_table, score_table, session_table
from mentalarena.report.text import printable
from mentalarena.runs.directory import write_whole

Result = TypeVar("Result")
HELP = """Type what you would say, and Enter. An empty line is a silence.
/notes                fill in the cognitive model, field by field
/note FIELD TEXT      one of its fields, such as: /note emotions sad and tired
/diagnosis TEXT       what you take it for
/feedback             what you understood and missed (ends the guessing: it shows what is so)
/compare              an AI therapist on the same patient
/export [md|json|jsonl]   write the session to a file
/retry                ask the patient again, where no answer came
/quit                 leave; everything is kept"""


@dataclass
class Terminal:
    """A session in a terminal. `read` gives the next line that is typed and raises `EOFError` at the end."""

    session: Session
    partner: Partner
    room: Practising
    console: Console
    read: Callable[[str], str]

    def talk(self) -> bool:
        """Until the trainee leaves. False when it was interrupted; nothing is lost either way."""
        self._welcome()
        try:
            if self.session.owed:
                self._speak(None)
            while self._step(self.read("you> ")):
                pass
        except EOFError:
            self.console.print()
        except KeyboardInterrupt:
            self.console.print()
            self._say(f"Stopped. Everything is kept; go on with: {self._again()}")
            return False
        self._say(f"Kept. Go on with: {self._again()}")
        return True

    def watch(self, turns: int) -> None:
        """A therapist model (or the checklist) talks with the patient."""
        self._say(f"{NOTICE}\n{CRISIS}\n")

        async def play() -> None:
            async for who, text in watch(self.partner, self.room.config, self.room.backends, turns, self.session.seed):
                self._line(who, text)

        self._run(play())

    def _step(self, typed: str) -> bool:
        """What one typed line does; False to leave."""
        name, _, rest = typed.strip().partition(" ")
        if not name.startswith("/"):
            if not sys.stdin.isatty():
                self._line("you", typed.strip())  # a script is not echoed by the terminal
            self._speak(typed.strip())
            return True
        if name == "/quit":
            return False
        commands: dict[str, Callable[[str], None]] = {
            "/help": lambda _: self._say(HELP),
            "/notes": lambda _: self._notes(),
            "/note": self._note,
            "/diagnosis": self._diagnosis,
            "/feedback": lambda _: self._feedback(),
            "/compare": lambda _: self._compare(),
            "/export": self._export,
            "/retry": lambda _: self._speak(None) if self.session.owed else self._say("The patient has answered."),
        }
        if name not in commands:
            self._say(f"{name}: no command; /help lists them")
            return True
        try:
            self.session = self.room.store.read(self.session.id)  # a page may have gone on with it
            commands[name](rest.strip())
        except MentalArenaError as error:
            self._say(f"Not done: {error}")
        return True

    def _speak(self, text: str | None) -> None:
        """Say something, an empty text as well; None asks again for the answer that is missing."""
        room, id = self.room, self.session.id
        try:
            with while_it_comes(self.console, "patient") as listen:
                self.session = self._run(room.speak(id, text or "", listen, silence=text is not None))
        except ModelError as error:
            self._say(f"No answer came ({error}). Your words are kept; /retry asks again.")
        except ConfigError as error:
            if len(room.store.read(id).lines) < FULL:
                raise
            self._say(f"Not done: {error}")
        else:
            self._line(*self.session.lines[-1])

    def _notes(self) -> None:
        self._say("What have you understood? Enter keeps what is there, - takes it away.")
        for component in COMPONENTS:
            now = self.session.notes.get(component, "")
            if now:
                self._say(f"{LABELS[component]} is: {now}")
            typed = self.read(f"{LABELS[component]}> ").strip()
            if typed:
                self._note_down(component, "" if typed == "-" else typed)
        self._say("Noted.")

    def _note(self, told: str) -> None:
        known: dict[str, Component] = {c: c for c in COMPONENTS}
        for name in sorted([*known, *(LABELS[c] for c in known)], key=len, reverse=True):
            if told.lower().startswith(name):
                component = known[name.replace(" ", "_")]
                self._note_down(component, told[len(name) :].lstrip(" :="))
                self._say("Noted.")
                return
        self._say(f"/note: expected a field and a text; fields: {', '.join(LABELS[c] for c in COMPONENTS)}")

    def _note_down(self, component: Component, text: str) -> None:
        self.session = self._run(self.room.change(self.session.id, lambda now: noted(now, component, text)))

    def _diagnosis(self, told: str) -> None:
        told = told or self.read("diagnosis> ").strip()
        self.session = self._run(self.room.change(self.session.id, lambda now: diagnosed(now, told)))
        self._say("Noted.")

    def _feedback(self) -> None:
        scoring_of(self.room.config)  # calibrated here the first time, where Ctrl-C stops it at once
        self.session = self._run(self.room.judge(self.session.id))
        found = self.session.feedback
        assert found  # noqa: S101  (judge keeps one)
        self._say(NOTICE)
        self.console.print(score_table(found.components))
        self._say("\n".join(feedback_lines(found)))

    def _compare(self) -> None:
        with self.console.status("the other therapist asks"):
            scoring_of(self.room.config)
            self.session = self._run(self.room.compare(self.session.id, partly=True))
        found = self.session.rival
        assert found  # noqa: S101  (compare keeps one)
        for who, text in found.lines:
            self._line(who, text)
        own = self.session.feedback
        yours, theirs = side_by_side(own.components if own else found.components, found.components)
        beside = f" (yours, over the same components: {yours:.2f})" if own else ""
        self._say(f"\n{found.name}: {found.questions} questions, similarity {theirs:.2f}{beside}")
        self.console.print(score_table(found.components, own.components if own else ()))
        if found.problem:
            self._say(f"Problem: {found.problem}")
        if not own:
            self._say("/feedback puts your own scores beside it.")

    def _export(self, told: str) -> None:
        kind = told or "md"
        if kind not in FORMATS:
            raise ConfigError(f"/export {kind[:40]}: expected one of {', '.join(FORMATS)}")
        folder = self.room.store.folder / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.session.id}.{kind}"
        write_whole(path, exported(self.session, kind))
        self._say(f"Written: {path}")

    def _welcome(self) -> None:
        self._say(f"{NOTICE}\n{CRISIS}\n")
        patient, about = self.partner.patient, self.partner.patient.about()
        told = f"{patient.cognitive_model.name or patient.id}" + (f" ({about})" if about else "")
        self._say(f"Patient: {told}; {self.session.style}, {self.session.difficulty}. Played by {self.partner.model.name}.")
        self._say(f"Session {self.session.id}, kept in {self.room.store.folder}. /help lists the commands.\n")
        for who, text in self.session.lines:
            self._line("you" if who == "therapist" else who, text)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.room.backends.run(work)

    def _again(self) -> str:
        return f"mentalarena practise --sessions {self.room.store.folder} --resume {self.session.id}"

    def _line(self, who: str, text: str) -> None:
        self.console.print(line(who, text))

    def _say(self, text: str) -> None:
        self.console.print(Text(printable(text)))


def begun(
    patient: str | None,
    style: str | None,
    difficulty: str | None,
    seed: int | None,
    config: Config,
    backends: Backends,
    store: Store,
    keep: bool = True,
) -> Terminal:
    """A new session. Raises `ConfigError` for a patient, style or difficulty that is not there."""
    styles, difficulties = {s: s for s in STYLES}, {d: d for d in DIFFICULTIES}
    if style is not None and style not in styles:
        raise ConfigError(f"--style {style[:40]}: expected one of {', '.join(styles)}")
    if difficulty is not None and difficulty not in difficulties:
        raise ConfigError(f"--difficulty {difficulty[:40]}: expected one of {', '.join(difficulties)}")
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    room = _room(config, backends, store)
    session = backends.run(
        room.prepared(patient, styles[style or "plain"], difficulties[difficulty or "normal"], seed, "model")
    )
    if keep:
        store.save(session)
    return _at(room, session)


def resumed(session: Session, config: Config, backends: Backends, store: Store) -> Terminal:
    """A session that goes on. Raises `ConfigError` where the settings give another patient, and for one in which the person
    was the patient."""
    if session.part == "patient":
        raise ConfigError(
            f"session {session.id}: played as the patient; expected `mentalarena app`, where such sessions go on"
        )
    return _at(_room(config, backends, store), session)


def _room(config: Config, backends: Backends, store: Store) -> Practising:
    """One in which the settings are those of every session, whoever plays."""
    return Practising(store, config, backends, library=config)


def _at(room: Practising, session: Session) -> Terminal:
    return Terminal(session, room.backends.run(room.partner(session)), room, Console(), read_line)


def read_line(prompt: str) -> str:
    """What is typed, or the next line of a script. Raises `EOFError` at the end."""
    if sys.stdin.isatty():
        return input(prompt)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def show_sessions(store: Store) -> None:
    """The sessions of a folder, newest first."""
    console = Console()
    found = store.list(tell=lambda problem: console.print(Text(f"left out: {printable(problem)}")))
    console.print(session_table(found) if found else Text(f"{printable(str(store.folder))}: no sessions"))


def show_people(config: Config) -> None:
    """Whom one can practise with."""
    if config.clinic.source == "library":
        rows = [(p.id, p.name, p.patients()[0].about(), len(p.situations)) for p in people()]
    else:
        own = open_clinic(config.clinic.source).patients(MANY, 0)
        rows = [(p.id, p.cognitive_model.name, p.about(), 1) for p in own]
    Console().print(people_table(rows))
