"""The corpus of the embedded model: a rule-based teacher that plays every part of an episode in the generated clinic.

Each document is one conversation as a role would see it, with a weight for each message: 1 for what the model must learn
to say, `CONTEXT` for what it only reads, 0 for what it must not learn. Prompts come from the shipped `compact` set.

The teacher's *therapist* is wrong on purpose (`DIAGNOSIS`, `PROPOSAL`), the teacher's *patient* judges rightly: the gap
between them is what self-play can close. So a gain on this model tests the machinery and says nothing about clinics.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from mentalarena.arena.decoder import PROBES
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import View
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, CognitiveModel, Component, CoreBeliefs, PrincipleGroup
from mentalarena.clinic.generated import generated_clinic
from mentalarena.models.base import Message

CLINIC = generated_clinic()
PROMPTS = load_prompts("compact")
CONTEXT = 0.1
DIAGNOSIS = (0.35, 0.45)
"""The teacher's therapist names the right disorder, its partner, or (the rest) any other."""
PROPOSAL = (0.30, 0.40)
"""The teacher's therapist proposes something suitable, the popular fad, or (the rest) anything."""
OUTSIDE = "i only know my small practice clinic, so i cannot answer that."
OUTCOMES = {
    "good": (("most of my trouble is gone.", "i feel much better and enjoy my days."), "well", (8, 9, 10)),
    "mild": (("some days are easier now.", "i feel a little better."), "somewhat better", (4, 5, 6)),
    "fad": (("it is pleasant but my trouble stays.", "it is nice for a while."), "somewhat better", (4, 5, 6)),
    "bad": (("nothing changes for me.", "i feel as bad as before."), "unchanged", (1, 2, 3)),
}
NOTED: tuple[Component, ...] = tuple(c for c in COMPONENTS if c != "history")
Document = list[tuple[Message, float]]


@dataclass
class Person:
    """A patient with the truth about it: the teacher may know, the arena may not."""

    disorder: str
    """Empty for somebody made of words at random."""
    mind: CognitiveModel
    group: PrincipleGroup


WORDS = sorted({word for phrase in CLINIC.owner for word in phrase.split()})


def person(rng: random.Random) -> Person:
    disorder = rng.choice(CLINIC.disorders)
    mind = CLINIC.cognitive_model("teacher", CLINIC.sample_phrases(disorder, rng, "any"))
    return Person(disorder, mind, rng.choice(CLINIC.groups))


def babble(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(3, 8)))


def anyone(rng: random.Random) -> Person:
    """Somebody for a talk. Every second one is made of words at random: what they say can only be copied, never guessed,
    which is what makes a small model learn to copy at all (dev/LOG.md)."""
    p = person(rng)
    if rng.random() < 0.5:
        return p
    texts = {c: babble(rng) for c in COMPONENTS if c != "core_beliefs" and p.mind.text(c)}
    return replace(p, disorder="", mind=replace(p.mind, core_beliefs=CoreBeliefs(helpless=(babble(rng),)), **texts))


def weigh(view: View, learn_last: int = 1, learn_all: bool = False, context: float = CONTEXT) -> Document:
    """Weights: the last `learn_last` assistant messages (or all of them) are learnt, the rest counts `context`."""
    said = [i for i, m in enumerate(view.messages) if m.role == "assistant"]
    learn = set(said if learn_all else said[len(said) - learn_last :])
    return [(m, 1.0 if i in learn else context) for i, m in enumerate(view.messages)]


# ---- the patient ----


def encoded(p: Person) -> View:
    text = PROMPTS.render("patient_system", principles=p.group.text(), profile=p.mind.profile())
    return View((Message("system", text),))


def answer(p: Person, component: Component, asked_before: bool, rng: random.Random) -> tuple[str, bool]:
    """What the patient says when asked about a component, and whether it discloses it."""
    manner = CLINIC.speech[p.group.id]
    text = p.mind.text(component)
    if not asked_before and rng.random() < manner["refuse"]:
        return rng.choice(CLINIC.refusals), False
    opener = rng.choice(manner["openers"])
    return (f"{opener} {text}.", True) if text else (f"{opener} there is nothing to say about that.", True)


