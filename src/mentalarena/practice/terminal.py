"""The practice room (room.py) in a terminal. Answers are shown while they come; a script may be piped in instead of typing.

What models and people said is printed without control characters and is never read as markup.
"""

from __future__ import annotations

import random
import shlex
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from rich.console import Console
from rich.text import Text

from mentalarena.clinic.clinics import open_clinic
from mentalarena.config import Config
from mentalarena.errors import ConfigError, MentalArenaError, ModelError
from mentalarena.models.backends import Backends
from mentalarena.notices import CRISIS, OWN_DANGER
from mentalarena.practice.commands import Commands, commands_at
from mentalarena.practice.export import NOTICE, notice_of
from mentalarena.practice.live import line, while_it_comes
from mentalarena.practice.partner import MANY, Partner, people
from mentalarena.practice.rapport import DIFFICULTIES, STYLES
from mentalarena.practice.rival import watch
from mentalarena.practice.room import FULL, Practising, speaks_of_own_danger
from mentalarena.practice.session import Session, Speaker
from mentalarena.practice.store import Store
from mentalarena.report.practice import people_table, session_table
from mentalarena.report.text import printable

Result = TypeVar("Result")


@dataclass
class Terminal:
    """A session in a terminal. `read` gives the next line that is typed and raises `EOFError` at the end."""

    session: Session
    partner: Partner
    room: Practising
    console: Console
    read: Callable[[str], str]
    typed: list[str] = field(default_factory=list)
    """Commands that were typed where something else was asked for: they come next."""

    def talk(self) -> bool:
        """Until the person leaves. False when it was interrupted; nothing is lost either way."""
        self._welcome()
        try:
            if self.session.owed:
                self._speak(None)
            while self._step(self.typed.pop(0) if self.typed else self.read("you> ")):
                pass
        except EOFError:
            self.console.print()
        except KeyboardInterrupt:
            self.console.print()
            self.say(f"Stopped. Everything is kept; go on with: {self._again()}")
            return False
        self.say(f"Kept. Go on with: {self._again()}")
        return True

    def watch(self, turns: int) -> None:
        """A therapist model (or the checklist) talks with the patient."""
        self.say(f"{NOTICE}\n{CRISIS}\n")

        async def play() -> None:
            async for who, text in watch(self.partner, self.room.config, self.room.backends, turns, self.session.seed):
                self.line(who, text)

        self.run(play())

    def _step(self, typed: str) -> bool:
        """What one typed line does; False to leave."""
        name, _, rest = typed.strip().partition(" ")
        if not name.startswith("/"):
            if not sys.stdin.isatty():
                self.line("you", typed.strip())  # a script is not echoed by the terminal
            self._speak(typed.strip())
            return True
        if name == "/quit":
            return False
        commands: Commands = {**commands_at(self), "/retry": lambda _: self._retry()}
        if name not in commands:
            self.say(f"{name}: no command; /help lists them")
            return True
        try:
            self.session = self.room.store.read(self.session.id)  # a page may have gone on with it
            commands[name](rest.strip())
        except MentalArenaError as error:
            self.say(f"Not done: {error}")
        return True

    def _retry(self) -> None:
        self._speak(None) if self.session.owed else self.say(f"The {self._other} has answered.")

    def _speak(self, text: str | None) -> None:
        """Say something, an empty text as well; None asks again for the answer that is missing."""
        room, id = self.room, self.session.id
        if text and speaks_of_own_danger(self.session, text):
            self.say(f"{OWN_DANGER} {CRISIS}.")
        try:
            with while_it_comes(self.console, self._other) as listen:
                self.session = self.run(room.speak(id, text or "", listen, silence=text is not None))
        except ModelError as error:
            self.say(f"No answer came ({error}). Your words are kept; /retry asks again.")
        except ConfigError as error:
            if len(room.store.read(id).lines) < FULL:
                raise
            self.say(f"Not done: {error}")
        else:
            self.line(*self.session.lines[-1])

    def _welcome(self) -> None:
        session, patient = self.session, self.partner.patient
        self.say(f"{notice_of(session)}\n{CRISIS}\n")
        told = f"{patient.cognitive_model.name or patient.id}" + (f" ({about})" if (about := patient.about()) else "")
        if session.part == "therapist":
            self.say(f"Patient: {told}; {session.style}, {session.difficulty}. Played by {self.partner.model.name}.")
        else:
            asks = "a checklist of prepared questions, no model" if session.offline else "the configured model"
            self.say(f"You are {told}. The therapist is {asks}, and cannot see this:")
            commands_at(self)["/card"]("")
        self.say(f"Session {session.id}, kept in {self.room.store.folder}. /help lists the commands.\n")
        for who, text in session.lines:
            self.line("you" if who == session.part else who, text)

    @property
    def _other(self) -> Speaker:
        return "patient" if self.session.part == "therapist" else "therapist"

    def change(self, changed: Callable[[Session], Session]) -> None:
        """Keep another state of the session, on what is there now."""
        self.session = self.run(self.room.change(self.session.id, changed))

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for something of the room's."""
        return self.room.backends.run(work)

    def _again(self) -> str:
        return f"mentalarena practise --sessions {shlex.quote(str(self.room.store.folder))} --resume {self.session.id}"

    def line(self, who: str, text: str) -> None:
        """Print a line of a talk."""
        self.console.print(line(who, text))

    def say(self, text: str) -> None:
        """Print a text as it is, control characters left out."""
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
    part: str | None = None,
) -> Terminal:
    """A new session. Raises `ConfigError` for a patient, style, difficulty or part that is not there."""
    parts: dict[str, Speaker] = {p: p for p in get_args(Speaker)}
    if part is not None and part not in parts:
        raise ConfigError(f"--as {part[:40]}: expected one of {', '.join(parts)}")
    styles, difficulties = {s: s for s in STYLES}, {d: d for d in DIFFICULTIES}
    if style is not None and style not in styles:
        raise ConfigError(f"--style {style[:40]}: expected one of {', '.join(styles)}")
    if difficulty is not None and difficulty not in difficulties:
        raise ConfigError(f"--difficulty {difficulty[:40]}: expected one of {', '.join(difficulties)}")
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    room = _room(config, backends, store)
    session = backends.run(
        room.prepared(
            patient,
            styles[style or "plain"],
            difficulties[difficulty or "normal"],
            seed,
            "model",
            parts[part or "therapist"],
        )
    )
    if keep:
        store.save(session)
    return _at(room, session)


def resumed(session: Session, config: Config, backends: Backends, store: Store) -> Terminal:
    """A session that goes on. Raises `ConfigError` where the settings give another patient."""
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
