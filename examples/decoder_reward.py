"""A reward for TRL from the Symptom Decoder: how much of a patient's mind do a therapist's notes hold?

`reward` has the form that `trl.GRPOTrainer(reward_funcs=reward, ...)` wants: completions, and the columns of the dataset
by name. Here it scores three completions without any trainer.
"""

from typing import Any

from mentalarena.arena.parsing import labelled
from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.clinic.generated import generated_clinic
from mentalarena.errors import Unreadable
from mentalarena.models.lexical import LexicalEmbedder

COMPONENTS = ("situation", "automatic_thoughts", "emotions", "behavior")  # what the decoder's fourth probe asks for
embedder = LexicalEmbedder()


def reward(completions: list[list[dict[str, str]]], **columns: list[Any]) -> list[float | None]:
    """Mean cosine of noted and true components, 0 to 1; 0 for notes that cannot be read."""
    rewards: list[float | None] = []
    for number, completion in enumerate(completions):
        truth = {name: columns[name][number] for name in COMPONENTS if columns[name][number]}
        try:
            notes = labelled(completion[0]["content"], [LABELS[name] for name in truth])
        except Unreadable:
            notes = {}
        cosines = []
        for name, text in truth.items():
            true, noted = embedder.embed([text, notes.get(LABELS[name]) or ""])
            cosines.append(max(0.0, float(true @ noted)))
        rewards.append(sum(cosines) / len(cosines) if cosines else None)  # None: TRL leaves it out
    return rewards


patient, _ = generated_clinic().draw("play", 1, seed=3)[0]
mind = patient.cognitive_model
whole = "\n".join(f"{LABELS[name]}: {mind.text(name)}" for name in COMPONENTS)
completions = {
    "all of it": whole,
    "its first two lines": "\n".join(whole.splitlines()[:2]),
    "no notes at all": "How does that make you feel?",
}
dataset = {name: [mind.text(name)] * len(completions) for name in COMPONENTS}
scores = reward([[{"role": "assistant", "content": text}] for text in completions.values()], **dataset)

print(whole, end="\n\n")
for name, score in zip(completions, scores, strict=True):
    print(f"{score:.2f}  {name}")
