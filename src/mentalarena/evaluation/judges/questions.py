"""What is put to each judge: what a run made, and controls whose answer is known.

Of each unit (a patient, a person of the library, a disorder) at most one good and one bad control is drawn, so that controls
are independent. References reach a question only as the known-good (or, another patient's, the known-bad) answer of a control.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import cycle
from typing import Any, TypeVar

from mentalarena.arena import diagnosis, trials
from mentalarena.arena.prompts import PromptSet
from mentalarena.arena.types import Episode
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS
from mentalarena.clinic.people import Person
from mentalarena.clinic.references import Reference, References
from mentalarena.evaluation.judges.forms import ORDERS, Control, Question, in_order
from mentalarena.evaluation.judges.guidelines import KINDS, NOTHING, Guideline, proposals, right_answers
from mentalarena.training.rows import THERAPIST, Row

Item = TypeVar("Item")
Line = tuple[str, str]
"""Who says it (`therapist`, `patient`), and what."""
TURNS = 4
"""Exchanges of an authenticity talk (paper: four-turn talks)."""


@dataclass(frozen=True)
class Talk:
    """A talk that stands for one with a person."""

    id: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Material:
    """What questions are made of."""

    episodes: Sequence[Episode]
    rows: Sequence[Row]
    truths: References
    """Of the run's patients, by id, as far as they are known."""
    guideline: Guideline
    held_out: Sequence[Reference]
    """References of held-out people (never the people): the guideline judge's controls."""
    people: Sequence[Person]
    """Of the library's play split: written talks, and the same people recited."""
    texts: PromptSet
    talks: Sequence[Talk] = ()
    """Of real people, where somebody has them."""
    seed: int = 0
    limit: int = 40
    """Items, and controls of each kind, at most."""

    def rng(self, what: str) -> random.Random:
        return random.Random(f"judge-{what}-{self.seed}")

    def some(self, items: Sequence[Item], what: str) -> list[Item]:
        """At most `limit`; a higher limit adds to them."""
        return self.rng(what).sample(items, len(items))[: self.limit]

    def lines(self, prompt: str) -> list[str]:
        return self.texts.texts[prompt].splitlines()


def questions(name: str, material: Material) -> list[Question]:
    """All questions of one judge, in a settled order."""
    return list(_MADE_BY[name](material))


def validity(material: Material) -> Iterator[Question]:
    """Therapist's rows. Good: what the reference says in the row's place. Bad: what another patient's reference says."""
    rows = [row for row in material.rows if row.kind in THERAPIST]

    def ask(row: Row, answer: str, control: Control = "") -> Question:
        told = "\n".join(f"{_SAID_BY[m.role]}: {m.content}" for m in row.prompt if m.role != "system")
        item, patient = f"{row.lineage.episode}/{row.kind}", row.lineage.patient
        truth, name = material.truths.get(patient), answer.splitlines()[0].removeprefix(f"{row.kind}: ")
        known = "" if control or not truth else "yes" if name in right_answers(truth, row.kind) else "no"
        return Question("validity", item, patient, {"input": told, "answer": answer}, row.kind, control, reference=known)

    for row in material.some(rows, "validity"):
        yield ask(row, row.completion)
    rng = material.rng("validity-controls")
    for patient in material.some(sorted({row.lineage.patient for row in rows} & set(material.truths)), "validity-patients"):
        truth = material.truths[patient]
        own = [row for row in rows if row.lineage.patient == patient and _leads_to(row, truth)]
        if not own:
            continue
        row = rng.choice(own)
        good = [name for name in right_answers(truth, row.kind) if name not in NOTHING]
        bad = sorted({name for other in material.truths.values() for name in _foreign(row.kind, other, truth, material)})
        if good and bad:
            yield ask(row, _stated(row.kind, rng.choice(good)), "good")
            yield ask(row, _stated(row.kind, rng.choice(bad)), "bad")


_SAID_BY: Mapping[str, str] = {"user": "told", "assistant": "therapist"}


def _stated(kind: str, name: str) -> str:
    return diagnosis.answer(name) if kind == "diagnosis" else trials.answer(kind, name)


def _leads_to(row: Row, truth: Reference) -> bool:
    """Whether the reference's answer is right there: a treatment is proposed for the diagnosis that was said before."""
    said = [m.content for m in row.prompt if m.role == "assistant" and m.content.startswith("diagnosis:")]
    return not said or said[-1].splitlines()[0] == diagnosis.answer(truth.disorder)


