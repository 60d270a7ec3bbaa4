"""A collection of patients as audits and tables see it: the shipped library, people in its form, or plain patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mentalarena.clinic import audit
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.files import read_patients
from mentalarena.clinic.library import LibraryReference, library, library_references, read_references
from mentalarena.clinic.people import Person, read_people
from mentalarena.clinic.taxonomy import taxonomy
from mentalarena.models.base import Embedder
from mentalarena.runs.directory import read_jsonl


@dataclass(frozen=True)
class Collection:
    """Patients, the people they are, and what is true of them where that is known."""

    name: str
    patients: Sequence[Patient]
    subjects: Sequence[audit.Subject]
    demographics: Mapping[str, Mapping[str, str]]
    splits: Mapping[str, str]
    references: Mapping[str, LibraryReference]

    def likenesses(self, embedder: Embedder) -> list[audit.Likeness]:
        """The likest texts of each two people, the likest pair first."""
        return audit.likenesses(self.subjects, embedder)

    def findings(self, alike: Sequence[audit.Likeness], identifiers: bool = True) -> list[audit.Finding]:
        """All checks, errors first; `alike` is what `likenesses` gave. Raises `ConfigError` where Presidio is missing."""
        found = audit.empties(self.patients) + audit.drafts(self.patients) + audit.duplicates(self.subjects, alike)
        found += audit.unreadable(self.subjects)
        if self.references:
            found += audit.inconsistencies(self.references.values(), self.demographics, taxonomy())
        if identifiers:
            found += audit.identifying(self.subjects)
        return sorted(found, key=lambda f: (f.level != "error", f.check, f.where))

    def coverage(self) -> Counter[tuple[str, str, str]]:
        """People by (main disorder, age group, severity); empty where nothing is known of them."""
        return audit.coverage(self.demographics, self.references)

    def counted(self, attribute: str) -> Counter[str]:
        """People by a demographic; `age` in groups."""
        told = [about.get(attribute, "unknown") for about in self.demographics.values()]
        return Counter(audit.age_group(value) if attribute == "age" else value for value in told)


def open_collection(source: str, references: Path | None = None) -> Collection:
    """`library`, or a file of people in its form or of patients. Raises `DataError`."""
    own = {r.id: r for r in read_references(references)} if references else {}
    if source == "library":
        return _of_people(source, library(), own or library_references())
    path = Path(source)
    if path.suffix == ".jsonl" and any("situations" in record for record in read_jsonl(path)[:1]):
        return _of_people(source, read_people(path), own)
    patients = read_patients(path)
    people = {p.person or p.id: dict(p.demographics) for p in reversed(patients)}  # of several, the first: an original
    return Collection(source, patients, audit.subjects(patients), people, {}, own)


def _of_people(name: str, people: Sequence[Person], references: Mapping[str, LibraryReference]) -> Collection:
    return Collection(
        name,
        [patient for person in people for patient in person.patients()],
        audit.subjects_of_people(people),
        {person.id: person.demographics for person in people},
        {person.id: person.split for person in people},
        references,
    )
