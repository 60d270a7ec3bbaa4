"""Controls: the same amount of data, and nothing of what they control for."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Callable

import pytest

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Episode
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.training.controls import coin_flips, same_amount, shuffled_labels
from mentalarena.training.rows import THERAPIST, Row, therapist_rows
from tests.conftest import Player


@pytest.fixture
def episodes(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> list[Episode]:
    drawn = clinic.draw("play", 16, seed=61)
    return [asyncio.run(play_episode(p, arena, player().cast, f"e{n:02d}")) for n, (p, _) in enumerate(drawn)]


@pytest.fixture
def rows(episodes: list[Episode]) -> list[Row]:
    return therapist_rows(episodes, load_prompts("compact"))


def test_an_arm_without_verdicts_asks_neither_patient_nor_judge_for_one(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    bare = dataclasses.replace(arena, settings=dataclasses.replace(arena.settings, verdicts="none"))
    for patient, _ in clinic.draw("play", 4, seed=62):
        cast, full = player(), player()
        episode = asyncio.run(play_episode(patient, bare, cast.cast, "e"))
        asked = "\n".join([*cast.prompts("you are the patient"), *cast.prompts("you are the judge")])
        assert "which fits you better" not in asked
        assert "how do you fare" not in asked
        assert "what is the score?" not in asked
        assert episode.diagnosis is not None
        assert episode.diagnosis.chosen == episode.diagnosis.candidates[0]
        assert [(t.kind, t.score) for t in episode.trials] == [("treatment", None), ("medicine", None)]
        same = asyncio.run(play_episode(patient, arena, full.cast, "e"))
        assert same.views == episode.views, "up to the verdicts both arms are the same episode"


def test_shuffled_labels_keep_inputs_and_answers_but_not_their_pairing(rows: list[Row]) -> None:
    shuffled = shuffled_labels(rows, seed=1)
    assert [r.prompt for r in shuffled] == [r.prompt for r in rows]
    for kind in THERAPIST:
        before = [r.completion for r in rows if r.kind == kind]
        after = [r.completion for r in shuffled if r.kind == kind]
        assert Counter(before) == Counter(after)
        assert before != after


def test_the_same_amount_of_each_kind(rows: list[Row]) -> None:
    like = rows[:9]
    kept = same_amount(rows, like, seed=1)
    assert Counter(r.kind for r in kept) == Counter(r.kind for r in like)
    assert set(map(id, kept)) <= set(map(id, rows))


def test_no_coin_flips_change_nothing_and_all_change_most(episodes: list[Episode]) -> None:
    assert coin_flips(episodes, 0.0, seed=1) == episodes
    flipped = coin_flips(episodes, 1.0, seed=1)
    scores = [
        (a.score, b.score) for x, y in zip(episodes, flipped, strict=True) for a, b in zip(x.trials, y.trials, strict=True)
    ]
    assert sum(a == b for a, b in scores) < 0.3 * len(scores)
    turned = [
        a.diagnosis and b.diagnosis and a.diagnosis.chosen != b.diagnosis.chosen
        for a, b in zip(episodes, flipped, strict=True)
    ]
    assert 0 < sum(map(bool, turned)) < len(episodes)
    for episode in flipped:
        assert episode.diagnosis is None or episode.diagnosis.chosen in (*episode.diagnosis.candidates, None)
