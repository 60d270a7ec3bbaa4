"""Who the patient is: a person of the library that answers from its own words, or any configured model that plays a patient.

A partner is made from settings and a session's choices; equal choices give an equal partner, so a session goes on after a
restart. What is true of a patient (its reference) is not here: feedback.py holds it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from string import Template

from mentalarena.arena import parsing
from mentalarena.arena.encoder import NO_PRINCIPLES, EncodedPatient, encode
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import ROLES, Cast, Direct, Role
from mentalarena.arena.types import ArenaSettings, Ledger, View
from mentalarena.clinic.clinics import open_clinic
from mentalarena.clinic.cognitive_model import Patient, PrincipleGroup
from mentalarena.clinic.library import library
from mentalarena.clinic.people import Person
from mentalarena.clinic.principles import read_principles
from mentalarena.config import Config, ModelConfig
from mentalarena.errors import ConfigError, ModelError, Unreadable
from mentalarena.models.backends import Backends, base_of, embedder_of
from mentalarena.models.base import ChatModel, Message, Sampling
from mentalarena.practice.rapport import Difficulty, Style
from mentalarena.practice.retrieval import RetrievalPatient
from mentalarena.practice.session import Session, Speaker
from mentalarena.settings import load_config, read_toml

MANY = 1000
"""Patients of a clinic that one may choose among."""


@dataclass(frozen=True)
class Partner:
    """The patient of a session, ready to talk."""

    patient: Patient
    model: ChatModel
    encoded: EncodedPatient
    """With the view that a model speaks from; of a retrieval patient nothing stands in it."""
    greeting: str
    """What every patient is asked first."""
    sampling: Sampling
    person: Person | None = None
    """Of the library, where the patient is one of its people."""
    cast: Cast | None = field(default=None, repr=False)
    """The configured roles; None where no model is configured."""

    @property
    def offline(self) -> bool:
        """Whether it answers without a language model."""
        return isinstance(self.model, RetrievalPatient)

    def request(self, lines: Sequence[tuple[Speaker, str]]) -> tuple[tuple[Message, ...], Sampling]:
        """What the model is asked for its next line, and how it is drawn; equal lines, equal requests."""
        view = self.encoded.view
        for who, text in lines or [("therapist", self.greeting)]:
            view = view.heard(text or "...") if who == "therapist" else view.said(text)
        seed = self.sampling.seed * 1000 + len(lines)
        return view.messages, Sampling(self.sampling.temperature, self.sampling.top_p, self.sampling.max_tokens, seed=seed)

    def spoken(self, reply: str) -> str:
        """A reply as something that is said. Raises `ModelError` for an empty one."""
        try:
            return parsing.spoken(reply)
        except Unreadable as error:
            raise ModelError(f"{self.model.name}: {error}") from None

    async def answer(self, lines: Sequence[tuple[Speaker, str]]) -> str:
        """The patient's next line. Raises `ModelError` when none can be had: then the same lines may be asked with again."""
        messages, sampling = self.request(lines)
        return self.spoken((await self.model.generate(messages, sampling)).text)


def settings_of(path: Path | None, assignments: Sequence[str] = (), source: str = "library") -> Config:
    """Settings for practice: as `settings.load_config` reads them, but patients come from `source` where nothing else is said.
    Raises `ConfigError`."""
    told = read_toml(path).get("clinic", {}) if path else {}
    own = [] if isinstance(told, dict) and "source" in told else [f"clinic.source={json.dumps(source)}"]
    return load_config(path, [*own, *assignments])


def offline(config: Config) -> bool:
    """Whether settings mean the retrieval patient: the library's people, and no model but the embedded one, which knows the
    generated clinic alone."""
    return config.clinic.source == "library" and config.models.patient.provider == "embedded"


def people(every: bool = False) -> list[Person]:
    """Whom one practises with: the play split. With `every` the development and held-out people too, who are for evaluation."""
    return [person for person in library() if every or person.split == "play"]


