"""Does guidance help? The same patients with and without it, paired, with a 95 % interval: how to measure a change."""

import asyncio
from dataclasses import replace

from mentalarena import Arena, ArenaSettings, Patient, Sampling
from mentalarena.arena.decoder import calibrate
from mentalarena.arena.episode import interview
from mentalarena.arena.roles import cast_of
from mentalarena.clinic.generated import generated_clinic
from mentalarena.evaluation.statistics import mean_interval
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.scripted import ScriptedModel, toy_player

clinic, embedder = generated_clinic(), LexicalEmbedder()
patients = [patient for patient, _ in clinic.draw("play", 40, seed=1)]
thresholds = calibrate(patients, clinic.groups, embedder)
settings = ArenaSettings(talk_turns=2, decode_rounds=2, turns_per_round=2)
arenas = {
    told: Arena(clinic.groups, clinic.vocabulary, embedder, thresholds, replace(settings, guided=told))
    for told in (True, False)
}


async def understood(patient: Patient, arena: Arena) -> float:
    """Similarity of what the therapist understood in the end, mean over components."""
    met = await interview(patient, arena, cast_of(ScriptedModel(toy_player), "compact", Sampling(seed=7)))
    return met.understood.similarity


async def all_of(arena: Arena) -> list[float]:
    return await asyncio.gather(*(understood(patient, arena) for patient in patients))


guided, alone = asyncio.run(all_of(arenas[True])), asyncio.run(all_of(arenas[False]))
for name, values in {
    "guided": guided,
    "as many questions, unguided": alone,
    "difference, by patient": [a - b for a, b in zip(guided, alone, strict=True)],
}.items():
    found = mean_interval(values)
    print(f"{name:28} {found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})")
print(f"{len(patients)} patients, played by rule: the figures show the method and say nothing about therapists")
