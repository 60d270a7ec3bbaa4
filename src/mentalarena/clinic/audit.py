"""Is a library sound? Near-duplicates, empty components, names that the taxonomy does not know, identifiers, readability.

Findings are `error` (the library should not be used so) or `look` (a person should look at it).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

from mentalarena.clinic.cognitive_model import COMPONENTS, Patient
from mentalarena.clinic.library import LibraryReference
from mentalarena.clinic.people import Person, Situation
from mentalarena.clinic.taxonomy import Taxonomy
from mentalarena.models.base import Embedder

RUN = 12
"""Words in a row that no two people may share (names of disorders apart, which nobody should say)."""
ALIKE = 0.85
"""Cosine from which on two texts of different people are alike."""
FEWEST = 6
"""Words that a text needs for its likeness to mean anything."""
EASY, HARD = 10.0, 55.0
"""Readability index LIX between which people talk (Bjornsson 1968): words a sentence, and percent of words over six letters."""
ENOUGH = 100
"""Words that readability needs."""
_WORD = re.compile(r"[\w']+")
AGE_BOUNDS, AGES = (18, 30, 50, 65), ("under 18", "18 to 29", "30 to 49", "50 to 64", "65 and over")
SEVERITIES = ("none", "mild", "moderate", "severe")


class Said(NamedTuple):
    """A text of a person. `situation` is the number of the one that it belongs to, 0 for what stands in all of them."""

    component: str
    """A component, or `utterance`."""
    situation: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.component} {self.situation}" if self.situation else self.component


@dataclass(frozen=True, slots=True)
class Subject:
    """One person as the audit sees it."""

    id: str
    texts: tuple[Said, ...]

    def words(self) -> list[list[str]]:
        return [words_of(said.text) for said in self.texts]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth a look."""

    check: str
    level: Literal["error", "look"]
    where: str
    detail: str


def subjects(patients: Iterable[Patient]) -> list[Subject]:
    """Patients put together by person: what stands in all their situations once, the rest with the situation's number."""
    people: dict[str, dict[Said, None]] = {}
    counts: Counter[str] = Counter()
    for patient in patients:
        person = patient.person or patient.id
        counts[person] += 1
        texts = people.setdefault(person, {})
        for component in COMPONENTS:
            number = counts[person] if component in Situation.model_fields else 0
            whole = (patient.cognitive_model.text(component),)
            parts = patient.cognitive_model.core_beliefs.all if component == "core_beliefs" else whole
            texts |= {Said(component, number, text): None for text in parts if text}
        texts |= {Said("utterance", 0, text): None for text in patient.voice.all}
    return [Subject(person, tuple(texts)) for person, texts in people.items()]


def subjects_of_people(people: Iterable[Person]) -> list[Subject]:
    """The same of people in the library's form."""
    return subjects(patient for person in people for patient in person.patients())


def empties(patients: Iterable[Patient]) -> list[Finding]:
    """Components that a patient does not have: it cannot be decoded there. Beliefs during depression may be absent."""
    return [
        Finding("empty component", "look", patient.id, component)
        for patient in patients
        for component in COMPONENTS
        if not patient.cognitive_model.text(component) and component != "intermediate_beliefs_during_depression"
    ]


def drafts(patients: Iterable[Patient]) -> list[Finding]:
    """Patients that a model drafted and nobody has reviewed."""
    return [
        Finding("draft", "look", patient.id, patient.source)
        for patient in patients
        if patient.source.startswith("draft by ") and patient.source.endswith("not reviewed")
    ]


def shared_runs(people: Sequence[Subject], words: int = RUN) -> list[tuple[str, str, str]]:
    """Every run of so many words that two people share: (one, other, the words)."""
    owners: dict[tuple[str, ...], set[str]] = {}
    for person in people:
        for plain in person.words():
            for start in range(len(plain) - words + 1):
                owners.setdefault(tuple(plain[start : start + words]), set()).add(person.id)
    return sorted(
        (one, other, " ".join(run))
        for run, ids in owners.items()
        if len(ids) > 1
        for one, other in combinations(sorted(ids), 2)
    )