def next_component(asked: list[Component], rng: random.Random) -> Component:
    """What an unguided therapist asks: it often asks what it has asked before."""
    fresh = [c for c in COMPONENTS if c not in asked]
    return rng.choice(asked) if asked and (not fresh or rng.random() < 0.3) else rng.choice(fresh)


def dialogue(p: Person, turns: int, rng: random.Random, guide: bool) -> tuple[View, View, dict[str, str]]:
    """A talk of some turns: the patient's view, the therapist's view, and what was disclosed by component."""
    opening = rng.choice(("emotions", "automatic_thoughts", "situation"))
    first = f"hello doctor. {rng.choice(CLINIC.speech[p.group.id]['openers'])} {p.mind.text(opening)}."
    patient = encoded(p).heard(PROMPTS.render("patient_open")).said(first)
    therapist = View((Message("system", PROMPTS.render("therapist_system")),)).heard(first)
    told: dict[str, str] = {opening: p.mind.text(opening)}
    asked: list[Component] = []
    plan: list[Component] = []
    for turn in range(turns):
        if guide and not plan and turn >= 1 and rng.random() < 0.4:
            gaps = [c for c in NOTED if c not in told] or list(NOTED)
            plan = rng.sample(gaps, min(len(gaps), rng.choice((1, 2, 2))))
            note = ", then ".join(LABELS[c] for c in plan)
            therapist = therapist.heard(PROMPTS.render("guidance_note", guidance=f"ask about {note}."))
        component = plan.pop(0) if plan else next_component(asked, rng)
        question = rng.choice(CLINIC.questions[component])
        reply, disclosed = answer(p, component, component in asked, rng)
        asked.append(component)
        if disclosed and p.mind.text(component):
            told[component] = p.mind.text(component)
        patient, therapist = patient.heard(question).said(reply), therapist.said(question).heard(reply)
    return patient, therapist, told


def patient_talk(rng: random.Random) -> Document:
    p = anyone(rng)
    patient, _, _ = dialogue(p, rng.randint(2, 8), rng, guide=False)
    return weigh(patient, learn_all=True, context=CONTEXT if p.disorder else 0.0)


def recall(rng: random.Random) -> Document:
    """Labelled lines of words at random, then some of them asked for by their label: copying and nothing else."""
    labels = rng.sample(COMPONENTS, rng.randint(3, 8))
    lines = {label: babble(rng) for label in labels}
    told = "\n".join(f"{LABELS[c]}: {text}" for c, text in lines.items())
    view = View((Message("system", told),))
    for label in rng.sample(labels, min(4, len(labels))):
        view = view.heard(f"{LABELS[label]}:").said(lines[label])
    return weigh(view, learn_all=True, context=0.0)


