"""The Symptom Decoder: what has the therapist understood, and what should it ask next? (paper, section 3.2)

Five probes branch off the therapist's view side by side, so none sees another. Each component is compared with the
encoded one. The threshold is calibrated: for the embedder in use, the chosen quantile of the similarities between
*different* patients' texts of that component; what does not beat a stranger's text is not understood.

The judge that writes the guidance is told which components were not understood, and never what they hold: guidance
cannot quote a profile that its author has not seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

from mentalarena.arena import parsing
from mentalarena.arena.encoder import EncodedPatient
from mentalarena.arena.roles import Cast
from mentalarena.arena.types import Comparison, Decoding, Talk
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, Patient, PrincipleGroup
from mentalarena.models.base import Embedder

PROBES: tuple[tuple[str, ...], ...] = (
    ("core_beliefs", "intermediate_beliefs"),
    ("intermediate_beliefs_during_depression",),
    ("coping_strategies",),
    ("situation", "automatic_thoughts", "emotions", "behavior"),
    ("principles",),
)
PAPER_THRESHOLD = 0.9
NULL_PAIRS = 2000


def calibrate(
    patients: Sequence[Patient],
    groups: Sequence[PrincipleGroup],
    embedder: Embedder,
    quantile: float | Literal["paper"] = 0.95,
) -> dict[str, float]:
    """The threshold of each component, in cosine: the quantile of its null distribution over pairs of different patients.

    With "paper", or with fewer than two texts of a component to calibrate it by, the paper's 0.9 stands.
    """
    import numpy as np

    if quantile == "paper":
        return dict.fromkeys((*COMPONENTS, "principles"), PAPER_THRESHOLD)

    rng = np.random.default_rng(0)
    thresholds = {}
    for component in (*COMPONENTS, "principles"):
        if component == "principles":
            texts = [group.text() for group in groups]
        else:
            texts = [text for p in patients if (text := p.cognitive_model.text(component))]
        thresholds[component] = PAPER_THRESHOLD
        if len(texts) > 1:
            vectors = embedder.embed(texts)
            left = rng.integers(0, len(texts), NULL_PAIRS)
            right = (left + rng.integers(1, len(texts), NULL_PAIRS)) % len(texts)
            null = np.einsum("nd,nd->n", vectors[left], vectors[right])
            # rounding must not let a stranger's identical text pass as understood by a hair
            thresholds[component] = min(float(np.quantile(null, quantile)), 1.0 - 1e-4)
    return thresholds


async def decode(
    talk: Talk, encoded: EncodedPatient, embedder: Embedder, thresholds: Mapping[str, float], cast: Cast
) -> Decoding:
    """Ask the five probes and compare. Components that the patient does not have are skipped.

    A probe that could not be read counts as nothing understood; its problem is on the ledger.
    """
    answers = await asyncio.gather(*(_probe(talk, probe, cast) for probe in PROBES))
    decoded = {component: text for answer in answers for component, text in answer.items()}
    return compare(decoded, encoded, embedder, thresholds)


def compare(
    decoded: Mapping[str, str | None], encoded: EncodedPatient, embedder: Embedder, thresholds: Mapping[str, float]
) -> Decoding:
    """What somebody understood, component by component, beside what is so. None: nothing; a component that the patient does
    not have is skipped. Models and people are scored by this alone."""
    model = encoded.patient.cognitive_model
    truths = {c: encoded.principles.text() if c == "principles" else model.text(c) for c in decoded}
    return Decoding(
        tuple(
            Comparison(component, truth, decoded[component], _similarity(truth, decoded[component], embedder),
                       thresholds[component])
            for component, truth in truths.items()
            if truth
        )
    )  # fmt: skip


async def guide(decoding: Decoding, talk: Talk, cast: Cast) -> str | None:
    """What the judge tells the therapist to ask next, from the names of the gaps and the spoken dialogue alone."""
    gaps = ", ".join(LABELS[c] for c in decoding.gaps)
    dialogue = "\n".join(f"{who}: {text}" for who, text in talk.lines())
    view = cast.judge.view().heard(cast.judge.prompt("guidance", gaps=gaps, dialogue=dialogue))
    return await cast.judge.ask(view, "guidance", lambda text: parsing.required(text, "guidance"))


def guided(talk: Talk, guidance: str, cast: Cast) -> Talk:
    """The talk with the guidance at the end of the therapist's view, where it stays."""
    return Talk(talk.patient, talk.therapist.heard(cast.therapist.prompt("guidance_note", guidance=guidance)))


async def _probe(talk: Talk, components: tuple[str, ...], cast: Cast) -> dict[str, str | None]:
    labels = [LABELS[c] for c in components]
    view = talk.therapist.heard(cast.therapist.prompt("probe", labels="\n".join(f"{label}:" for label in labels)))
    step = f"probe-{components[0]}"
    answer = await cast.therapist.ask(view, step, lambda text: parsing.labelled(text, labels))
    return {c: answer[LABELS[c]] if answer else None for c in components}


def _similarity(encoded: str, decoded: str | None, embedder: Embedder) -> float:
    if decoded is None:
        return 0.0
    first, second = embedder.embed([encoded, decoded])
    return round(float(first @ second), 6)
