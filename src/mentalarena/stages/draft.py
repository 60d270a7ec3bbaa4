"""Draft: a cognitive model from a vignette, by any model. A draft is a beginning for a person to work on, and says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mentalarena.arena import parsing
from mentalarena.arena.roles import Role, cast_of
from mentalarena.clinic.cognitive_model import LABELS, CognitiveModel, CoreBeliefs, Patient
from mentalarena.clinic.deidentify import Identifier, identifiers
from mentalarena.config import ModelConfig
from mentalarena.errors import DataError, Unreadable
from mentalarena.models.backends import Backends, base_of
from mentalarena.models.base import Sampling

CUT = "---"
"""A line of its own between two vignettes of a file."""
BELIEFS = {f"{kind} beliefs": kind for kind in ("helpless", "unlovable", "worthless")}
PROSE = tuple(c for c in LABELS if c not in ("core_beliefs", "principles"))
LONG = 768
"""Tokens that a whole cognitive model may take."""
LEAST = 4
"""Components without which there is nothing to play."""


@dataclass(frozen=True)
class Drafted:
    """A draft, and what could still tell who somebody is in it."""

    patient: Patient
    identifiers: tuple[Identifier, ...]


def read_vignettes(path: Path) -> list[str]:
    """The vignettes of a text file, cut at lines of three hyphens. Raises `DataError`."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}; expected a text file") from None
    parts = [""]
    for line in text.splitlines():
        parts = [*parts, ""] if line.strip() == CUT else [*parts[:-1], f"{parts[-1]}{line}\n"]
    if not (found := [part.strip() for part in parts if part.strip()]):
        raise DataError(f"{path}: empty; expected notes about a person")
    return found


def draft(
    vignettes: Sequence[str],
    settings: ModelConfig,
    source: str,
    licence: str,
    done: Callable[[Drafted], None] = lambda found: None,
) -> list[str]:
    """A patient from each vignette, in order, to `done` as soon as it is there; returns what went wrong with the others."""
    backends = Backends()
    try:
        model = backends.model(settings, base_of(settings))
        sampling = Sampling(temperature=0.0, top_p=1.0, max_tokens=max(settings.reply_tokens, LONG))
        role = cast_of(model, settings.prompt_set, sampling).therapist
        provenance = f"draft by {model.name} from {source}, not reviewed"
        return backends.run(_all(vignettes, role, provenance, licence, done))
    finally:
        backends.release()


async def _all(
    vignettes: Sequence[str], role: Role, source: str, licence: str, done: Callable[[Drafted], None]
) -> list[str]:
    failed = []
    for number, vignette in enumerate(vignettes, 1):
        if found := await _one(number, vignette, role, source, licence):
            done(found)
        else:
            problem = role.ledger.problems[-1]
            failed.append(f"vignette {number}: no cognitive model ({problem.kind}: {problem.detail})")
    return failed


async def _one(number: int, vignette: str, role: Role, source: str, licence: str) -> Drafted | None:
    labels = [*BELIEFS, *(LABELS[c] for c in PROSE)]
    patient_id = f"draft-{hashlib.sha256(vignette.encode()).hexdigest()[:8]}"

    def parse(text: str) -> Patient:
        told = parsing.labelled(text, labels)
        beliefs = {kind: tuple(part.strip() for part in (told[label] or "").split(";") if part.strip())
                   for label, kind in BELIEFS.items()}  # fmt: skip
        texts = {c: told[LABELS[c]] or "" for c in PROSE}
        model = CognitiveModel(id=patient_id, name="", core_beliefs=CoreBeliefs(**beliefs), **texts)
        filled = sum(bool(text) for text in texts.values()) + any(beliefs.values())
        if filled < LEAST:
            raise Unreadable(f"{filled} components; expected at least {LEAST} of {len(PROSE) + 1}, one a line")
        return Patient(model, source=source, licence=licence)

    view = role.view().heard(role.prompt("draft", notes=vignette, labels="\n".join(f"{label}:" for label in labels)))
    found = await role.ask(view, f"draft-{number}", parse)
    return Drafted(found, tuple(identifiers(found.cognitive_model.profile()))) if found else None