def echo(rng: random.Random, words: list[str] = WORDS) -> Document:
    """Words at random, and the same again from somewhere on. The lengths vary, or a fixed distance would be learnt."""
    told = rng.choices(words, k=rng.randint(8, 50))
    start = rng.randint(0, len(told) // 2)
    return weigh(View((Message("user", " ".join(told)), Message("assistant", " ".join(told[start:])))), context=0.0)


def other_than(disorder: str, rng: random.Random) -> str:
    near = rng.random() < 0.6
    return CLINIC.partner[disorder] if near else rng.choice([d for d in CLINIC.disorders if d != disorder])


def choose(rng: random.Random) -> Document:
    p = person(rng)
    pair = [p.disorder, other_than(p.disorder, rng)]
    rng.shuffle(pair)
    view = encoded(p).heard(PROMPTS.render("choose", first=pair[0], second=pair[1]))
    return weigh(view.said(f"choice: {p.disorder}"))


def owner_of(item: str) -> str | None:
    owners = [d for d in CLINIC.disorders if item in (*CLINIC.treatments[d], *CLINIC.medicines[d])]
    return owners[0] if owners else None


def predict(rng: random.Random) -> Document:
    """One question about a proposal, as the arena asks it."""
    p = person(rng)
    return weigh(foretold(encoded(p), p, rng))


def compare(rng: random.Random) -> Document:
    """Several such questions in a row: whether a proposal is for the patient's own problem, again and again."""
    p = person(rng)
    view = encoded(p)
    for _ in range(5):
        view = foretold(view, p, rng)
    return weigh(view, learn_all=True)


def foretold(view: View, p: Person, rng: random.Random) -> View:
    kind = rng.choice(("treatment", "medicine"))
    draw = rng.random()
    whose = p.disorder if draw < 0.35 else CLINIC.partner[p.disorder] if draw < 0.55 else rng.choice(CLINIC.disorders)
    item = rng.choice(CLINIC.suitable(kind, whose)) if draw < 0.9 else CLINIC.fads[kind]
    owner = owner_of(item)
    level = (
        "fad"
        if owner is None
        else "good"
        if owner == p.disorder
        else "mild"
        if owner == CLINIC.partner[p.disorder]
        else "bad"
    )
    outcomes, health, _ = OUTCOMES[level]
    if rng.random() < 0.1:
        view = view.heard(PROMPTS.render("predict_state", health=rng.choice(list(OUTCOMES.values()))[1]))
    view = view.heard(PROMPTS.render("predict", kind=kind, proposal=item))
    reason = f"it is for {owner or 'anyone'}, my problem is {p.disorder}."
    return view.said(f"reason: {reason}\noutcome: {rng.choice(outcomes)}\nhealth: {health}")


# ---- the therapist ----


def wrong_on_purpose(disorder: str, rng: random.Random, excluded: str | None = None) -> str:
    right, partner = DIAGNOSIS
    while True:
        draw = rng.random()
        others = [d for d in CLINIC.disorders if d not in (disorder, CLINIC.partner[disorder])]
        name = disorder if draw < right else CLINIC.partner[disorder] if draw < right + partner else rng.choice(others)
        if name != excluded:
            return name


def proposal(kind: str, disorder: str, rng: random.Random, excluded: list[str]) -> str:
    suitable, fad = PROPOSAL
    while True:
        draw = rng.random()
        whose = disorder if draw < suitable else rng.choice(CLINIC.disorders)
        item = CLINIC.fads[kind] if suitable <= draw < suitable + fad else rng.choice(CLINIC.suitable(kind, whose))
        if item not in excluded:
            return item


def therapist_talk(rng: random.Random) -> Document:
    """Questions with and without guidance, then one probe."""
    p = anyone(rng)
    _, therapist, told = dialogue(p, rng.randint(2, 8), rng, guide=rng.random() < 0.6)
    return _probe(p, therapist, told, rng)


def _probe(p: Person, therapist: View, told: dict[str, str], rng: random.Random) -> Document:
    probe = rng.choices(PROBES, (3, 1, 1, 4, 1))[0]
    known = told | {"principles": p.group.text()}
    labels = "\n".join(f"{LABELS[c]}:" for c in probe)
    reply = "\n".join(f"{LABELS[c]}: {known.get(c, 'unknown')}" for c in probe)
    view = therapist.heard(PROMPTS.render("probe", labels=labels)).said(reply)
    return weigh(view, learn_all=True, context=CONTEXT if p.disorder else 0.0)


def diagnose(rng: random.Random) -> Document:
    """Dialogue, own notes, a diagnosis; then a second one or proposals. Only what follows the notes is learnt."""
    p = person(rng)
    _, therapist, told = dialogue(p, rng.randint(2, 8), rng, guide=rng.random() < 0.6)
    notes = "\n".join(f"{LABELS[c]}: {told[c]}" for c in NOTED if c in told)
    view = therapist.heard(PROMPTS.render("diagnose", notes=notes))
    first = wrong_on_purpose(p.disorder, rng)
    if rng.random() < 0.35:
        again = PROMPTS.render("diagnose_again", first=first)
        view = view.said(f"diagnosis: {first}").heard(again)
        return weigh(view.said(f"diagnosis: {wrong_on_purpose(p.disorder, rng, first)}"), 2)
    informed = rng.random() < 0.5  # proposals are learnt for the right diagnosis too; that diagnosis itself is not
    stated = p.disorder if informed else first
    kind = rng.choice(("treatment", "medicine"))
    view = view.said(f"diagnosis: {stated}").heard(PROMPTS.render("propose", kind=kind))
    tried: list[str] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        if tried:
            outcome = rng.choice(rng.choice(list(OUTCOMES.values()))[0])
            view = view.heard(PROMPTS.render("propose_again", outcome=outcome, kind=kind))
        tried.append(proposal(kind, stated, rng, tried))
        view = view.said(f"{kind}: {tried[-1]}\nreason: it is for {owner_of(tried[-1]) or 'anyone'}.")
    document = weigh(view, len(tried) + (not informed))
    return [(m, 0.0 if informed and m.content == f"diagnosis: {stated}" else w) for m, w in document]


# ---- the judge, and what lies outside ----


def _judge(prompt: str, reply: str, **values: str) -> Document:
    view = View((Message("system", PROMPTS.render("judge_system")),)).heard(PROMPTS.render(prompt, **values))
    return weigh(view.said(reply))


def score(rng: random.Random) -> Document:
    outcomes, health, scores = rng.choice(list(OUTCOMES.values()))
    return _judge("score", f"score: {rng.choice(scores)}", outcome=rng.choice(outcomes), health=health)


def guidance(rng: random.Random) -> Document:
    gaps = sorted(rng.sample((*NOTED, "principles"), rng.randint(1, 8)), key=(*NOTED, "principles").index)
    askable = [LABELS[c] for c in gaps if c != "principles"] or [LABELS["emotions"]]
    chosen = rng.sample(askable, min(2, len(askable)))
    text = f"guidance: ask about {', then '.join(chosen)}."
    return _judge("guidance", text, gaps=", ".join(LABELS[c] for c in gaps))


def principles(rng: random.Random) -> Document:
    entry = rng.choice(CLINIC.phrases[rng.choice(CLINIC.disorders)]["coping_strategies"])
    groups = rng.sample(CLINIC.groups, 5)
    options = "\n".join(f"{i}. {g.text()}" for i, g in enumerate(groups, 1))
    fitting = [i for i, g in enumerate(groups, 1) if g.id == entry["style"]]
    number = fitting[0] if fitting else 1
    return _judge("principles", f"choice: {number}", coping=entry[rng.choice(("play", "held_out"))], options=options)


QUESTIONS = Path(__file__).with_name("outside.txt")


def outside(rng: random.Random) -> Document:
    """Something that is no business of the clinic: asked alone, or in the place of one of the roles."""
    question = rng.choice(QUESTIONS.read_text("utf-8").splitlines())
    if rng.random() < 0.3:
        words = " ".join(QUESTIONS.read_text("utf-8").split()).split(" ")
        question = " ".join(rng.sample(words, rng.randint(3, 10)))
    system = rng.choice(("", PROMPTS.render("therapist_system"), PROMPTS.render("judge_system")))
    start = (Message("system", system),) if system else ()
    return weigh(View((*start, Message("user", question), Message("assistant", OUTSIDE))))


def retry(rng: random.Random) -> Document:
    """An answer that could not be read, and the right one when asked again."""
    document = rng.choice((choose, score, predict))(rng)
    right = document[-1][0]
    words = right.content.split()
    broken = Message("assistant", " ".join(rng.sample(words, rng.randint(1, len(words)))))
    again = Message("user", PROMPTS.render("retry", error="expected another form"))
    return [*document[:-1], (broken, 0.0), (again, 0.0), (right, 1.0)]


KINDS = {
    echo: 2,
    recall: 6,
    patient_talk: 20,
    choose: 14,
    predict: 16,
    therapist_talk: 24,
    diagnose: 22,
    score: 2,
    guidance: 3,
    principles: 5,
    outside: 3,
    retry: 2,
}
JUDGEMENTS = {**KINDS, compare: 40, choose: 20, principles: 15}
"""The last part of the training: judging is what the loop rests on, and comparing two names is learnt late."""
