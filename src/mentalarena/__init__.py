"""MentalArena: a simulated patient and a therapist language model that learn from playing together.

Research software about simulated people; never care, advice or diagnosis for anyone.
"""

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.types import ArenaSettings, Episode
from mentalarena.clinic.cognitive_model import CognitiveModel, CoreBeliefs, Patient, PrincipleGroup
from mentalarena.models.base import ChatModel, Embedder, Message, Reply, Sampling, Scorer, Streamer, streamed

__all__ = [
    "Arena",
    "ArenaSettings",
    "ChatModel",
    "CognitiveModel",
    "CoreBeliefs",
    "Embedder",
    "Episode",
    "Message",
    "Patient",
    "PrincipleGroup",
    "Reply",
    "Sampling",
    "Scorer",
    "Streamer",
    "play_episode",
    "streamed",
]
__version__ = "0.1.0.dev0"
