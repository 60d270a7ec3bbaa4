"""How well does a checkpoint play the clinic? Greedy replies to fresh documents of the teacher, kind by kind.

    python recipes/embedded/check.py CHECKPOINT [--documents 60]

Where the teacher's answer is certain (copying, choosing, foretelling), the share of answers equal to it; for the rest,
the share that the arena's parsers can read. The documents come from seeds that pretraining does not use.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path

import teacher
from mentalarena.models.base import Message, Sampling
from mentalarena.models.local import Engine

Case = tuple[tuple[Message, ...], str]


def last(document: teacher.Document) -> Case:
    """The document up to its last message, and that message."""
    messages = tuple(message for message, _ in document)
    return messages[:-1], messages[-1].content


def talk(rng: random.Random) -> Case:
    """The patient's answer to a last question: its own phrase stands in the profile."""
    while True:
        messages, answer = last(teacher.weigh(teacher.dialogue(teacher.person(rng), rng.randint(2, 8), rng, False)[0]))
        spoken = [phrase for phrase in teacher.CLINIC.said(answer) if phrase in messages[0].content]
        if spoken:
            return messages, max(spoken, key=len)


def probe(rng: random.Random) -> Case:
    """The therapist's notes on a dialogue."""
    person = teacher.person(rng)
    _, therapist, told = teacher.dialogue(person, rng.randint(2, 8), rng, rng.random() < 0.6)
    return last(teacher._probe(person, therapist, told, rng))


def guided(rng: random.Random) -> Case:
    """The next question after guidance: about the component that it names first."""
    _, therapist, _ = teacher.dialogue(teacher.person(rng), rng.randint(2, 6), rng, False)
    component = rng.choice(teacher.NOTED)
    note = teacher.PROMPTS.render("guidance_note", guidance=f"ask about {teacher.LABELS[component]}.")
    return therapist.heard(note).messages, component


def lines_right(reply: str, answer: str) -> tuple[int, int]:
    """Lines of the answer that the reply has, and how many there are; what the therapist cannot know is left out."""
    wanted = [line for line in answer.splitlines() if not line.startswith("manner of talking")]
    return sum(line in reply.splitlines() for line in wanted), len(wanted)


def whole(reply: str, answer: str) -> tuple[int, int]:
    return int(answer in reply), 1


def first_line(reply: str, answer: str) -> tuple[int, int]:
    return int(reply.splitlines()[:1] == answer.splitlines()[:1]), 1


def asks(reply: str, component: str) -> tuple[int, int]:
    return int(reply in teacher.CLINIC.questions[component]), 1


CHECKS: dict[str, tuple[Callable[[random.Random], Case], Callable[[str, str], tuple[int, int]]]] = {
    "recall of words at random": (lambda rng: last(teacher.recall(rng)), whole),
    "patient says its own phrase": (talk, whole),
    "therapist notes what was said": (probe, lines_right),
    "therapist follows guidance": (guided, asks),
    "patient chooses its diagnosis": (lambda rng: last(teacher.choose(rng)), first_line),
    "patient foretells": (lambda rng: last(teacher.predict(rng)), first_line),
    "judge picks a manner": (lambda rng: last(teacher.principles(rng)), first_line),
    "questions from outside": (lambda rng: last(teacher.outside(rng)), whole),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    engine, shares = Engine(str(args.checkpoint)), {}
    for name, (make, right) in CHECKS.items():
        cases = [make(random.Random(f"check-{name}-{number}")) for number in range(args.documents)]
        requests = [(engine.prompt_ids(messages), Sampling(0.0, max_tokens=96)) for messages, _ in cases]
        replies = [
            reply.text for start in range(0, len(requests), 60) for reply in engine.run(requests[start : start + 60])
        ]
        counts = [right(reply, answer) for reply, (_, answer) in zip(replies, cases, strict=True)]
        good, total = sum(c[0] for c in counts), sum(c[1] for c in counts)
        shares[name] = f"{good} of {total}"
        if not args.json:
            print(f"{name:32} {good:4} of {total:4}", flush=True)
    if args.json:
        print(json.dumps(shares))


if __name__ == "__main__":
    main()
