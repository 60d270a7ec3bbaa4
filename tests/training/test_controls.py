"""Controls: the same amount of data, and nothing of what they control for."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Episode
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.settings import load_config
from mentalarena.stages.build import build
from mentalarena.stages.play import play
from mentalarena.stages.run import opened
from mentalarena.stages.train import learnt_from
from mentalarena.training.controls import drawn, fewer, same_amount, shuffled_labels
from mentalarena.training.rows import THERAPIST, Row, read_rows, therapist_rows, verifier_rows
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
    kept = same_amount(rows, Counter(r.kind for r in like), seed=1)
    assert Counter(r.kind for r in kept) == Counter(r.kind for r in like)
    assert set(map(id, kept)) <= set(map(id, rows))


def test_coin_flips_take_their_share_of_the_verdicts_and_leave_the_talk_alone(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    def played(share: float) -> list[Episode]:
        flipping = dataclasses.replace(arena, settings=dataclasses.replace(arena.settings, coin_flips=share))
        drawn = clinic.draw("play", 40, seed=63)
        return [asyncio.run(play_episode(p, flipping, player().cast, p.id)) for p, _ in drawn]

    true, half, all_ = played(0.0), played(0.5), played(1.0)
    for episode, other in zip(true, all_, strict=True):
        assert episode.views == other.views
        assert other.diagnosis is not None
        assert other.diagnosis.votes == (), "the patient is not asked for what chance decides"

    def first_scores(episodes: list[Episode]) -> list[int | None]:
        return [next((t.score for t in e.trials if t.kind == kind), None) for e in episodes for kind in ("treatment",)]

    def agreement(one: list[Episode], two: list[Episode]) -> float:
        both = [(a, b) for a, b in zip(first_scores(one), first_scores(two), strict=True) if a and b]
        return sum(a == b for a, b in both) / len(both)

    assert agreement(true, true) == 1.0 > agreement(true, half) > agreement(true, all_)
    assert agreement(true, all_) < 0.4
    second = [e.diagnosis.chosen == e.diagnosis.candidates[1] for e in all_ if e.diagnosis and e.diagnosis.chosen]
    assert 0.2 < sum(second) / len(second) < 0.8


def test_what_chance_decided_is_never_replayed_as_the_patients_choice(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    flipping = dataclasses.replace(arena, settings=dataclasses.replace(arena.settings, coin_flips=1.0))
    (patient, _), *_ = clinic.draw("play", 1, seed=64)
    episode = asyncio.run(play_episode(patient, flipping, player().cast, "e"))
    assert episode.diagnosis
    assert episode.diagnosis.chosen
    assert not [r for r in verifier_rows([episode], load_prompts("compact"), load_prompts("compact")) if r.kind == "choice"]


def test_fewer_rows_keep_what_they_replay_in_proportion_and_a_smaller_number_is_among_a_larger_one(
    episodes: list[Episode], rows: list[Row]
) -> None:
    own = verifier_rows(episodes, load_prompts("compact"), load_prompts("compact"))
    both = [*rows, *own]
    kept = fewer(both, 5, 2.0, ("talk", "choice"), seed=1)
    assert [sum(r.kind == kind for r in kept) for kind in ("talk", "choice")] == [5, 5]
    assert len([r for r in kept if r.kind in THERAPIST]) == 5
    assert set(map(id, drawn(rows, 3, seed=1))) < set(map(id, drawn(rows, 5, seed=1)))
    assert fewer(both, 1, 0.0, ("talk",), seed=1) == drawn(rows, 1, seed=1)
    assert [r for r in fewer(both, 10**6, 6.0, ("talk",), seed=1) if r.kind in THERAPIST] == rows
    assert fewer(own, 7, 0.0, ("talk",), seed=1) == drawn(own, 7, seed=1), "where the patient alone learns, of its rows"


def test_most_rows_are_of_what_a_training_learns_from_and_nothing_that_is_built(tmp_path: Path) -> None:
    scripted = ["models.all.provider=scripted", "play.patients=6", "training.rehearsal=0", "training.min_score=1"]
    found = {}
    for most in (0, 1, 4):
        config = load_config(None, [*scripted, f"training.most_rows={most}", "training.replay=1"])
        with opened(config, tmp_path / str(most)) as run:
            play(run, 0, run.base)
            build(run, 0)
            found[most] = learnt_from(run, 1)
            built = (run.folder(0) / "sft.jsonl").read_bytes()
            assert built == (tmp_path / "0" / "iteration-00" / "sft.jsonl").read_bytes()
    assert found[0] == read_rows(tmp_path / "0" / "iteration-00" / "sft.jsonl")
    assert len(found[0]) > 12
    assert [len(found[most]) for most in (1, 4)] == [2, 8]
    alone = load_config(None, [*scripted, "training.most_rows=1", "training.replay=0"])
    with opened(alone, tmp_path / "alone") as run:
        play(run, 0, run.base)
        build(run, 0)
        assert len(learnt_from(run, 1)) == 1
