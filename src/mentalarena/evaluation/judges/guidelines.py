"""Which treatments and medicines the references call first-line for a disorder: guideline concordance without any judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mentalarena.arena.types import Episode, TrialKind
from mentalarena.clinic.references import NO_MEDICINE, NO_PSYCHOTHERAPY, Reference

NOTHING = {NO_PSYCHOTHERAPY, NO_MEDICINE}
KINDS: tuple[TrialKind, TrialKind] = ("treatment", "medicine")
Names = Mapping[tuple[str, str], frozenset[str]]


def right_answers(truth: Reference, kind: str) -> tuple[str, ...]:
    """The names that are right for a patient."""
    return {"diagnosis": (truth.disorder,), "treatment": truth.treatments, "medicine": truth.medicines}[kind]


@dataclass(frozen=True)
class Guideline:
    """Names by (disorder, kind)."""

    first_line: Names
    indicated: Names = field(default_factory=dict)
    """What is recommended or approved at all: not first-line, but no clear error either."""

    def says(self, disorder: str, kind: str, name: str) -> bool | None:
        """Whether a proposal is first-line; None for a disorder that no reference tells of."""
        known = self.first_line.get((disorder, kind))
        return None if known is None else name in known

    def clearly_wrong(self, disorder: str, kind: str, name: str) -> bool:
        """Neither first-line nor indicated, for a disorder that references tell of."""
        place = disorder, kind
        return self.says(*place, name) is False and name not in self.indicated.get(place, ())


def guideline_of(references: Iterable[Reference]) -> Guideline:
    """First-line for a disorder is what any reference with that main disorder names."""
    names = defaultdict[tuple[str, str], set[str]](set)
    for truth in references:
        for kind in KINDS:
            names[truth.disorder, kind].update(right_answers(truth, kind))
    return Guideline({place: frozenset(found) for place, found in names.items()})


def library_guideline(references: Iterable[Reference]) -> Guideline:
    """As `guideline_of`; indicated is what the taxonomy says a treatment or medicine is good for, and with a medicine its whole
    class: guidelines name classes, and one SSRI more or less is no clear error. Nor is what suits a disorder that this one is
    easily taken for."""
    from mentalarena.clinic.taxonomy import taxonomy

    known, entries = guideline_of(references), taxonomy()
    names = defaultdict[tuple[str, str], set[str]](set)
    for place, first_line in known.first_line.items():
        names[place].update(first_line)
    indicated = [("treatment", e.name, e.indications) for e in entries.psychotherapies.values()]
    indicated += [("medicine", e.name, e.indications) for e in entries.medicines.values()]
    for kind, name, disorders in indicated:
        for disorder in disorders:
            names[disorder, kind].add(name)
    for (_, kind), found in names.items():
        if kind == "medicine":
            classes = {entries.medicines[name].class_ for name in found if name in entries.medicines}
            found.update(entry.name for entry in entries.medicines.values() if entry.class_ in classes)
    also = {place: set(found) for place, found in names.items()}
    for (disorder, kind), found in also.items():
        for neighbour in entries.disorders[disorder].neighbours if disorder in entries.disorders else ():
            found.update(names.get((neighbour, kind), ()))
    return Guideline(known.first_line, {place: frozenset(found) for place, found in also.items()})


def proposals(episodes: Iterable[Episode]) -> list[tuple[Episode, str, TrialKind, str]]:
    """What each episode came to: (episode, diagnosis, kind, best proposal)."""
    return [
        (episode, episode.diagnosis.chosen, kind, best.proposal)
        for episode in episodes
        if episode.diagnosis and episode.diagnosis.chosen
        for kind in KINDS
        if (best := episode.best(kind))
    ]


def concordance(
    episodes: Sequence[Episode], guideline: Guideline, truths: Mapping[str, Reference]
) -> dict[str, dict[str, list[bool]]]:
    """By kind: is the best proposal first-line `for_the_diagnosis` that was made, and `for_the_patient` as its reference has it?
    What no reference tells of is left out."""
    found: dict[str, dict[str, list[bool]]] = {kind: {"for_the_diagnosis": [], "for_the_patient": []} for kind in KINDS}
    for episode, diagnosis, kind, name in proposals(episodes):
        if (right := guideline.says(diagnosis, kind, name)) is not None:
            found[kind]["for_the_diagnosis"].append(right)
        if truth := truths.get(episode.patient_id):
            found[kind]["for_the_patient"].append(name in right_answers(truth, kind))
    return found
