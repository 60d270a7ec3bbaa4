"""De-identification: what in a text could tell who somebody is (names, dates, places, contacts, ids).

Presidio finds contacts, ids and numeric dates by pattern, without any download. Names and places need a language model or
rules: with a spaCy model installed (`en_core_web_lg`, `_md` or `_sm`) it is used as well; without one, capitalised words that
are no ordinary words are taken for names. That finds too much rather than too little, and still no such check is complete:
it helps a person who looks, and replaces none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from mentalarena.errors import ConfigError

KINDS = {
    "PERSON": "name",
    "CAPITALISED": "name or place",
    "LOCATION": "place",
    "GPE": "place",
    "NRP": "group",
    "ORGANIZATION": "organisation",
    "ADDRESS": "place",
    "INSTITUTION": "organisation",
    "DATE_TIME": "date",
    "WRITTEN_DATE": "date",
    "EMAIL_ADDRESS": "contact",
    "PHONE_NUMBER": "contact",
    "URL": "contact",
    "IP_ADDRESS": "contact",
    "HANDLE": "contact",
}
"""What Presidio's entities are called here; all others are ids."""
_MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")
_CAPITALISED = re.compile(r"[A-Z][a-z\u00c0-\u024f]+(?:['-][A-Z]?[a-z]+)*(?:\s+[A-Z][a-z\u00c0-\u024f]+)*")


@lru_cache
def _data() -> dict[str, Any]:
    """Patterns of what Presidio has none for, and ordinary words that are written with a capital."""
    return dict(json.loads(files("mentalarena.clinic").joinpath("data/identifiers.json").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Identifier:
    """A place in a text that could tell who somebody is."""

    kind: str
    """name, name or place, place, organisation, group, date, contact or id."""
    start: int
    end: int
    text: str


def available() -> bool:
    """Whether Presidio is installed."""
    return find_spec("presidio_analyzer") is not None


def identifiers(text: str) -> list[Identifier]:
    """All that is found, in order, without overlaps (the longer wins). Raises `ConfigError` where Presidio is missing."""
    engine = _engine()
    found = [
        Identifier(KINDS.get(hit.entity_type, "date" if "DATE" in hit.entity_type else "id"), hit.start, hit.end, "")
        for hit in engine.analyze(text, language="en", score_threshold=0.3)
    ]
    found += [Identifier("name or place", start, end, "") for start, end in _capitalised(text)]
    kept: list[Identifier] = []
    for hit in sorted(
        found, key=lambda h: (h.start - h.end, h.start, h.kind == "contact")
    ):  # a date looks like a number to call
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(Identifier(hit.kind, hit.start, hit.end, text[hit.start : hit.end]))
    return sorted(kept, key=lambda h: h.start)


def redacted(text: str, found: Iterable[Identifier]) -> str:
    """The text with each place replaced by its kind in brackets, and every other place where the same words stand."""
    hits = sorted(found, key=lambda h: -h.start)
    for hit in hits:
        text = f"{text[: hit.start]}[{hit.kind}]{text[hit.end :]}"
    for hit in hits:
        text = re.sub(rf"(?<!\w){re.escape(hit.text)}(?!\w)", f"[{hit.kind}]", text)
    return text


def _capitalised(text: str) -> Iterable[tuple[int, int]]:
    """Capitalised words that are no ordinary words, at the beginning of a sentence too."""
    lower = _common_words()
    for match in _CAPITALISED.finditer(text):
        words = [(m.start() + match.start(), m[0]) for m in re.finditer(r"\S+", match[0])]
        while words and _ordinary(words[0][1], lower):
            words.pop(0)
        while words and _ordinary(words[-1][1], lower):
            words.pop()
        if words:
            yield words[0][0], words[-1][0] + len(words[-1][1])


def _ordinary(word: str, lower: frozenset[str]) -> bool:
    plain = re.sub(r"(?:n't|'(?:ll|d|ve|re|s|m))$", "", word.lower())
    stems = {plain, *(plain.removesuffix(end) for end in ("s", "ed", "ing")), re.sub(r"(.)\1ing$", r"\1", plain)}
    return bool(stems & lower) or ("-" in plain and all(part in lower for part in plain.split("-")))


@lru_cache
def _common_words() -> frozenset[str]:
    """Ordinary words: those that stand in lower case in the library of people, and scikit-learn's stop words."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    from mentalarena.clinic.audit import subjects_of_people
    from mentalarena.clinic.library import library

    texts = (said.text for person in subjects_of_people(library()) for said in person.texts)
    spoken = {word for text in texts for word in re.findall(r"(?<![\w'])[a-z]+", text)}
    return frozenset(spoken | set(ENGLISH_STOP_WORDS) | set(_data()["ordinary"].split()))


@lru_cache
def _engine() -> Any:
    if not available():
        raise ConfigError(
            "de-identification: Presidio is not installed; expected `pip install 'mentalarena[patients]'` (or, where somebody "
            "has checked the text by eye, --checked)"
        )
    import logging

    import spacy
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        DateRecognizer,
        IbanRecognizer,
        IpRecognizer,
        NhsRecognizer,
        SpacyRecognizer,
        UsSsnRecognizer,
    )

    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    model = next((name for name in _MODELS if spacy.util.is_package(name)), None)
    nlp: Any = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model or "blank"}])
    nlp.nlp = {"en": spacy.load(model) if model else spacy.blank("en")}
    # Presidio's own recogniser of addresses of mail asks the net for a list of domains: a pattern does
    recognisers = [
        r() for r in (CreditCardRecognizer, DateRecognizer, IbanRecognizer, IpRecognizer, NhsRecognizer, UsSsnRecognizer)
    ]
    recognisers += [
        PatternRecognizer(kind, patterns=[Pattern(kind.lower(), regex, 0.6)], global_regex_flags=re.MULTILINE)
        for kind, regex in _data()["patterns"].items()
    ]
    if model:
        recognisers.append(SpacyRecognizer())
    return AnalyzerEngine(nlp_engine=nlp, registry=RecognizerRegistry(recognizers=recognisers), supported_languages=["en"])
