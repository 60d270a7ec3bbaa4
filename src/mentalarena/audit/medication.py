"""Audit of a proposed medicine: does it exist, may this patient have it, is it for the diagnosis, and is a dose claimed?

What is known of medicines is the taxonomy's (indications, contraindications, names and their spellings, by
`clinic.naming`); data/medication.toml adds what is in accepted use beside the indications, and how facts about a patient
say what a contraindication says. None of it was reviewed by a clinician. A clean audit says that nothing known speaks
against a row in training data, never that a person could take the medicine.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mentalarena.audit.findings import Finding, Verdict
from mentalarena.clinic.naming import TYPO, Naming, normalise_diagnosis, normalise_medicine, one_off, plain
from mentalarena.clinic.taxonomy import Medicine, taxonomy

VERDICTS: Mapping[str, Verdict] = {
    "unknown": "held back",
    "contraindicated": "held back",
    "not_indicated": "look",
    "dose_claim": "held back",
}
"""The checks. What is not indicated may be a practice that the lists do not know, so a person looks."""
LONGEST = 4000
"""Characters of a text that are read."""
KEPT = 4096
"""Texts whose reading is remembered: proposals and facts come again and again."""
_NEGATED = re.compile(
    r"\b(?:no|not|never|without|none|denies|negative for|free of|ruled out|excluded|nor|neither|any signs? of|unlikely)\b[^,;.]*$"
)
_CLEAR_AFTER = re.compile(
    r"^[^;.]{0,40}\b(?:normal|ruled out|excluded|in order|fine|healthy|negative|clear|unremarkable|none|well controlled|never|"
    r"has none|not confirmed|was not|is not (?:known|present))\b"
)
_SOMEBODY_ELSE = re.compile(
    r"\b(?:brother|sister|mother|father|son|daughter|husband|wife|partner|aunt|uncle|cousin|grand(?:mother|father|son)|twin|"
    r"friend|neighbour|colleague|family|child|children|niece|nephew|boss|dog|cat|mum|dad|parents?|boyfriend|girlfriend|relative)s?\b"
)
_HERSELF = re.compile(r"\b(?:she|he|they|herself|himself|patient|too|as well|also)\b")
_STOPPED = re.compile(
    r"\b(?:until|stopped|ago|used to|in the past|formerly|previously|earlier|finished|ended|came off|off (?:it|them)|once took|"
    r"last (?:year|spring|summer|autumn|winter)|clean|detoxed|withdrawn from|abstinent|"
    r"washout|as a (?:child|teenager)|years before)\b"
)
_STILL = re.compile(
    r"\b(?:still|at present|currently|days? ago|yesterday|now|today|this (?:week|morning)|last (?:week|night)|hours ago)\b"
)
_LONG_AGO = re.compile(
    r"\byears? ago\b|\b(?:two|three|four|five|six|seven|eight|nine|ten|1\d|2\d|several|many) years\b|"
    r"\bin (?:19|20)\d\d\b|\bdecades?\b"
)
_REACTION = re.compile(r"\b(?:allerg|hypersensitiv|anaphyla|rash|swelling|swollen|angioedema|hives|reaction|intoleran)\w*")


@dataclass(frozen=True, slots=True)
class _Concept:
    """A reason against a medicine: how the taxonomy says it, and how a fact does."""

    label: re.Pattern[str]
    fact: re.Pattern[str]
    taking: bool
    recent: bool


class _Known:
    """data/medication.toml, compiled, beside the taxonomy."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.others = frozenset(plain(name) for name in data["others"])
        self.other = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, self.others), key=len, reverse=True))})\b")
        self._long = [name for name in self.others if len(name) >= TYPO and " " not in name]
        self.stem = re.compile(rf"\b[a-z]{{2,}}(?:{'|'.join(data['stems'])})\b")
        self.usual: Mapping[str, list[str]] = data["usual"]
        self.against = [(frozenset(a["medicines"]), re.compile(a["words"])) for a in data["against"]]
        number = data["dose"]["number"]
        claims = "|".join(f"(?:{claim.replace('{number}', number)})" for claim in data["dose"]["claims"])
        self.dose = re.compile(rf"(?<![a-z0-9])(?:{claims})")
        self._concepts = [
            _Concept(
                re.compile(c["label"]), re.compile(rf"\b(?:{c['fact']})"), c.get("taking", False), c.get("recent", False)
            )
            for c in data["concept"]
        ]
        self.reasons = {name: self._reasons(medicine) for name, medicine in taxonomy().medicines.items()}

    def _reasons(self, medicine: Medicine) -> list[tuple[str, _Concept]]:
        """The contraindications that a fact can be held against; what only asks for caution is none."""
        named = [c for c in medicine.contraindications if not c.startswith("caution")]
        return [(told, concept) for told in named for concept in self._concepts if concept.label.search(told)]

    def is_other(self, words: str) -> bool:
        """Whether a medicine is named that the taxonomy does not describe, by a letter more or less."""
        if self.other.search(words):
            return True
        return any(one_off(word, name) for word in words.split() for name in self._long if word[0] == name[0])


