"""How much of the library's people does the checklist of the practice room understand, and in how many questions?

    python benchmarks/practice.py [--questions 4 10 20 30] [--style plain] [--seed 0]

Every person of the play split (in the first of its situations) is played by the retrieval patient, and asked by the checklist
(practice/rival.py), at each difficulty; the notes go through the arena's decoder with the lexical embedder. Told is how many
people were understood in how many components, and in which. No model: the same figures each time. (Another seed, other words
where several would do, such as a greeting's: a component more or less for a few people.)
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence

from mentalarena.models.backends import Backends
from mentalarena.practice import session as change
from mentalarena.practice.feedback import scoring_of
from mentalarena.practice.partner import partner_of, people, settings_of
from mentalarena.practice.rapport import DIFFICULTIES, STYLES, Difficulty, Style
from mentalarena.practice.rival import FEWEST, rival
from mentalarena.practice.session import ComponentScore, new_session

CONFIG = settings_of(None)


async def met(style: Style, difficulty: Difficulty, questions: int, seed: int = 0) -> list[tuple[ComponentScore, ...]]:
    """What the checklist understands of everybody, by component."""
    scoring, found = scoring_of(CONFIG), []
    for person in people():
        partner = await partner_of(person.patients()[0], person, style, difficulty, seed, CONFIG)
        session = change.said(new_session(partner.patient.id), partner.greeting)
        for _ in range(questions):  # it asks as often as the trainee did
            session = change.said(change.heard(session, "..."), "...")
        judged = await rival(session, partner, CONFIG, scoring, Backends(alone=True))
        if judged.problem or judged.questions != questions:
            raise RuntimeError(f"{person.id}: {judged.questions} of {questions} questions; {judged.problem}")
        found.append(judged.components)
    return found


def told(found: Sequence[Sequence[ComponentScore]]) -> str:
    """Mean, and how many people were understood in how many components."""
    understood = [sum(c.understood for c in one) for one in found]
    counts = Counter(understood)
    by_count = ", ".join(f"{n} for {counts[n]}" for n in sorted(counts))
    return f"{sum(understood) / len(found):4.2f}  {by_count}"


def shares(found: Sequence[Sequence[ComponentScore]]) -> str:
    """Of how many each component was understood."""
    every = dict.fromkeys(c.component for one in found for c in one)
    of = {name: [c.understood for one in found for c in one if c.component == name] for name in every}
    return ", ".join(f"{name} {sum(right)} of {len(right)}" for name, right in of.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, nargs="+", default=[4, 10, 20, 30], help=f"at least {FEWEST} each")
    parser.add_argument("--style", choices=STYLES, default="plain")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if min(args.questions) < FEWEST:
        parser.error(f"--questions: at least {FEWEST} each")
    print(
        f"{len(people())} people, {args.style}: components understood of those that are probed (mean; N for so many people)"
    )
    for difficulty in DIFFICULTIES:
        for questions in args.questions:
            found = asyncio.run(met(args.style, difficulty, questions, args.seed))
            print(f"  {difficulty:6} {questions:3} questions  {told(found)}", flush=True)
            print(f"{'':24}{shares(found)}")


if __name__ == "__main__":
    main()
