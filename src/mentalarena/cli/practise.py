"""`mentalarena practise`: talk with a simulated patient in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentalarena.cli.common import Assignments, ConfigFile


def practise(
    patient: Annotated[
        str | None, typer.Option(help="A person's or patient's id (--people); without it chance draws one.")
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="How the patient is: plain, talkative, reserved, guarded, upset or pleasing.")
    ] = None,
    difficulty: Annotated[str | None, typer.Option(help="How readily it trusts: easy, normal or hard.")] = None,
    part: Annotated[
        str | None, typer.Option("--as", help="Whom you play: therapist, or patient (then the therapist is a program).")
    ] = None,
    sessions: Annotated[Path, typer.Option(help="Folder in which sessions are kept.")] = Path("practice-sessions"),
    resume: Annotated[str | None, typer.Option(help="Go on with a session, by its id (--list).")] = None,
    seed: Annotated[int | None, typer.Option(help="For chance: who comes, and what a model draws.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the sessions of the folder.")] = False,
    people: Annotated[bool, typer.Option("--people", help="List whom one can practise with.")] = False,
    watch: Annotated[
        int,
        typer.Option(min=0, max=100, help="Instead of talking, watch a therapist model (or the checklist) ask so much."),
    ] = 0,
    config: ConfigFile = None,
    set_: Assignments = None,
) -> None:
    """Practise with a simulated patient: talk, note what you understood, hear what you missed. Offline with the library's
    people; with --config a model plays the patient. A simulation, not care (docs/practice.md)."""
    from mentalarena.errors import ConfigError
    from mentalarena.models.backends import Backends
    from mentalarena.practice import terminal
    from mentalarena.practice.partner import settings_of
    from mentalarena.practice.store import Store

    if watch and part == "patient":
        raise ConfigError("--watch: nobody plays but programs; expected no --as patient with it")
    store = Store(sessions)
    if list_:
        terminal.show_sessions(store)
        return
    session = store.read(resume) if resume else None
    if session and part and part != session.part:
        raise ConfigError(f"--as {part[:40]}: session {session.id} is played as the {session.part}; expected no other part")
    settings = settings_of(config, set_ or (), session.source if session else "library")
    if people:
        terminal.show_people(settings)
        return
    backends = Backends(alone=True)
    try:
        room = (
            terminal.resumed(session, settings, backends, store)
            if session
            else terminal.begun(patient, style, difficulty, seed, settings, backends, store, keep=not watch, part=part)
        )
        if watch:
            room.watch(watch)
        elif not room.talk():
            raise typer.Abort
    finally:
        backends.close()
