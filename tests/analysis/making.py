"""Rows and episodes as a play would leave them, by rule."""

import random
from collections.abc import Sequence

from mentalarena.arena.types import Diagnosis, Episode, Problem, Trial
from mentalarena.models.base import Message, Usage
from mentalarena.training.rows import Row, RowKind, RowLineage

WORDS = [
    f"{a}{b}" for a in ("ka", "lo", "mi", "ru", "se", "ta", "vo", "ze") for b in ("ban", "del", "fir", "gum", "hox", "jut")
]
NAMES = tuple(f"disorder {n}" for n in range(8))


def sentence(rng: random.Random, count: int = 12) -> str:
    return " ".join(rng.choices(WORDS, k=count))


def row(episode: str, talk: str, answer: str, kind: RowKind = "diagnosis", iteration: int = 0) -> Row:
    prompt = (Message("system", "you are the therapist."), Message("user", talk))
    return Row(kind, prompt, answer, RowLineage(episode, iteration, "m", episode, "made", "Apache-2.0"))


def rows(count: int, seed: int = 0, iteration: int = 0) -> list[Row]:
    """Two rows an episode, each episode another talk."""
    rng, found = random.Random(seed), []
    for number in range(count):
        talk, name = sentence(rng, 30), f"{iteration:02d}-{seed}-{number}"
        found.append(row(name, talk, f"diagnosis: {rng.choice(NAMES)}. {sentence(rng, 6)}", "diagnosis", iteration))
        found.append(row(name, talk, f"treatment: {sentence(rng, 8)}", "treatment", iteration))
    return found


def episode(name: str, talk: Sequence[str], chosen: str | None, steps: Sequence[str] = (), treatment: str = "") -> Episode:
    spoken = tuple(Message("assistant" if n % 2 else "user", text) for n, text in enumerate(talk))
    return Episode(
        id=name,
        patient_id=name,
        principles="",
        views={"patient": (Message("system", "the profile, which nobody says"), *spoken)} if talk else {},
        decodings=(),
        diagnosis=Diagnosis((chosen, "other"), chosen) if chosen else None,
        diagnosis_messages=(),
        trials=(Trial("treatment", treatment, "", score=8),) if treatment else (),
        stop_reason="aligned",
        problems=tuple(Problem(step, "therapist", "unreadable", "") for step in steps),
        usage=Usage(),
    )


def episodes(count: int, seed: int = 0) -> list[Episode]:
    rng = random.Random(f"episodes {seed}")
    return [
        episode(f"{seed}-{n}", [sentence(rng) for _ in range(6)], rng.choice(NAMES), treatment=rng.choice(WORDS))
        for n in range(count)
    ]
