"""The generated clinic: a grammar of patients, so that the loop can be run and tested without anybody's data.

A patient has a hidden disorder. Each component of its cognitive model is a phrase that belongs to the patient's own
disorder (share `OWN`), to its confusable partner (`PARTNER`), or to any other (the rest); so no single phrase gives the
disorder away, and the best possible reader (`posterior`) is sometimes wrong. Every meaning has a `play` and a `held_out`
wording: held-out patients never use a wording of play, so phrase combinations are never shared. Development patients use
play wordings in combinations that are drawn apart from play (`draw` skips any combination of the other split).

The clinic is a toy. Its treatments and medicines were assigned to disorders for the exercise: nothing here is advice.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from mentalarena.clinic.cognitive_model import (
    COMPONENTS,
    CognitiveModel,
    Component,
    CoreBeliefs,
    Patient,
    PrincipleGroup,
)
from mentalarena.clinic.references import Reference, Split, Vocabulary

OWN, PARTNER = 0.66, 0.14
CALIBRATION = 240
EMPTY_DEPRESSION = 0.4
"""Share of patients whose intermediate beliefs during depression are empty, as in real collections."""


class GeneratedClinic:
    """Disorders, phrases, principles and names of the toy clinic; draws patients by seed."""

    name = "generated"

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.phrases: dict[str, dict[Component, list[dict[str, str]]]] = data["phrases"]
        self.disorders: tuple[str, ...] = tuple(self.phrases)
        self.partner: dict[str, str] = data["partner"]
        self.treatments: dict[str, tuple[str, ...]] = {d: tuple(v) for d, v in data["treatments"].items()}
        self.medicines: dict[str, tuple[str, ...]] = {d: tuple(v) for d, v in data["medicines"].items()}
        self.fads: dict[str, str] = data["fads"]
        self.groups = tuple(PrincipleGroup(k, tuple(v["principles"])) for k, v in data["manners"].items())
        self.speech: dict[str, dict[str, Any]] = data["manners"]
        self.questions: dict[str, list[str]] = data["questions"]
        self.refusals: list[str] = data["refusals"]
        self.owner: dict[str, tuple[Component, str]] = {
            entry[form]: (component, disorder)
            for disorder, parts in self.phrases.items()
            for component, entries in parts.items()
            for entry in entries
            for form in ("play", "held_out")
        }

    @property
    def vocabulary(self) -> Vocabulary:
        """All names that an answer may be normalised to, fads included."""
        return Vocabulary(
            self.disorders,
            (*(t for d in self.disorders for t in self.treatments[d]), self.fads["treatment"]),
            (*(m for d in self.disorders for m in self.medicines[d]), self.fads["medicine"]),
            tuple((alias, name) for alias, name in DISORDER_ALIASES),
        )

    def patients(self, count: int, seed: int) -> list[Patient]:
        """Who comes to play: drawn by seed."""
        return [patient for patient, _ in self.draw("play", count, seed)]

    def strangers(self) -> list[Patient]:
        """By whom thresholds are calibrated: patients that no setting of a run chooses, so that few are understood by the same
        measure as many."""
        return self.patients(CALIBRATION, seed=0)

    def suitable(self, kind: str, disorder: str) -> tuple[str, ...]:
        return (self.treatments if kind == "treatment" else self.medicines)[disorder]

    def draw(self, split: Split, count: int, seed: int) -> list[tuple[Patient, Reference]]:
        """Patients of one split, equally many of each disorder; the first ones are the same for any `count`.

        An id is a digest of the patient's own phrases, and disorders come in random order: neither id nor place tells more
        than the patient does. A play combination and a development combination never coincide: each combination belongs
        to one of the two by the digest.
        """
        rng = random.Random(f"{split}-{seed}")
        drawn: dict[str, tuple[Patient, Reference]] = {}
        coming: list[str] = []
        while len(drawn) < count:
            coming = coming or rng.sample(self.disorders, len(self.disorders))
            chosen = self.sample_phrases(coming[-1], rng, "held_out" if split == "held_out" else "play")
            texts = {name: entry["text"] for name, entry in chosen.items()}
            digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()
            if split != "held_out" and (int(digest, 16) % 4 == 0) != (split == "development"):
                continue
            patient_id = f"{split}-{seed}-{digest[:8]}"
            if patient_id not in drawn:
                drawn[patient_id] = (Patient(self.cognitive_model(patient_id, chosen)), self._reference(coming.pop()))
        return list(drawn.values())

    def sample_phrases(
        self, disorder: str, rng: random.Random, form: Literal["play", "held_out", "any"]
    ) -> dict[Component, dict[str, str]]:
        """One phrase a component: {component: {text, owner, kind?}}; an empty component is left out."""
        others = [d for d in self.disorders if d not in (disorder, self.partner[disorder])]
        chosen: dict[Component, dict[str, str]] = {}
        for component in COMPONENTS:
            draw = rng.random()
            owner = disorder if draw < OWN else self.partner[disorder] if draw < OWN + PARTNER else rng.choice(others)
            entry = rng.choice(self.phrases[owner][component])
            wording = rng.choice(("play", "held_out")) if form == "any" else form
            if component == "intermediate_beliefs_during_depression" and rng.random() < EMPTY_DEPRESSION:
                continue
            chosen[component] = {**entry, "text": entry[wording], "owner": owner}
        return chosen

    def posterior(self, phrases: Iterable[str]) -> dict[str, float]:
        """P(disorder | phrases): the best possible reader of these phrases (components are independent given it). Texts that
        are no phrases of the clinic tell nothing."""
        logs = dict.fromkeys(self.disorders, 0.0)
        for phrase in phrases:
            if phrase not in self.owner:
                continue
            owner = self.owner[phrase][1]
            for disorder in self.disorders:
                near = OWN if owner == disorder else PARTNER if owner == self.partner[disorder] else None
                logs[disorder] += math.log(near or (1 - OWN - PARTNER) / (len(self.disorders) - 2))
        top = max(logs.values())
        weights = {d: math.exp(v - top) for d, v in logs.items()}
        total = sum(weights.values())
        return {d: w / total for d, w in weights.items()}

    def said(self, text: str) -> list[str]:
        """The clinic's phrases that stand in a text."""
        return [phrase for phrase in self.owner if phrase in text]

    def _reference(self, disorder: str) -> Reference:
        return Reference(disorder, self.treatments[disorder], self.medicines[disorder], (self.partner[disorder],))

    def cognitive_model(self, patient_id: str, chosen: Mapping[Component, Mapping[str, str]]) -> CognitiveModel:
        core = chosen["core_beliefs"]
        fields = {name: chosen[name]["text"] if name in chosen else "" for name in COMPONENTS if name != "core_beliefs"}
        name = f"patient {patient_id.rsplit('-', 1)[-1]}"
        return CognitiveModel(
            id=patient_id, name=name, core_beliefs=CoreBeliefs(**{core["kind"]: (core["text"],)}), **fields
        )


DISORDER_ALIASES = (
    ("mdd", "major depressive disorder"),
    ("major depression", "major depressive disorder"),
    ("depression", "major depressive disorder"),
    ("gad", "generalised anxiety disorder"),
    ("generalized anxiety disorder", "generalised anxiety disorder"),
    ("ocd", "obsessive compulsive disorder"),
    ("obsessive-compulsive disorder", "obsessive compulsive disorder"),
    ("ptsd", "post traumatic stress disorder"),
    ("post-traumatic stress disorder", "post traumatic stress disorder"),
    ("posttraumatic stress disorder", "post traumatic stress disorder"),
    ("bdd", "body dysmorphic disorder"),
    ("insomnia", "insomnia disorder"),
    ("social phobia", "social anxiety disorder"),
    ("bipolar", "bipolar disorder"),
    ("bulimia", "bulimia nervosa"),
    ("binge-eating disorder", "binge eating disorder"),
)


@lru_cache
def generated_clinic() -> GeneratedClinic:
    """The shipped toy clinic."""
    return GeneratedClinic(
        json.loads(files("mentalarena.clinic").joinpath("data/generated_clinic.json").read_text("utf-8"))
    )
