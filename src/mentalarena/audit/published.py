"""Records in the layout of the published data, audited as they are: nothing is mended, everything is counted.

Layout: symptom, illness, treatment, explain_t, medicine, explain_m (github.com/Scarelette/MentalArena). What was found in it by
hand stands in PAPER.md: labels such as "Doctor 2's diagnosis", medicines that are none, seeds word for word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from mentalarena.audit.duplicates import ALIKE, duplicates, likeness
from mentalarena.audit.findings import Finding
from mentalarena.audit.memorisation import Runs
from mentalarena.clinic.audit import words_of
from mentalarena.clinic.naming import Naming, normalise_diagnosis, normalise_medicine

FIELDS = ("symptom", "illness", "treatment", "explain_t", "medicine", "explain_m")
VERBATIM = 0.9
"""Share of a seed that stands in a symptom in one run of words, from which on the seed is in it word for word."""
_LIST = re.compile(r",|/|;|\+|&|\band\b|\bor\b")
_LISTS = json.loads(files("mentalarena.audit").joinpath("data/words.json").read_text("utf-8"))
_KINDS = frozenset(_LISTS["kinds_of_disorder"])
"""What is said for a disorder beside another: "anxiety, depression" names two, of which the taxonomy knows one."""
_INN = re.compile(rf"[a-z]{{2,}}(?:{'|'.join(_LISTS['medicine_stems'])})")
"""Common stems of international nonproprietary names (WHO, "The use of stems", 2018): medicines that the taxonomy does not know,
since they are for the body, are medicines all the same."""
_DRESS = re.compile(rf"\(.*?\)|\b\d+(?:[.,]\d+)?\s*(?:mg|mcg|g|ml)\b|\b(?:{'|'.join(_LISTS['medicine_dress'])})\b|[.,;]")
"""Doses, forms and salts."""


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """One published record, as it stands."""

    id: str
    symptom: str
    illness: str
    treatment: str
    explain_t: str
    medicine: str
    explain_m: str

    @classmethod
    def of(cls, id: str, record: Mapping[str, object]) -> PublishedRecord:
        """Of a record as JSON; a field that is missing is empty."""
        return cls(id, *(str(record.get(name) or "") for name in FIELDS))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records there are, how many have what, and each finding."""

    records: int
    inputs: int
    """Distinct symptoms."""
    duplicates: int
    unclean_diagnoses: int
    non_medicines: int
    verbatim_seeds: int
    findings: tuple[Finding, ...]


def audit_published(records: Sequence[PublishedRecord], seeds: Iterable[str] = ()) -> Tally:
    """Count what is wrong with published records. `seeds`: texts of seed patients that should not stand in them verbatim."""
    known = [(words, frozenset(words), Runs(words)) for seed in seeds if (words := tuple(words_of(seed)))]
    twins = _twins(records)
    found: list[Finding] = []
    for record in records:
        if of := twins.get(record.id):
            found.append(Finding("duplicate", record.id, f"repeats {of}", "held back"))
        if not clean_diagnosis(record.illness):
            found.append(Finding("diagnosis", record.id, f"not one clean diagnosis: {record.illness[:80]!r}", "held back"))
        if not is_medicine(record.medicine):
            found.append(Finding("medicine", record.id, f"no medicine: {record.medicine[:80]!r}", "held back"))
        if run := _verbatim(record.symptom, known):
            found.append(Finding("verbatim seed", record.id, f"{len(run)} words: {' '.join(run[:12])} ...", "held back"))
    count = {check: sum(finding.check == check for finding in found) for check in ("duplicate", "diagnosis", "medicine")}
    return Tally(
        records=len(records),
        inputs=len({" ".join(words_of(record.symptom)) for record in records}),
        duplicates=count["duplicate"],
        unclean_diagnoses=count["diagnosis"],
        non_medicines=count["medicine"],
        verbatim_seeds=sum(finding.check == "verbatim seed" for finding in found),
        findings=tuple(found),
    )


def clean_diagnosis(text: str) -> bool:
    """Whether an answer names one diagnosis (`clinic.naming`), and none beside it."""
    if len(normalise_diagnosis(text).entries) != 1:
        return False
    parts = [" ".join(words_of(part)) for part in _LIST.split(text.lower())]
    return sum(part in _KINDS for part in parts) == 0 or len(parts) == 1


def is_medicine(text: str) -> bool:
    """Whether an answer names one medicine: one of the taxonomy, or by its stem an international nonproprietary name."""
    found = normalise_medicine(text)
    plain = " ".join(_DRESS.sub(" ", text.lower()).split())
    return len(found.entries) == 1 or (found.reason == "unknown" and bool(_INN.fullmatch(plain)))


def _verbatim(symptom: str, seeds: Sequence[tuple[tuple[str, ...], frozenset[str], Runs]]) -> tuple[str, ...]:
    """The longest run of the first seed that stands in a symptom."""
    words = words_of(symptom)
    said = set(words)
    for seed, distinct, runs in seeds:
        if len(distinct - said) > (1 - VERBATIM) * len(seed):
            continue  # more words are missing than may be
        start, end = runs.longest(words)
        if end - start >= VERBATIM * len(seed):
            return tuple(words[start:end])
    return ()


def _twins(records: Sequence[PublishedRecord]) -> dict[str, str]:
    """Records that repeat an earlier one: symptoms alike, the same diagnosis and medicine, the rest alike."""
    before = {twin.row: twin.of for twin in duplicates({record.id: record.symptom for record in records})}
    groups: dict[str, list[PublishedRecord]] = {}
    twins: dict[str, str] = {}
    for record in records:
        root = record.id
        while root in before:
            root = before[root]
        group = groups.setdefault(root, [])
        if of := next((other for other in group if _same(record, other)), None):
            twins[record.id] = of.id
        else:
            group.append(record)
    return twins


def _same(one: PublishedRecord, other: PublishedRecord) -> bool:
    rest = [f"{record.treatment} {record.explain_t} {record.medicine} {record.explain_m}" for record in (one, other)]
    return (
        _named(one.illness, other.illness, normalise_diagnosis)
        and _named(one.medicine, other.medicine, normalise_medicine)
        and likeness(*rest) >= ALIKE
        and likeness(one.symptom, other.symptom) >= ALIKE
    )


def _named(one: str, other: str, normalise: Callable[[str], Naming]) -> bool:
    """Whether two answers name the same, in whatever words."""
    names, others = normalise(one).entries, normalise(other).entries
    return set(names) == set(others) if names or others else likeness(one, other) >= ALIKE