def audited(
    medicine: str, diagnosis: str = "", facts: Iterable[str] = (), rationale: str = "", item: str = ""
) -> list[Finding]:
    """What speaks against a proposal. `facts` are what is known of the patient, a short text each; order does not matter.

    Checks are those of `VERDICTS`. An unknown medicine is judged for nothing but a dose. Never raises for a text.
    """
    found: list[Finding] = []

    def add(check: str, detail: str) -> None:
        found.append(Finding(check, item, detail, VERDICTS[check]))

    names, unknown = _read(medicine[:LONGEST])
    if unknown:
        add("unknown", f"no medicine is known as: {unknown}")
    kept = sorted(set(facts))
    for name in names:
        for reason in _reasons_against(name, kept):
            add("contraindicated", f"{name}: {reason}")
    if (
        names
        and (wanted := _disorder(diagnosis))
        and not _is_indicated(names, wanted, " ".join((*kept, rationale)).lower())
    ):
        add("not_indicated", f"{', '.join(names)} for {wanted}")
    if claim := dose_claim(f"{medicine[:LONGEST]} ; {rationale[:LONGEST]}"):
        add("dose_claim", f"a dose is claimed: {claim}")
    return found


def dose_claim(text: str) -> str | None:
    """The words that claim a dose, how often it is taken or how it is changed; None where there are none."""
    told = " ".join(re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower()).split())
    found = _known().dose.search(told)
    return found[0] if found else None


@lru_cache(maxsize=KEPT)
def _read(medicine: str) -> tuple[tuple[str, ...], str]:
    """The medicines of the taxonomy that are named, and what is no known medicine."""
    naming: Naming = normalise_medicine(medicine)
    words = " ".join(re.sub(r"[^a-z0-9 ]+", " ", plain(medicine)).split())
    known = _known()
    if naming.entries:
        invented = [w for w in known.stem.findall(words) if not _exists(w)] if known.stem.search(words) else []
        return naming.entries, ", ".join(invented)
    if naming.reason == "class":  # "Calmoprine (anxiolytic)" is an invented name, "an SSRI (well tolerated)" is none
        naming = normalise_medicine(re.split(r"[(,;]", medicine, maxsplit=1)[0])
    says_none = naming.reason == "nothing" and (re.search("[a-z]", words) or not medicine.strip())
    if says_none or naming.reason in ("denied", "class") or known.is_other(words):
        return (), ""  # a number or a picture says neither a medicine nor that there is none
    return (), medicine.strip()[:100]


def _exists(word: str) -> bool:
    naming = normalise_medicine(word)
    return bool(naming.entries) or _known().is_other(word)


@lru_cache(maxsize=KEPT)
def _disorder(diagnosis: str) -> str | None:
    return diagnosis if diagnosis in taxonomy().disorders else normalise_diagnosis(diagnosis).entry


def _is_indicated(names: Iterable[str], disorder: str, told: str) -> bool:
    """Whether one of the medicines is for the disorder, by indication or use, or against an effect of another medicine."""
    known, medicines = _known(), taxonomy().medicines
    for name in names:
        entry = medicines[name]
        if disorder in (*entry.indications, *known.usual.get(entry.class_, ()), *known.usual.get(name, ())):
            return True
        if any(name in given and words.search(told) for given, words in known.against):
            return True
    return False


def _reasons_against(name: str, facts: Iterable[str]) -> list[str]:
    """Contraindications that a fact fulfils, each with the fact."""
    return [f"{told}; the patient: {fact[:200]}" for fact in facts if (told := _against(name, fact))]


@lru_cache(maxsize=4 * KEPT)
def _against(name: str, fact: str) -> str:
    """The contraindication of a medicine that a fact fulfils; empty where it fulfils none."""
    told = plain(fact[:LONGEST])
    for clause in re.split(r"[;.!?\n]|, (?=no\b|not\b|she\b|he\b|but\b|her\b|his\b)", told):
        for reason, concept in _known().reasons[name]:
            hit = concept.fact.search(clause)
            if hit and _holds(clause, hit, concept, told):
                return reason
    reacted = _REACTION.search(told)
    if reacted and name in normalise_medicine(fact).entries and not _NEGATED.search(told[: reacted.start()]):
        return "a reaction to it before"
    return ""


def _holds(clause: str, hit: re.Match[str], concept: _Concept, told: str) -> bool:
    """Whether what was found is so, of the patient, and now."""
    before, after = clause[: hit.start()], clause[hit.end() :]
    if _NEGATED.search(before) or _CLEAR_AFTER.match(after):
        return False
    if (other := _SOMEBODY_ELSE.search(before)) and not _HERSELF.search(before[other.end() :]):
        return False
    if concept.taking and _STOPPED.search(told) and not _STILL.search(told):
        return False
    return not (concept.recent and _LONG_AGO.search(clause))


@lru_cache
def _known() -> _Known:
    return _Known(tomllib.loads(files("mentalarena.audit").joinpath("data/medication.toml").read_text("utf-8")))
