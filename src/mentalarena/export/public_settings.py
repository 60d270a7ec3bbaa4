"""What cards and reports may tell of a run's settings: clinic, models, limits, commands; without folders of this machine."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from mentalarena.arena.roles import ROLES
from mentalarena.config import Config
from mentalarena.export.cards import differing
from mentalarena.export.formats import public_name
from mentalarena.export.weights import base_name
from mentalarena.models.backends import base_of
from mentalarena.runs.directory import FREE, ROLE_FREE, flat

SHOWN = ("seed", "arena.", "play.", "training.", "loop.")
"""Settings that a card shows; those of servers and machines stay at home."""
PRIVATE = (*ROLE_FREE, "publish", "publish_command", "extra_body", "device")
SHIPPED = {"generated": "the package's own (Apache-2.0)", "library": "the package's own (CC-BY-4.0)"}
"""Clinics of the package, and where their behaviour principles come from."""


def clinic_of(config: Config) -> str:
    """Whose people, without folders of this machine."""
    source = config.clinic.source
    return f"{source} clinic" if source in SHIPPED else public_name(source)


def principles_of(config: Config) -> str:
    """Where the behaviour principles come from."""
    if config.clinic.principles:
        return f"from {public_name(str(config.clinic.principles))}"
    return SHIPPED["generated" if config.clinic.source == "generated" else "library"]


def roles_of(config: Config) -> list[dict[str, Any]]:
    """Who plays whom: {name, model, temperature, prompts}, without folders of this machine."""
    told = [(name, getattr(config.models, name)) for name in ROLES]
    return [
        {
            "name": name,
            "model": base_name(base_of(settings)) if base_of(settings).base else settings.provider,
            "temperature": settings.temperature,
            "prompts": public_name(settings.prompt_set),
        }
        for name, settings in told
    ]


def limits_of(config: Config) -> list[str]:
    """What rows and models of a run cannot be, by its settings."""
    found = ["Iterations after the first are played by models that learnt from the rows before: their errors compound."]
    if config.arena.guided:
        found.append("The therapist's prompts hold a supervisor's guidance, which knows where its understanding has gaps.")
    if config.training.input == "profile":
        found.append(
            "Prompts hold the patient's whole cognitive model (training.input = profile): no therapist would have it."
        )
    if config.clinic.source == "generated":
        found.append(
            "The clinic is generated from phrases, and its treatments were assigned to disorders for the exercise."
        )
    elif config.clinic.source == "library":
        found.append("The people were written for this project, in English; no clinician has read a line.")
    return found


def shown_settings(config: Config) -> list[tuple[str, Any]]:
    """The settings that a card shows, by their dotted names, without folders of this machine."""
    return [(key, _public(key, value)) for key, value in flat(config.model_dump(mode="json")).items() if _shown(key)]


def commands(config: Config, arguments: Sequence[str]) -> list[str]:
    """The commands that make run and export again: settings that are not the defaults, less those of machines."""
    export = _joined(["mentalarena export --out DIR --to FOLDER", *arguments])
    return [*run_command(config), "mentalarena audit DIR", *export]


def run_command(config: Config, command: str = "run") -> list[str]:
    """The command that makes a run again, over several lines: settings that are not the defaults, less those of machines."""
    told = {key: _public(key, value) for key, value in flat(config.model_dump(mode="json")).items() if not _private(key)}
    defaults = flat(Config().model_dump(mode="json"))
    return _joined(
        [f"mentalarena {command} --out DIR", *(f"--set {shlex.quote(one)}" for one in differing(told, defaults))]
    )


def _joined(parts: Sequence[str]) -> list[str]:
    """One command over several lines, as a shell reads it."""
    first, *more = parts
    lines = [first, *(f"    {part}" for part in more)]
    return [*(line + " \\" for line in lines[:-1]), lines[-1]]


def _private(key: str) -> bool:
    *_, last = key.split(".")
    return (
        (key.startswith("models.") and last in PRIVATE)
        or key.startswith("prices.")
        or (key in FREE and not key.startswith("loop."))
    )


def _public(key: str, value: Any) -> Any:
    named = key in ("clinic.source", "clinic.principles", "play.embedder") or key.endswith(
        (".model", ".weights", ".prompts")
    )
    return public_name(value) if named and isinstance(value, str) else value


def _shown(key: str) -> bool:
    return key.startswith(SHOWN) and (key not in FREE or key.startswith("loop."))
