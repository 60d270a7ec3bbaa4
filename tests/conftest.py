"""What several tests need: a small arena in the generated clinic, and a cast that keeps what it was asked."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import settings

from mentalarena.arena.decoder import calibrate
from mentalarena.arena.episode import Arena
from mentalarena.arena.roles import Cast, cast_of
from mentalarena.arena.types import ArenaSettings
from mentalarena.clinic.generated import GeneratedClinic, generated_clinic
from mentalarena.models.base import Sampling
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.scripted import Script, ScriptedModel, toy_player

settings.register_profile("search", deadline=None)  # machines are shared: a slow example is no wrong one
settings.register_profile("same", deadline=None, derandomize=True)  # for CI: one commit passes always or never
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "search"))


@pytest.fixture(scope="session")
def clinic() -> GeneratedClinic:
    return generated_clinic()


@pytest.fixture(scope="session")
def arena(clinic: GeneratedClinic) -> Arena:
    embedder = LexicalEmbedder()
    patients = [patient for patient, _ in clinic.draw("play", 48, seed=7)]
    thresholds = calibrate(patients, clinic.groups, embedder)
    return Arena(clinic.groups, clinic.vocabulary, embedder, thresholds, ArenaSettings(decode_rounds=3, trials=3))


@dataclass
class Player:
    """A scripted cast and its model."""

    cast: Cast
    model: ScriptedModel

    def prompts(self, system: str) -> list[str]:
        """All requests made under a system prompt that starts so, each as one text."""
        asked = [m for m, _ in self.model.requests if m[0].content.startswith(system)]
        return ["\n".join(message.content for message in messages) for messages in asked]


@pytest.fixture
def player() -> Callable[[Script], Player]:
    def make(script: Script = toy_player) -> Player:
        model = ScriptedModel(script)
        return Player(cast_of(model, "compact", Sampling()), model)

    return make