def _foreign(kind: str, other: Reference, truth: Reference, material: Material) -> list[str]:
    """Right for the other patient and clearly wrong for this one."""
    if other.disorder == truth.disorder or other.disorder in truth.confusable:
        return []
    wrong = [name for name in right_answers(other, kind) if name not in (*right_answers(truth, kind), *NOTHING)]
    return wrong if kind == "diagnosis" else [n for n in wrong if material.guideline.clearly_wrong(truth.disorder, kind, n)]


def authenticity(material: Material) -> Iterator[Question]:
    """Talks of four exchanges, alone and against a talk that stands for a person's. Good: talks of people where there are some,
    else the library's utterances as a talk. Bad: the same library's people, recited."""
    people = material.some([p for p in material.people if len(p.utterances) >= TURNS], "authenticity-people")
    bad = [Talk(person.id, _recited(person, material)) for person in people]
    good = [Talk(person.id, _uttered(person, material)) for person in people]
    good = material.some(material.talks, "authenticity-talks") or good

    def alone(talk: Talk, control: Control = "") -> Question:
        return Question("authenticity", talk.id, talk.id, {"dialogue": written(talk.lines)}, "", control)

    def both(ours: Talk, other: Talk, control: Control = "") -> Iterator[Question]:
        for order in ORDERS:
            values = in_order(written(ours.lines), written(other.lines), order)
            yield Question("authenticity-pair", ours.id, ours.id, values, "", control, order)

    ours = [
        Talk(e.id, tuple(spoken(e)[: 2 * TURNS])) for e in material.some(material.episodes, "authenticity") if spoken(e)
    ]
    for number, talk in enumerate(ours):
        yield alone(talk)
        if good:
            yield from both(talk, good[number % len(good)])
    yield from (alone(talk, "good") for talk in good)
    yield from (alone(talk, "bad") for talk in bad)
    for human, machine in zip(good, bad, strict=False):
        yield from both(human, machine, "pair")


def spoken(episode: Episode) -> list[Line]:
    """The dialogue of an episode; the patient's view holds nothing else after its profile."""
    said = episode.views.get("patient", ())[1:]
    return [("therapist" if m.role == "user" else "patient", m.content) for m in said]


def written(lines: Sequence[Line]) -> str:
    return "\n".join(f"{who}: {text}" for who, text in lines)


def _uttered(person: Person, material: Material) -> tuple[Line, ...]:
    """What a person of the library says of itself, then when asked, after questions that fit anybody: about as much at a time as
    its recited twin, so that length tells nothing."""
    said, answers = list(person.patients()[0].voice.all), list[str]()
    for length in map(len, _headed(person)):
        answer = said.pop(0) if said else ""
        while said and len(answer) + len(said[0]) / 2 < length:
            answer = f"{answer} {said.pop(0)}"
        answers.append(answer)
    return _asked([answer for answer in answers if answer], material)


def _recited(person: Person, material: Material) -> tuple[Line, ...]:
    """The same person as a form that is read out."""
    return _asked(_headed(person), material)


def _headed(person: Person) -> list[str]:
    """A heading and a sentence of each component."""
    model = person.patients()[0].cognitive_model
    said = {LABELS[c]: re.split(r"(?<=[.!?])\s", text)[0] for c in COMPONENTS if (text := model.text(c))}
    return [f"{label}: {text}" for label, text in said.items()][:TURNS]


def _asked(answers: Sequence[str], material: Material) -> tuple[Line, ...]:
    lines = zip(material.lines("judge_talk_lines"), answers, strict=False)
    return tuple(line for asked, told in lines for line in (("therapist", asked), ("patient", told)))


def fidelity(material: Material) -> Iterator[Question]:
    """Last notes against what was encoded. Good: the encoded text itself. Bad: another patient's text of that component."""
    found = [
        (episode, comparison)
        for episode in material.episodes
        for comparison in (episode.decodings[-1].comparisons if episode.decodings else ())
        if comparison.component != "principles"
    ]

    def ask(episode: Episode, component: str, encoded: str, decoded: str, control: Control = "") -> Question:
        values = {"component": LABELS[component], "encoded": encoded, "decoded": decoded}
        return Question("fidelity", f"{episode.id}/{component}", episode.patient_id, values, component, control)

    for episode, c in material.some([(e, c) for e, c in found if c.decoded], "fidelity"):
        yield ask(episode, c.component, c.encoded, c.decoded or "")
    rng = material.rng("fidelity-controls")
    one_each = {e.patient_id: (e, c) for e, c in rng.sample(found, len(found))}
    for episode, c in material.some([one_each[patient] for patient in sorted(one_each)], "fidelity-patients"):
        others = sorted({o.encoded for _, o in found if o.component == c.component and o.encoded != c.encoded})
        if others:
            yield ask(episode, c.component, c.encoded, c.encoded, "good")
            yield ask(episode, c.component, c.encoded, rng.choice(others), "bad")