def repeated_within(people: Sequence[Subject], words: int = RUN) -> list[tuple[str, str]]:
    """Runs of so many words that two texts of one person share: (person, the words). Situations share the mind, not texts."""
    found = set()
    for person in people:
        owners: dict[tuple[str, ...], int] = {}
        for number, plain in enumerate(person.words()):
            for start in range(len(plain) - words + 1):
                run = tuple(plain[start : start + words])
                if owners.setdefault(run, number) != number:
                    found.add((person.id, " ".join(run)))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two texts, and their cosine."""

    cosine: float
    one: str
    other: str
    component: str
    texts: tuple[str, str]


def likenesses(people: Sequence[Subject], embedder: Embedder) -> list[Likeness]:
    """The likest texts of each two people, within a component (utterances among themselves); likest pairs first."""
    import numpy as np

    best: dict[tuple[str, str], Likeness] = {}
    for kind in sorted({said.component for person in people for said in person.texts}):
        told = [
            (person.id, said.text)
            for person in people
            for said in person.texts
            if said.component == kind and len(words_of(said.text)) >= FEWEST
        ]
        if len(told) < 2:
            continue
        vectors = embedder.embed([text for _, text in told])
        owners = np.array([person for person, _ in told])
        for number, (person, text) in enumerate(told):
            cosines = vectors[number + 1 :] @ vectors[number]
            cosines[owners[number + 1 :] == person] = -1.0
            for later in np.argsort(-cosines)[:8]:
                other, cosine = told[number + 1 + later][0], float(cosines[later])
                pair = (min(person, other), max(person, other))
                if cosine > 0 and (pair not in best or cosine > best[pair].cosine):
                    best[pair] = Likeness(cosine, person, other, kind, (text, told[number + 1 + later][1]))
    return sorted(best.values(), key=lambda found: (-found.cosine, found.one, found.other))


def longest_shared(people: Sequence[Subject]) -> int:
    """Words of the longest run that two people share."""
    words = 0
    while shared_runs(people, words + 1):
        words += 1
    return words


def duplicates(people: Sequence[Subject], alike: Sequence[Likeness]) -> list[Finding]:
    """No two people alike, by words in a row and by meaning; texts of one person apart from each other too."""
    found = [Finding("near-duplicate", "error", f"{a}, {b}", f"{RUN} words: {run}") for a, b, run in shared_runs(people)]
    first = dict(reversed(repeated_within(people)))
    found += [Finding("repetition", "look", person, f"{RUN} words: {run}") for person, run in sorted(first.items())]
    return found + [
        Finding(
            "near-duplicate",
            "error",
            f"{pair.one}, {pair.other}",
            f"{pair.component}: cosine {pair.cosine:.2f}: {pair.texts[0][:60]} / {pair.texts[1][:60]}",
        )
        for pair in alike
        if pair.cosine >= ALIKE
    ]


def inconsistencies(references: Iterable[LibraryReference], people: Iterable[str], taxonomy: Taxonomy) -> list[Finding]:
    """References that name what the taxonomy does not know, contradict themselves, or have no person (and the reverse)."""
    found: list[Finding] = []
    known, told = set(people), {r.id: r for r in references}

    def error(where: str, detail: str) -> None:
        found.append(Finding("reference", "error", where, detail))

    for person in sorted(known - told.keys()):
        error(person, "no reference")
    for person in sorted(told.keys() - known):
        error(person, "a reference of nobody")
    for reference in told.values():
        names: Mapping[str, tuple[tuple[str, ...], Mapping[str, object]]] = {
            "disorders": (reference.disorders, taxonomy.disorders),
            "confusable_with": (reference.confusable_with, taxonomy.disorders),
            "psychotherapy": (reference.psychotherapy, taxonomy.psychotherapies),
            "medicine": (reference.medicine, taxonomy.medicines),
        }
        for field, (values, entries) in names.items():
            for value in values:
                if value not in entries:
                    error(reference.id, f"{field}: {value!r} is not in the taxonomy")
        if set(reference.disorders) & set(reference.confusable_with):
            error(reference.id, "confusable_with: its own disorder")
        healthy = reference.disorders[0] == "no disorder"
        if healthy != (reference.severity == "none") or (healthy and (reference.psychotherapy or reference.medicine)):
            error(reference.id, "no disorder, but a severity or a treatment (or the reverse)")
        for name in reference.medicine:
            medicine = taxonomy.medicines.get(name)
            if medicine and not set(reference.disorders) & set(medicine.indications):
                found.append(
                    Finding("reference", "look", reference.id, f"medicine: {name} has no indication among its disorders")
                )
        for name in reference.psychotherapy:
            therapy = taxonomy.psychotherapies.get(name)
            if therapy and not set(reference.disorders) & set(therapy.indications):
                found.append(
                    Finding(
                        "reference", "look", reference.id, f"psychotherapy: {name} has no indication among its disorders"
                    )
                )
    return found


def identifying(people: Iterable[Subject]) -> list[Finding]:
    """What could tell who somebody is. Raises `ConfigError` where Presidio is missing."""
    from mentalarena.clinic.deidentify import identifiers

    places: dict[tuple[str, str, str], list[str]] = {}
    for person in people:
        for said in person.texts:
            for hit in identifiers(said.text):
                places.setdefault((person.id, hit.kind, hit.text), []).append(said.place)
    return [
        Finding("identifier", "look", person, f"{kind}: {text} ({', '.join(dict.fromkeys(where))})")
        for (person, kind, text), where in places.items()
    ]


def lix(text: str) -> float:
    """The readability index LIX: mean words a sentence plus the percentage of words of more than six letters."""
    words = words_of(text)
    sentences = max(1, len(re.findall(r"[.!?:]+(?:\s|$)", text)))
    return len(words) / sentences + 100 * sum(len(word) > 6 for word in words) / len(words) if words else 0.0


def unreadable(people: Iterable[Subject]) -> list[Finding]:
    """People whose texts together are harder or simpler than people talk."""
    found = []
    for person in people:
        whole = ". ".join(said.text.rstrip(".") for said in person.texts)
        if len(words_of(whole)) < ENOUGH:
            continue
        if not EASY <= (index := lix(whole)) <= HARD:
            found.append(
                Finding("readability", "look", person.id, f"LIX {index:.0f}; people talk at {EASY:.0f} to {HARD:.0f}")
            )
    return found


def age_group(age: str) -> str:
    """The age group of an age in years; `unknown` for anything else."""
    return AGES[bisect(AGE_BOUNDS, int(age))] if re.fullmatch("[0-9]{1,3}", age) else "unknown"


def coverage(
    demographics: Mapping[str, Mapping[str, str]], references: Mapping[str, LibraryReference]
) -> Counter[tuple[str, str, str]]:
    """How many people there are by (main disorder, age group, severity)."""
    return Counter(
        (references[person].disorders[0], age_group(told.get("age", "")), references[person].severity)
        for person, told in demographics.items()
        if person in references
    )


def words_of(text: str) -> list[str]:
    """Lower-case words, without punctuation."""
    return _WORD.findall(text.lower().replace("\u2019", "'").replace("_", " "))
