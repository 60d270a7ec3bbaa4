"""Draft: a cognitive model from a vignette, by any model. A draft is a beginning for a person to work on, and says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from mentalarena.arena import parsing
from mentalarena.arena.roles import Role, cast_of
from mentalarena.clinic.cognitive_model import LABELS, CognitiveModel, CoreBeliefs, Patient
from mentalarena.errors import DataError, Unreadable
from mentalarena.models.base import ChatModel, Sampling

CUT = "---"
"""A line of its own between two vignettes of a file."""
BELIEFS = {f"{kind} beliefs": kind for kind in ("helpless", "unlovable", "worthless")}
PROSE = tuple(c for c in LABELS if c not in ("core_beliefs", "principles"))
MOST = 20_000
"""Characters of a vignette."""
LONG = 768
"""Tokens that a whole cognitive model may take."""
LEAST = 4
"""Components without which there is nothing to play."""


def read_vignettes(path: Path) -> list[str]:
    """The different vignettes of a text file, cut at lines of three hyphens. Raises `DataError`."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}; expected a text file") from None
    parts = [""]
    for line in text.splitlines():
        parts = [*parts, ""] if line.strip() == CUT else [*parts[:-1], f"{parts[-1]}{line}\n"]
    found = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if not found:
        raise DataError(f"{path}: empty; expected notes about a person")
    if long := [number for number, part in enumerate(found, 1) if len(part) > MOST]:
        raise DataError(f"{path}: vignette {long[0]}: more than {MOST} characters; expected notes about one person")
    return found


async def draft(
    vignettes: Sequence[str],
    model: ChatModel,
    prompts: str,
    licence: str,
    done: Callable[[Patient], None],
    tokens: int = LONG,
) -> list[str]:
    """A patient from each vignette, in order, to `done` as soon as it is there; returns what went wrong with the others.

    `prompts` is the model's prompt set, `tokens` its longest reply.
    """
    role = cast_of(model, prompts, Sampling(temperature=0.0, top_p=1.0, max_tokens=max(tokens, LONG))).therapist
    failed = []
    for number, vignette in enumerate(vignettes, 1):
        if found := await _one(vignette, role, f"draft by {model.name} from notes, not reviewed", licence):
            done(found)
        else:
            problem = role.ledger.problems[-1]
            failed.append(f"vignette {number}: no cognitive model ({problem.kind}: {problem.detail})")
    return failed


async def _one(vignette: str, role: Role, source: str, licence: str) -> Patient | None:
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
    return await role.ask(view, "draft", parse)
