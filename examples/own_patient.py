"""Your own patient in ten lines: a cognitive model, as the patient's own prompt has it, and an episode with it."""

import asyncio

from mentalarena import Arena, ArenaSettings, CognitiveModel, CoreBeliefs, Patient, Sampling, play_episode
from mentalarena.arena.decoder import calibrate
from mentalarena.arena.roles import cast_of
from mentalarena.clinic.library import principle_groups
from mentalarena.clinic.taxonomy import taxonomy
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.scripted import ScriptedModel, toy_player

mind = CognitiveModel(
    id="rosa-1",
    name="Rosa",
    history="I lost my job at the bakery two years ago, and my marriage soon after.",
    core_beliefs=CoreBeliefs(worthless=("I am a burden to everyone.",)),
    intermediate_beliefs="If I ask for help, people will leave.",
    coping_strategies="I say that all is well, and stay at home.",
    situation="My sister asked me to her birthday.",
    automatic_thoughts="They only ask out of pity.",
    emotions="Sad, ashamed.",
    behavior="I wrote that I have a cold.",
)
rosa = Patient(mind, demographics=(("age", "41"),), source="my own", licence="CC0-1.0")
print(rosa.encoded(), end="\n\n")

embedder = LexicalEmbedder()
groups = principle_groups()
thresholds = calibrate([rosa], groups, embedder, "paper")  # there are no other patients to calibrate by
arena = Arena(groups, taxonomy().vocabulary, embedder, thresholds, ArenaSettings(decode_rounds=1, trials=2))
episode = asyncio.run(play_episode(rosa, arena, cast_of(ScriptedModel(toy_player), "compact", Sampling()), "rosa"))

for comparison in episode.decodings[-1].comparisons:
    print(f"{comparison.similarity:.2f}  {comparison.component}: {comparison.decoded}")
