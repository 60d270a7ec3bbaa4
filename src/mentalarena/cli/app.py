"""`mentalarena app`: runs to look at and patients to practise with, in a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mentalarena.cli.common import Assignments, ConfigFile

UNENCRYPTED = (
    "Whoever has this address with its token can look and practise; it is sent unencrypted: use it on a network that you "
    "trust, or behind a server that does TLS."
)


def serve_app(
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Run directories, or folders that hold some; runs-out unless given.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to serve at. Any but this machine's own needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve at.")] = 8080,
    sessions: Annotated[Path, typer.Option(help="Folder of practice sessions.")] = Path("practice-sessions"),
    config: ConfigFile = None,
    set_: Assignments = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the browser too.")] = False,
) -> None:
    """Look at runs and practise with simulated patients in the browser; on this machine alone unless --host says otherwise.

    Works offline. --config (or --set models.all...) names the models of the practice room; without, patients of the library
    answer from their own words. The environment variable MENTALARENA_APP_TOKEN may hold the token that another host needs.
    """
    from mentalarena.app.server import TOKEN, AppSettings, serve, token_for
    from mentalarena.errors import ConfigError
    from mentalarena.models.backends import need_extra
    from mentalarena.practice.partner import settings_of

    need_extra("app", ("nicegui",), "mentalarena app")
    for folder in runs or ():
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no folder; expected run directories, or folders that hold some")
    given = settings_of(config, set_ or ())
    token = token_for(host, os.environ.get(TOKEN))
    settings = AppSettings(runs or [Path("runs-out")], sessions, given, host, port, token)

    def ready() -> None:
        typer.echo(f"MentalArena is at {settings.address} (Ctrl-C stops it)")
        if token:
            typer.echo(UNENCRYPTED, err=True)
        if open_:
            import webbrowser

            webbrowser.open(settings.address)

    serve(settings, ready)
