"""Calibrated thresholds separate the right text from a stranger's."""

import numpy as np

from mentalarena.arena.decoder import PAPER_THRESHOLD, calibrate
from mentalarena.arena.episode import Arena
from mentalarena.arena.types import Comparison, Decoding
from mentalarena.clinic.cognitive_model import COMPONENTS
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.models.lexical import LexicalEmbedder


def test_a_strangers_text_passes_for_understood_at_most_at_the_chosen_rate(arena: Arena, clinic: GeneratedClinic) -> None:
    patients = [p.cognitive_model for p, _ in clinic.draw("play", 200, seed=21)]
    rng = np.random.default_rng(0)
    for component in (c for c in COMPONENTS if c not in ("history", "intermediate_beliefs_during_depression")):
        vectors = arena.embedder.embed([p.text(component) for p in patients])
        strangers = np.einsum("nd,nd->n", vectors, vectors[(np.arange(200) + rng.integers(1, 199)) % 200])
        assert (strangers > arena.thresholds[component]).mean() <= 0.15
        assert (np.einsum("nd,nd->n", vectors, vectors) > arena.thresholds[component]).all()


def test_without_patients_the_papers_threshold_stands(clinic: GeneratedClinic) -> None:
    assert calibrate([], clinic.groups, LexicalEmbedder())["emotions"] == PAPER_THRESHOLD


def test_gaps_are_the_components_that_do_not_beat_their_threshold() -> None:
    decoding = Decoding((Comparison("emotions", "sad", "sad", 1.0, 0.5), Comparison("behavior", "run", None, 0.0, 0.5)))
    assert decoding.gaps == ("behavior",)
    assert not decoding.aligned
    assert decoding.similarity == 0.5


def test_lexical_vectors_have_unit_norm_and_do_not_depend_on_company() -> None:
    alone = LexicalEmbedder().embed(["i feel sad"])
    together = LexicalEmbedder().embed(["i am tense", "i feel sad", ""])
    assert np.allclose(np.linalg.norm(together[:2], axis=1), 1.0)
    assert np.array_equal(alone[0], together[1])
    assert not together[2].any()
