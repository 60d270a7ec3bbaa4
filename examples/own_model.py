"""Your own model as patient: any class with a `name` and `generate` plays a role; here it plays beside a scripted therapist."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from mentalarena import Arena, ArenaSettings, Message, Reply, Sampling, play_episode
from mentalarena.arena.decoder import calibrate
from mentalarena.arena.roles import Direct, cast_of
from mentalarena.clinic.generated import generated_clinic
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.models.scripted import ScriptedModel, toy_player


class Reticent:
    """A patient that says as little as it can. Put your own call to a model in the place of `generate`."""

    name = "reticent"

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        answer = toy_player(messages, sampling)
        is_verdict = ": " in answer  # "choice: ...", "outcome: ...": those are asked for in a form
        return Reply(answer if is_verdict or len(messages) > 6 else "i do not know.", model=self.name)


clinic, embedder = generated_clinic(), LexicalEmbedder()
patients = [patient for patient, _ in clinic.draw("play", 24, seed=0)]
arena = Arena(
    clinic.groups, clinic.vocabulary, embedder, calibrate(patients, clinic.groups, embedder), ArenaSettings(decode_rounds=3)
)
cast = cast_of(ScriptedModel(toy_player), "compact", Sampling())
cast = replace(cast, patient=replace(cast.patient, voice=Direct(Reticent())))
episode = asyncio.run(play_episode(patients[0], arena, cast, "reticent"))

for message in episode.views["patient"][1:]:
    print(f"{'therapist' if message.role == 'user' else 'patient  '}  {message.content}")
print()
for number, decoding in enumerate(episode.decodings):
    understood = [c.component for c in decoding.comparisons if c.understood]
    print(f"decoding {number}: similarity {decoding.similarity:.2f}, understood {', '.join(understood) or 'nothing'}")
