"""Signals of rows, episodes, answers and likelihoods.

1  rows of the therapist alone count, and siblings of one dialogue are no twins
2  a perplexity is that of all tokens together, clustered by episode
3  a score's change is paired by patient
4  every signal that is measured has a meaning, and holds its value within its interval
"""

import math

import pytest

from mentalarena.analysis.signals import (
    SIGNALS,
    Scored,
    episode_signals,
    perplexity_of,
    row_signals,
    sampled,
    score_signals,
    text_of,
)
from mentalarena.models.lexical import LexicalEmbedder
from tests.analysis.making import episodes, row, rows

EMBEDDER = LexicalEmbedder(512)


def test_1_replayed_rows_do_not_count() -> None:
    own = rows(8)
    talk = row("0", "anything", "hello", "talk")
    assert row_signals([*own, *[talk] * 50], [], EMBEDDER, 199) == row_signals(own, [], EMBEDDER, 199)
    assert row_signals([talk], [], EMBEDDER, 199) == {}


def test_1_siblings_share_a_dialogue_and_are_no_twins() -> None:
    long = " ".join(f"word{n}" for n in range(400))
    pair = [row("a", long, "diagnosis: x"), row("a", long, "treatment: y", "treatment")]
    others = rows(6)
    assert row_signals([*pair, *others], [], EMBEDDER, 199)["near_duplicates"].mean == 0
    twins = [row("a", long, "diagnosis: x"), row("b", long, "treatment: y", "treatment")]
    assert row_signals([*twins, *others], [], EMBEDDER, 199)["near_duplicates"].mean == pytest.approx(2 / 14)


def test_1_a_row_is_all_that_was_said_but_the_system_prompt() -> None:
    assert text_of(row("a", "hello", "diagnosis: x")) == "hello\ndiagnosis: x"


def test_1_many_rows_are_drawn_by_seed() -> None:
    own = rows(40)
    assert len(sampled(own, 0, 10)) == 10
    assert sampled(own, 0, 10) == sampled(own, 0, 10) != sampled(own, 1, 10)
    assert sampled(own, 0) == own


def test_2_a_perplexity_is_of_all_tokens() -> None:
    told = [Scored("a", -math.log(2) * 4, 4), Scored("b", -math.log(8) * 4, 4), Scored("c", 0.0, 0)]
    found = perplexity_of(told, 199)
    assert found
    assert found.mean == pytest.approx(4)
    assert 2 - 1e-9 <= found.low <= found.high <= 8 + 1e-9
    assert perplexity_of([]) is None


def test_3_a_change_is_paired_by_patient() -> None:
    before = {str(n): [n / 20, n / 20] for n in range(10)}
    after = {p: [value + 0.1 for value in told] for p, told in before.items()}
    found = score_signals(after, before, 199)
    assert found["score"].mean == pytest.approx(0.225 + 0.1)
    assert (found["score_change"].low, found["score_change"].high) == pytest.approx((0.1, 0.1))
    assert "score_change" not in score_signals(after, {"other": [0.1]}, 199)
    assert score_signals({}, None) == {}


def test_4_every_signal_has_a_meaning_and_holds_its_value() -> None:
    played, chance = episode_signals(episodes(20, 1), episodes(20), 40, 199)
    found = row_signals(rows(20, 1), rows(20), EMBEDDER, 199) | played
    assert set(found) < set(SIGNALS)
    assert {"diversity_gain", "spread", "near_duplicates", "distinct_2", "self_bleu", "diagnosis_drift"} < set(found)
    assert set(chance) == {"diagnosis_drift", "treatment_drift"}
    assert all(one.low <= one.mean <= one.high for one in found.values())
    assert found["rows_per_episode"].mean == 2


def test_4_no_play_and_a_play_without_words_are_no_error() -> None:
    assert episode_signals([], [], 0) == ({}, {})
    from tests.analysis.making import episode

    silent = [episode(str(n), [], None) for n in range(4)]
    assert set(episode_signals(silent, silent, 0, 199)[0]) == {
        "diagnosed",
        "treated",
        "medicated",
        "problems",
        "rows_per_episode",
    }
