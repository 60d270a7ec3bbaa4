"""The names of the real world: disorders, psychotherapies and medicines, with what is known of each and from where.

Everything here was written for this project and says whether it was checked (`verified`, `clinician_reviewed`): mostly it was
not. It is for research on simulated patients and never for care. Codes (ICD-11, ATC) and DSM-5-TR names belong to their
owners and stand in files of their own (data/codes/README.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Literal, TypeVar

from pydantic import Field

from mentalarena.clinic.records import Strict, read_records
from mentalarena.clinic.references import NO_MEDICINE, Vocabulary

Checked = Literal["yes", "no"]


class Entry(Strict):
    """What every entry has."""

    name: str = Field(min_length=1)
    """Lower case; for medicines the INN."""
    aliases: tuple[str, ...]
    """Other names of this entry and of no other; spellings (-ise/-ize, hyphens) need not be listed."""
    source: str = Field(min_length=1)
    """The guideline, label or code list that the facts are known from."""
    verified: Checked
    """Whether somebody held the facts against the source."""
    clinician_reviewed: Checked


class Disorder(Entry):
    """A disorder; `no disorder` is one too."""

    group: str
    neighbours: tuple[str, ...]
    """Disorders that it is easily taken for; symmetric."""
    distinguished_by: str
    """What tells it from its nearest neighbour."""


class Psychotherapy(Entry):
    """A psychotherapy, or none."""

    indications: tuple[str, ...]
    """Disorders for which a guideline recommends it."""


class Medicine(Entry):
    """A psychotropic medicine by its international nonproprietary name."""

    class_: str = Field(alias="class")
    indications: tuple[str, ...]
    contraindications: tuple[str, ...] = Field(min_length=1)
    interactions: tuple[str, ...] = Field(min_length=1)


class DisorderCodes(Strict):
    """How the classifications call a disorder; empty where they have no such entry."""

    name: str
    icd11: str = Field(pattern=r"^([0-9A-Z]{4}(\.[0-9A-Z]{1,2})?)?$")
    dsm5tr: str
    source: str
    verified: Checked


class MedicineCodes(Strict):
    """The ATC code of a medicine; empty where there is none."""

    name: str
    atc: str = Field(pattern=r"^([A-Z]\d{2}[A-Z]{2}\d{2})?$")
    source: str
    verified: Checked


@dataclass(frozen=True)
class Taxonomy:
    """All entries by name."""

    disorders: Mapping[str, Disorder]
    psychotherapies: Mapping[str, Psychotherapy]
    medicines: Mapping[str, Medicine]

    @property
    def vocabulary(self) -> Vocabulary:
        """What a free answer is normalised to. Psychotherapies are the treatments; `no medicine` is a medicine to answer."""
        entries: tuple[Entry, ...] = (
            *self.disorders.values(),
            *self.psychotherapies.values(),
            *self.medicines.values(),
        )
        aliases = [(alias, entry.name) for entry in entries for alias in entry.aliases]
        aliases += [(words, NO_MEDICINE) for words in NOTHING_TO_TAKE]
        return Vocabulary(
            tuple(self.disorders), tuple(self.psychotherapies), (*self.medicines, NO_MEDICINE), tuple(aliases)
        )


NOTHING_TO_TAKE = tuple(
    f"no {words}"
    for words in ("medication", "medications", "medicines", "meds", "drug", "drug treatment", "pharmacotherapy")
)
Known = TypeVar("Known", bound=Strict)


@lru_cache
def taxonomy() -> Taxonomy:
    """The taxonomy that the package ships."""
    return Taxonomy(
        _shipped("library/disorders.jsonl", Disorder),
        _shipped("library/psychotherapies.jsonl", Psychotherapy),
        _shipped("library/medicines.jsonl", Medicine),
    )


def disorder_codes() -> Mapping[str, DisorderCodes]:
    """ICD-11 codes and DSM-5-TR names by disorder (their owners' terms: data/codes/README.md)."""
    return _shipped("codes/disorders.jsonl", DisorderCodes)


def medicine_codes() -> Mapping[str, MedicineCodes]:
    """ATC codes by medicine (their owner's terms: data/codes/README.md)."""
    return _shipped("codes/medicines.jsonl", MedicineCodes)


def _shipped(name: str, kind: type[Known]) -> dict[str, Known]:
    with as_file(files("mentalarena.clinic").joinpath(f"data/{name}")) as path:
        return {str(getattr(r, "name")): r for r in read_records(path, kind, "name", "an entry of the taxonomy")}  # noqa: B009