def choose(
    patient: str | None, seed: int, config: Config | None = None, every: bool = False
) -> tuple[Patient, Person | None]:
    """The patient with an id (a person's id means its first situation), or one drawn by seed.

    Raises `ConfigError` for an id that nobody has, and for people who are for evaluation, unless `every`.
    """
    source = config.clinic.source if config else "library"
    rng = random.Random(f"practice-{seed}")
    if source != "library":
        own = open_clinic(source).patients(MANY, 0)
        if patient is None:
            return rng.choice(own), None
        for one in own:
            if one.id == patient:
                return one, None
        raise ConfigError(f"patient {patient[:80]!r}: nobody in {source} has this id; expected one such as {own[0].id}")
    if patient is None:
        person = rng.choice(people(every))
        return rng.choice(person.patients()), person
    for person in library():
        for one in person.patients():
            if patient in (one.id, person.id):
                if person.split != "play" and not every:
                    raise ConfigError(
                        f"patient {patient}: of the {person.split.replace('_', '-')} split, which is for evaluation; "
                        "expected somebody of the play split"
                    )
                return one, person
    raise ConfigError(
        f"patient {patient[:80]!r}: nobody in the library has this id; `mentalarena practise --people` lists who there is"
    )


async def partner_of(
    patient: Patient,
    person: Person | None,
    style: Style,
    difficulty: Difficulty,
    seed: int,
    config: Config,
    backends: Backends | None = None,
    manner: str = "",
) -> Partner:
    """The partner of a new session, or with the `manner` (the principles' id) that an earlier one played with.

    Raises `ConfigError` when the configured model cannot be had.
    """
    if person is not None and offline(config):
        number = [one.id for one in person.patients()].index(patient.id) + 1
        model: ChatModel = RetrievalPatient(person, number, style, difficulty, seed)
        view = View((Message("system", "A person of the library; a simulation."),))
        encoded = EncodedPatient(patient, NO_PRINCIPLES, view)
        return Partner(patient, model, encoded, load_prompts("full").render("patient_open"), Sampling(seed=seed), person)
    cast = cast_for(config, backends or Backends(alone=True), seed)
    groups = list(groups_of(config))
    if manner:
        groups = [group for group in groups if group.id == manner] or groups
    encoded = await encode(patient, groups, embedder_of(config.play.embedder), cast, ArenaSettings())
    system, *rest = encoded.view.messages
    today = Message("system", f"{system.content}\n\n{instructions(style, difficulty)}")
    encoded = EncodedPatient(patient, encoded.principles, View((today, *rest)))
    role = cast.patient
    greeting = role.prompt("patient_open")
    sampling = Sampling(role.sampling.temperature, role.sampling.top_p, role.sampling.max_tokens, seed=seed)
    voice = role.voice
    assert isinstance(voice, Direct)  # noqa: S101  (cast_for made it)
    return Partner(patient, voice.model, encoded, greeting, sampling, person, cast)


async def partner_again(session: Session, config: Config, backends: Backends | None = None) -> Partner:
    """The partner of a session that was begun before. Raises `ConfigError` where the settings give another one."""
    if session.source != config.clinic.source:
        raise ConfigError(
            f"session {session.id}: its patient is from {session.source}; expected that as clinic.source, "
            f"not {config.clinic.source}"
        )
    patient, person = choose(session.patient, session.seed, config, every=True)
    found = await partner_of(
        patient, person, session.style, session.difficulty, session.seed, config, backends, session.manner
    )
    if session.model and found.model.name != session.model:
        raise ConfigError(
            f"session {session.id}: begun with {session.model}; expected the same model (--config), not {found.model.name}"
        )
    return found


def groups_of(config: Config) -> Sequence[PrincipleGroup]:
    """The behaviour principles that settings name."""
    own = config.clinic.principles
    return read_principles(own) if own else open_clinic(config.clinic.source).groups


def cast_for(config: Config, backends: Backends, seed: int, patient: ChatModel | None = None) -> Cast:
    """The configured models in their roles, without a journal, with a fresh ledger; `patient` in the patient's place."""
    ledger = Ledger()

    def role(name: str, settings: ModelConfig) -> Role:
        model = patient if patient is not None and name == "patient" else backends.model(settings, base_of(settings))
        prompts = load_prompts("full" if model is patient else settings.prompt_set)
        sampling = Sampling(settings.temperature, settings.top_p, settings.reply_tokens, seed=seed)
        return Role(name, Direct(model), prompts, sampling, ledger, settings.verdict_temperature)  # type: ignore[arg-type]

    return Cast(*(role(name, getattr(config.models, name)) for name in ROLES))


def instructions(style: Style, difficulty: Difficulty) -> str:
    """How a model is told to be today."""
    texts = _texts()
    told = {"style": texts[f"style_{style}"], "difficulty": texts[f"difficulty_{difficulty}"]}
    return Template(texts["today"]).substitute(told)


@lru_cache
def _texts() -> dict[str, str]:
    root = files("mentalarena.practice").joinpath("prompts")
    return {file.name[:-4]: file.read_text("utf-8").strip() for file in root.iterdir() if file.name.endswith(".txt")}
