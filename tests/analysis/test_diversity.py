"""Diversity by closed form, by brute force, and against sacreBLEU.

1  diversity gain is the paper's formula: the brute force of it, 0 for what stands in the base, and the same in blocks
2  distinct-n, rarefied too, is what counting gives
3  self-BLEU is the mean of sacreBLEU's sentence scores
4  near twins are counted, a text is not its own twin
"""

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.analysis import diversity
from mentalarena.analysis.diversity import (
    distances,
    distinct,
    diversity_gain,
    lengths,
    near_duplicates,
    nearest,
    self_bleu,
    spread,
    words,
)
from mentalarena.models.lexical import LexicalEmbedder

TEXTS = st.lists(st.text(alphabet="ab c", min_size=1, max_size=12), min_size=1, max_size=6)
EMBEDDER = LexicalEmbedder(256)


@settings(max_examples=40, deadline=None)
@given(new=TEXTS, base=TEXTS)
def test_1_the_gain_is_the_brute_force_of_the_formula(new: list[str], base: list[str]) -> None:
    def f(text: str) -> list[float]:
        return [float(value) for value in EMBEDDER.embed([text])[0]]

    brute = sum(min(math.dist(f(x), f(y)) for y in base) for x in new) / len(new)
    assert diversity_gain(new, base, EMBEDDER) == pytest.approx(brute, abs=1e-9)


def test_1_what_stands_in_the_base_gains_nothing_and_what_shares_no_word_gains_the_root_of_two() -> None:
    assert diversity_gain(["a b", "c d"], ["c d", "a b", "x"], EMBEDDER) == 0
    assert diversity_gain(["a b"], ["x y"], LexicalEmbedder()) == pytest.approx(math.sqrt(2))
    assert diversity_gain(["a b", "x y"], ["x y"], LexicalEmbedder()) == pytest.approx(math.sqrt(2) / 2)
    for new, base in (([], ["a"]), (["a"], [])):
        with pytest.raises(ValueError, match="one of each"):
            diversity_gain(new, base, EMBEDDER)


def test_1_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    new, base = rng.normal(size=(23, 5)), rng.normal(size=(31, 5))
    brute = np.linalg.norm(new[:, None] - base, axis=2).min(1)
    for size in (4, 512):
        monkeypatch.setattr(diversity, "CHUNK", size)
        assert nearest(new, base) == pytest.approx(brute, abs=1e-12)


def test_1_faiss_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    rng = np.random.default_rng(0)
    new, base = (rng.normal(size=(n, 16)).astype(np.float32) for n in (40, 70))
    exact = nearest(new, base)
    monkeypatch.setattr(diversity, "LARGE", 10)
    assert nearest(new, base) == pytest.approx(exact, abs=1e-6)


def test_2_distinct_n_counts() -> None:
    texts = ["a b a", "A, c"]
    assert distinct(texts, 1) == 3 / 5
    assert distinct(texts, 2) == 3 / 3
    assert distinct(texts, 3) == 1
    assert distinct(["a"], 2) == distinct([], 1) == 0
    assert words("I'm fine.") == ("i", "m", "fine")
    assert lengths(texts) == [3, 2]


@settings(max_examples=40, deadline=None)
@given(texts=TEXTS, n=st.integers(1, 2), data=st.data())
def test_2_rarefied_it_is_the_mean_over_all_draws(texts: list[str], n: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(texts)))
    draws = [[words(t) for t in drawn] for drawn in itertools.combinations(texts, at)]
    grams = [[[told[i : i + n] for i in range(len(told) - n + 1)] for told in drawn] for drawn in draws]
    flat = [[gram for own in drawn for gram in own] for drawn in grams]
    different, total = sum(len(set(own)) for own in flat), sum(len(own) for own in flat)
    assert distinct(texts, n, at) == pytest.approx(different / total if total else 0, abs=1e-9)


def test_2_repeating_a_set_lowers_it_and_rarefied_hardly_does() -> None:
    rng = random.Random(0)
    texts = [" ".join(rng.choices("abcdefghij", k=8)) for _ in range(200)]
    assert distinct(texts, 2) < 0.5 * distinct(texts[:50], 2)
    assert distinct(texts, 2, 40) == pytest.approx(distinct(texts[:50], 2, 40), rel=0.05)


def test_3_self_bleu_is_the_mean_of_sacrebleu() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = random.Random(1)
    texts = [" ".join(rng.choices(["a", "b", "c", "d", "e"], k=rng.randint(1, 14))) for _ in range(30)]
    own = [
        sacrebleu.sentence_bleu(
            text, [other for j, other in enumerate(texts) if j != i], tokenize="none", use_effective_order=True
        ).score
        for i, text in enumerate(texts)
    ]
    assert self_bleu(texts) == pytest.approx(sum(own) / len(own) / 100, abs=1e-9)


def test_3_self_bleu_has_its_ends() -> None:
    assert self_bleu(["the same words again here"] * 3) == pytest.approx(1)
    assert self_bleu(["a b c d", "e f g h"]) == 0
    with pytest.raises(ValueError, match="two at least"):
        self_bleu(["alone"])


def test_3_large_sets_are_sampled_by_seed() -> None:
    rng = random.Random(2)
    texts = [" ".join(rng.choices("abcdefgh", k=9)) for _ in range(60)]
    assert self_bleu(texts, 20, seed=1) == self_bleu(texts, 20, seed=1) != self_bleu(texts, 20, seed=2)
    assert self_bleu(texts, 60, seed=1) == self_bleu(texts)


def test_4_near_twins_and_spread() -> None:
    apart = distances(LexicalEmbedder().embed(["a b c", "a b c", "x y z"]))
    assert near_duplicates(apart) == pytest.approx(2 / 3)
    assert spread(apart) == pytest.approx(math.sqrt(2) / 3, abs=1e-6)
    assert np.isinf(apart.diagonal()).all()
    with pytest.raises(ValueError, match="comparable"):
        spread(distances(EMBEDDER.embed(["alone"])))
