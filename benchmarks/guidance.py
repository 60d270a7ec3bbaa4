"""Does the decoder's guidance help, and does it give anything away?

    python benchmarks/guidance.py [--patients 100]

1. The same patients are interviewed with guidance and, for equally many turns, without; compared is the mean similarity of
   what was understood at the end, paired by patient. (A guided talk that is understood early ends early.)
2. From the guidance text alone, one patient's text of each gap is guessed among four patients' by similarity; right answers
   above the quarter that chance gives would be a leak.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from pathlib import Path
from tempfile import TemporaryDirectory

from mentalarena.arena.episode import Interview, interview
from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.evaluation.statistics import mean_interval, paired_p
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import cast_at, each
from mentalarena.settings import load_config
from mentalarena.stages.run import Run, opened, patients_of


def interviews(run: Run) -> list[Interview]:
    arena, players, patients = run.arena(), run.players(run.base), patients_of(run.config)

    async def one(number: int) -> Interview:
        place = Place(0, "guidance", patients[number].id)
        return await interview(patients[number], arena, cast_at(place, players, run.journal, run.config.seed))

    return asyncio.run(each(range(len(patients)), one, 256))


def guessed(met: list[Interview], run: Run) -> list[list[float]]:
    """For each patient and each gap that was guided on: whether the guidance is nearest to its own text (ties share)."""
    rng, embedder = random.Random(0), run.arena().embedder
    hits: list[list[float]] = [[] for _ in met]
    minds = [i.encoded.patient.cognitive_model for i in met]
    for number, found in enumerate(met):
        for decoding in found.decodings:
            for gap in decoding.gaps if decoding.guidance else ():
                own = minds[number].text(gap) if gap in COMPONENTS else ""
                others = [t for m in minds if gap in COMPONENTS and (t := m.text(gap)) and t != own]
                if not own or len(others) < 3:
                    continue
                options = [own, *rng.sample(others, 3)]
                vectors = embedder.embed([decoding.guidance or "", *options])
                near = vectors[1:] @ vectors[0]
                hits[number].append(float(near[0] == near.max()) / int((near == near.max()).sum()))
    return hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=100)
    args = parser.parse_args()
    ends: dict[bool, list[Interview]] = {}
    for guided in (True, False):
        config = load_config(None, [f"play.patients={args.patients}", f"arena.guided={str(guided).lower()}"])
        with TemporaryDirectory() as folder, opened(config, Path(folder)) as run:
            ends[guided] = interviews(run)
            if guided:
                hits = guessed(ends[guided], run)
    pairs = [(a, b) for a, b in zip(ends[True], ends[False], strict=True) if a.talk and b.talk]
    with_, without = ([i.decodings[-1].similarity for i in side] for side in zip(*pairs, strict=True))
    turns = [sum(m.role == "assistant" for m in i.talk.therapist.messages) for pair in pairs for i in pair if i.talk]
    gain = mean_interval([a - b for a, b in zip(with_, without, strict=True)])
    print(f"patients {len(pairs)}, questions asked: guided {sum(turns[::2])}, unguided {sum(turns[1::2])}")
    print(f"similarity at the end: guided {sum(with_) / len(with_):.3f}, unguided {sum(without) / len(without):.3f}")
    print(f"difference {gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}), p {paired_p(with_, without):.4f}")
    chance = mean_interval([sum(own) / len(own) for own in hits if own])  # a patient is the unit
    print(
        f"guessing from guidance alone, mean over patients: {chance.mean:.1%} ({chance.low:.1%} to {chance.high:.1%}), "
        f"{sum(map(len, hits))} guesses; chance 25.0%"
    )


if __name__ == "__main__":
    main()
