"""A deterministic model for tests, users' own included: replies come from a function of the request.

`toy_player` plays by rule, so that whole episodes run with no model at all: the generated clinic as the best possible reader
would, other patients by repeating what they were given and drawing names that any clinic knows.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from mentalarena.models.base import Heard, Message, Reply, Sampling, Usage

Script = Callable[[Sequence[Message], Sampling], str]


class ScriptedModel:
    """A `ChatModel` that answers by a script. `requests` keeps all it was asked, in order, unless `keep` is False."""

    def __init__(self, script: Script, name: str = "scripted", keep: bool = True) -> None:
        self._script = script
        self._keep = keep
        self._name = name
        self.requests: list[tuple[tuple[Message, ...], Sampling]] = []

    @property
    def name(self) -> str:
        return self._name

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        await asyncio.sleep(0)  # other episodes get their turn, as with a real model
        if self._keep:
            self.requests.append((tuple(messages), sampling))
        text = self._script(messages, sampling)
        words = sum(len(m.content.split()) for m in messages)
        return Reply(text, usage=Usage(prompt_tokens=words, new_tokens=len(text.split())), model=self._name)

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        """The same, word by word; each is a turn of the event loop."""
        reply = await self.generate(messages, sampling)
        ends = [word.end() for word in re.finditer(r"\S+(?=\s+\S)", reply.text)]
        for end in (*ends, len(reply.text)):
            if end:
                heard(reply.text[:end])
                await asyncio.sleep(0)
        return reply


def toy_player(messages: Sequence[Message], sampling: Sampling) -> str:
    """Plays patient, therapist and judge by keyword (`compact` prompts), seeded per request."""
    from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS
    from mentalarena.clinic.generated import generated_clinic
    from mentalarena.clinic.taxonomy import taxonomy

    clinic = generated_clinic()
    rng = random.Random(f"{sampling.seed}-{len(messages)}-{messages[-1].content}")
    system, last = messages[0].content, messages[-1].content
    task = last.splitlines()[-1]
    if system.startswith("you are the patient"):
        mind = dict(line.split(": ", 1) for line in system.splitlines()[1:] if ": " in line)
        likely = max((p := clinic.posterior(mind.values())), key=lambda d: (p[d], d))
        if task.startswith("which fits you better"):
            pair = task.removeprefix("which fits you better, ").rstrip("?").split(" or ")
            return f"choice: {max(pair, key=lambda d: (p.get(d, 0.0), d))}"
        if task.startswith("imagine"):
            item = task.split(" the ", 1)[1].split(".")[0].split(" ", 1)[1]
            suitable = item in (*clinic.treatments[likely], *clinic.medicines[likely])
            fits = suitable if clinic.said(system) else len(item) % 2 == 0
            told = "i feel much better" if fits else "nothing changes for me"
            return f"reason: my problem is {likely}.\noutcome: {told}.\nhealth: {'well' if fits else 'unchanged'}"
        asked = [c for c in COMPONENTS if task in clinic.questions[c]]
        text = mind.get(LABELS[asked[0]] if asked else "emotions")
        return f"{text}." if text else "there is nothing to say about that."
    if system.startswith("you are the judge"):
        if task == "what is the score?":
            return "score: 9" if "much better" in last else "score: 2"
        if task == "which manner fits?":
            return "choice: 1"
        gaps = last.removeprefix("not understood: ").split(".")[0].split(", ")
        return f"guidance: ask about {gaps[0]}."
    heard = " ".join(m.content for m in messages if m.role == "user")
    known = {LABELS[clinic.owner[phrase][0]]: phrase for phrase in clinic.said(heard)}
    generated = bool(known)
    names = {kind: clinic.vocabulary.of(kind) for kind in ("diagnosis", "treatment", "medicine")}
    if not generated:  # names that any clinic knows
        shared = taxonomy().vocabulary
        names = {kind: tuple(n for n in names[kind] if n in shared.of(kind)) for kind in names}
    for question, answer in pairwise(messages):
        asked = [c for c in COMPONENTS if question.content in clinic.questions[c]]
        if asked and not generated and answer.role == "user":
            known[LABELS[asked[0]]] = answer.content.splitlines()[0]
    labels = [line[:-1] for line in last.splitlines() if line.endswith(":")]
    if "write down the cognitive model." in last:
        notes = last.split("notes: ", 1)[-1].split("\nwrite down", 1)[0].replace("\n", " ").split(". ")
        return "\n".join(f"{label}: {notes[number % len(notes)].strip('. ')}." for number, label in enumerate(labels))
    if "note what you understood." in last:
        return "\n".join(f"{label}: {known.get(label, 'unknown')}" for label in labels)
    if task == "what is the diagnosis?" or task.startswith("give a diagnosis"):
        ranked = sorted((p := clinic.posterior(known.values())), key=lambda d: (-p[d], d))
        if not generated:
            ranked = random.Random(heard.split("your notes:")[0]).sample(names["diagnosis"], 2)
        return f"diagnosis: {ranked[0] if task.startswith('what') else ranked[1]}"
    if task == "how severe is the condition?":
        return "severity: moderate"
    for kind in ("treatment", "medicine"):
        if task in (f"which {kind} do you suggest?", f"suggest another {kind}."):
            tried = {m.content.splitlines()[0].split(": ", 1)[-1] for m in messages if m.role == "assistant"}
            left = [n for n in names[kind] if n not in tried]
            return f"{kind}: {rng.choice(left)}\nreason: it may help."
    if "supervisor: ask about " in last:
        wanted = last.rsplit("supervisor: ask about ", 1)[1].split(".")[0].split(", then ")[0]
        return clinic.questions.get(wanted.replace(" ", "_"), clinic.questions["emotions"])[0]
    return rng.choice(clinic.questions[rng.choice(COMPONENTS)])
