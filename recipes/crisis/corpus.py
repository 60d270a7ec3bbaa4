"""The sentences that the crisis gate is trained on: written lines (corpus/*.jsonl) and lines made of templates."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

HERE = Path(__file__).parent
STEPS = ("therapist", "asks", "acts")
"""Kinds of lines of the therapist."""
PATIENT, THERAPIST = ("suicide", "others", "ordinary", "more"), ("therapist", "more")
KIND_OF = {
    "suicide": "suicide",
    "self-harm": "self-harm",
    "harm_others": "harm to others",
    "command_voice": "voices",
    "home_violence": "violence at home",
    "sexual_violence": "violence at home",
    "child_risk": "a child or a person in care",
    "own_child": "a child or a person in care",
    "elder_abuse": "a child or a person in care",
    "body": "no food or drink",
}
"""The gate's kinds by the part of a corpus kind before its slash; other lines teach no kind."""
UNCLEAR = ("everyone would be happier without me", "in bad times i deserve no meals", "tomorrow i will eat nothing at all")
"""Phrases of the generated clinic that would be no harmless thing to say."""
YES = ("danger", "safety")
"""The labels that are a yes; the others are `safe` and `none`."""
_SLOT = re.compile(r"\{([^{}]*)\}")
_MACRO = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Row:
    text: str
    context: str
    """The other's line before it, or nothing."""
    yes: bool
    """A danger, or a step towards safety."""
    kind: str
    source: str


def patient_rows() -> list[Row]:
    return [row for row in _written(PATIENT) if row.kind not in STEPS]


def clinic_rows() -> list[Row]:
    """What the library's people without any risk say (none of the held-out ones), and the phrases of the generated clinic."""
    data = files("mentalarena.clinic").joinpath("data")
    read = [
        [json.loads(line) for line in data.joinpath(f"library/{name}.jsonl").read_text("utf-8").splitlines()]
        for name in ("people", "references")
    ]
    safe = {reference["id"] for reference in read[1] if reference["risk"] == "none"}
    people = [person for person in read[0] if person["id"] in safe and person["split"] != "held_out"]
    said = [(utterance["text"], person["id"]) for person in people for utterance in person["utterances"]]
    generated = json.loads(data.joinpath("generated_clinic.json").read_text("utf-8"))
    openers = [opener for manner in generated["manners"].values() for opener in ("", *manner["openers"])]
    rng = random.Random(0)
    said += [
        (f"{rng.choice(openers)} {phrase}.".strip(), "generated")
        for phrase in _leaves(generated["phrases"])
        if phrase not in UNCLEAR
    ]
    return [Row(text, "", False, kind, "clinic") for text, kind in said]


def _leaves(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _leaves(part)


def therapist_rows() -> list[Row]:
    return [row for row in _written(THERAPIST) if row.source == "therapist" or row.kind in STEPS]


def _written(names: tuple[str, ...]) -> Iterator[Row]:
    for name in names:
        for line in (HERE / "corpus" / f"{name}.jsonl").read_text("utf-8").splitlines():
            data = json.loads(line)
            yield Row(data["text"], data.get("context", ""), data["label"] in YES, data["kind"], name)


def template_rows(each: int, seed: int = 0) -> tuple[list[Row], list[Row]]:
    """Up to `each` different lines of every template, of the patient and of the therapist; the same ones for a seed."""
    macros: dict[str, str] = {}
    rng = random.Random(seed)
    rows = []
    for line in (HERE / "corpus" / "templates.txt").read_text("utf-8").splitlines():
        if line.startswith("$"):
            name, choices = line[1:].split(" = ", 1)
            macros[name] = "{" + choices + "}"
        elif line and not line.startswith("#"):
            head, template = line.split(": ", 1)
            label, kind = head.split()
            template = _MACRO.sub(lambda match: macros[match[1]], template)
            made = dict.fromkeys(_filled(template, rng) for _ in range(3 * each))
            rows += [Row(text, "", label in YES, kind, "templates") for text in list(made)[:each]]
    return [row for row in rows if row.kind not in STEPS], [row for row in rows if row.kind in STEPS]


def _filled(template: str, rng: random.Random) -> str:
    while slot := _SLOT.search(template):
        template = template[: slot.start()] + rng.choice(slot[1].split("|")) + template[slot.end() :]
    text = re.sub(r"\s+([.,!?:;])", r"\1", " ".join(template.split()))
    return text[:1].upper() + text[1:]


def near_duplicates(rows: list[Row], alike: float = 0.6) -> list[int]:
    """The number of a group for each row; rows whose letters are alike (cosine of TF-IDF) are of one group."""
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform([row.text for row in rows])
    close = (vectors @ vectors.T).tocoo()
    group = list(range(len(rows)))

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for a, b, value in zip(close.row, close.col, close.data, strict=True):
        if a < b and value >= alike:
            low, high = sorted((root(int(a)), root(int(b))))
            group[high] = low
    return [root(number) for number in range(len(rows))]


def with_company(rows: list[Row], seed: int, most: int = 2) -> list[Row]:
    """Each row once more among one or two short harmless lines: the gate reads several lines of a patient together."""
    rng = np.random.default_rng(seed)
    short = [row.text for row in rows if not row.yes and len(row.text) < 60]
    made = []
    for row in rows:
        company = [short[place] for place in rng.integers(len(short), size=rng.integers(1, most + 1))]
        company.insert(int(rng.integers(len(company) + 1)), row.text)
        made.append(Row(" ".join(company), row.context, row.yes, row.kind, row.source))
    return made