def guideline(material: Material) -> Iterator[Question]:
    """What episodes came to. Good: first-line by a held-out reference. Bad: first-line for another disorder and neither
    first-line nor indicated for this one."""

    def ask(item: str, unit: str, told: str, kind: str, name: str, control: Control = "") -> Question:
        known = material.guideline.says(told, kind, name)
        settled = "" if control or known is None else "yes" if known else "no"
        values = {"diagnosis": told, "kind": kind, "proposal": name}
        return Question("guideline", item, unit, values, kind, control, reference=settled)

    for episode, told, kind, name in material.some(proposals(material.episodes), "guideline"):
        yield ask(f"{episode.id}/{kind}", episode.patient_id, told, kind, name)
    rng = material.rng("guideline-controls")
    by_disorder = {truth.disorder: truth for truth in material.held_out}
    for disorder in material.some(sorted(by_disorder), "guideline-disorders"):
        kind = rng.choice(KINDS)
        good = sorted(set(right_answers(by_disorder[disorder], kind)) - NOTHING)
        foreign = {name for other in material.held_out for name in right_answers(other, kind)} - NOTHING
        bad = sorted(name for name in foreign if material.guideline.clearly_wrong(disorder, kind, name))
        if good and bad:
            yield ask(f"{disorder}/{kind}", disorder, disorder, kind, rng.choice(good), "good")
            yield ask(f"{disorder}/{kind}", disorder, disorder, kind, rng.choice(bad), "bad")


def skill(material: Material) -> Iterator[Question]:
    """Whole dialogues, by dimension. Bad: the same with the therapist's lines replaced, by turns by ones that fit nobody and by
    another episode's in any order; against these the whole dialogue is also asked for as a pair."""
    dimensions = dict(line.split(": ", 1) for line in material.lines("judge_skill_dimensions"))
    talks = {e.id: spoken(e) for e in material.episodes if any(who == "therapist" for who, _ in spoken(e)[1:])}
    rng = material.rng("skill-controls")
    episodes = [e for e in material.some(material.episodes, "skill") if e.id in talks]
    for number, episode in enumerate(episodes):
        own = {text for _, text in talks[episode.id]}
        foreign = [t for k, lines in sorted(talks.items()) for who, t in lines[1:] if who == "therapist" and t not in own]
        others = rng.sample(foreign, len(foreign)) if number % 2 and foreign else material.lines("judge_fixed_lines")
        whole, damaged = written(talks[episode.id]), written(_damaged(talks[episode.id], others))
        twins: tuple[tuple[str, Control], ...] = ((whole, ""), (damaged, "bad"))
        for dimension, meaning in dimensions.items():
            asked = {"dimension": dimension, "meaning": meaning}
            for text, control in twins:
                yield Question("skill", episode.id, episode.patient_id, {"dialogue": text} | asked, dimension, control)
        for order in ORDERS:
            values = in_order(whole, damaged, order)
            yield Question("skill-pair", episode.id, episode.patient_id, values, "", "pair", order)


def _damaged(lines: Sequence[Line], others: Sequence[str]) -> list[Line]:
    """The therapist's lines after its greeting, replaced."""
    spare = cycle(others)
    return [lines[0], *((who, next(spare) if who == "therapist" else text) for who, text in lines[1:])]


def safety(material: Material) -> Iterator[Question]:
    """Whole dialogues: is a danger passed over? Good: written talks without a danger, or in which it is met. Bad: others in which
    it is passed over."""

    def ask(item: str, unit: str, lines: Sequence[Line], control: Control = "") -> Question:
        return Question("safety", item, unit, {"dialogue": written(lines)}, "", control)

    for episode in material.some([e for e in material.episodes if spoken(e)], "safety"):
        yield ask(episode.id, episode.patient_id, spoken(episode))
    kinds: tuple[tuple[Control, bool], ...] = (("good", False), ("bad", True))
    for control, passed_over in kinds:
        cases = [case for case in safety_cases() if (case["risk"] and not case["met"]) == passed_over]
        for case in material.some(cases, f"safety-{control}"):
            yield ask(case["id"], case["id"], [(line["role"], line["text"]) for line in case["lines"]], control)


@cache
def safety_cases() -> list[dict[str, Any]]:
    """Labelled talks, some with a danger (`risk`), some with a step towards safety (`met`); no clinician has read them."""
    text = files("mentalarena.evaluation.judges").joinpath("data/safety.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


_MADE_BY = {
    "validity": validity,
    "authenticity": authenticity,
    "fidelity": fidelity,
    "guideline": guideline,
    "skill": skill,
    "safety": safety,
}
