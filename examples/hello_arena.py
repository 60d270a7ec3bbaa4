"""One episode of MentalArena in the generated clinic, played by a scripted model: no key, no weights, no network."""

import asyncio

from mentalarena import Arena, ArenaSettings, Sampling, play_episode
from mentalarena.arena.decoder import calibrate
from mentalarena.arena.roles import cast_of
from mentalarena.clinic.generated import generated_clinic
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.scripted import ScriptedModel, toy_player

clinic, embedder = generated_clinic(), LexicalEmbedder()
patients = [patient for patient, _ in clinic.draw("play", 24, seed=0)]
thresholds = calibrate(patients, clinic.groups, embedder)
arena = Arena(clinic.groups, clinic.vocabulary, embedder, thresholds, ArenaSettings(decode_rounds=3, trials=3))
episode = asyncio.run(play_episode(patients[0], arena, cast_of(ScriptedModel(toy_player), "compact", Sampling()), "hello"))

for message in episode.views["patient"][1:]:
    print(f"{'therapist' if message.role == 'user' else 'patient  '}  {message.content}")
print(f"\ndiagnosis: {episode.diagnosis.chosen if episode.diagnosis else None}")
for trial in episode.trials:
    print(f"{trial.kind}: {trial.proposal} -> {trial.predicted_outcome} score {trial.score}")
