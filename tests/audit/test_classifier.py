"""The classifier of short texts: features are of the text alone, texts score together as alone, a file gives all back."""

import io
from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.classifier import WAYS, Head, Lexicon, load, save, words_of

WORDS = ["tablets", "pills", "not", "i", "take", "."]
LEXICON = Lexicon(
    np.array(sorted([0x10, 0x20]), dtype=np.uint32), np.array([1, 1], dtype=np.uint8), np.array([2, 2], dtype=np.uint16)
)
HEAD = Head(np.random.default_rng(0).normal(size=(2, 1 << 8)).astype(np.float32), np.array([0.5, -1], dtype=np.float32))


def scores(texts: list[str], contexts: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    features = LEXICON.features([words_of(text) for text in texts], [words_of(text) for text in contexts])
    return HEAD.scores(*HEAD.sums(features, len(texts)))


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=5))
def test_texts_score_together_as_they_score_alone(pairs: list[tuple[str, str]]) -> None:
    together = scores([text for text, _ in pairs], [context for _, context in pairs])
    assert np.isfinite(together).all()
    for number, (text, context) in enumerate(pairs):
        assert np.allclose(together[number], scores([text], [context])[0])


def test_an_empty_text_has_no_features_and_the_bias_for_a_score() -> None:
    assert all(len(hashes) == 0 for hashes, _ in LEXICON.features([(), ()]).values())
    assert np.allclose(scores(["", "?"], ["", ""])[0], HEAD.bias)


def test_words_of_a_class_have_the_same_class_features_and_other_word_features() -> None:
    hashes = np.array(sorted([crc32(b"tablets"), crc32(b"pills")]), dtype=np.uint32)
    lexicon = Lexicon(hashes, np.array([3, 3], dtype=np.uint8), np.array([0, 0], dtype=np.uint16))
    tablets, pills = lexicon.features([words_of("I take tablets")]), lexicon.features([words_of("I take pills")])
    assert (tablets["classes"][0] == pills["classes"][0]).all()
    assert (tablets["words"][0] != pills["words"][0]).any()
    assert (tablets["groups"][0] != pills["groups"][0]).any()  # no group: the word stands for itself


def test_what_stands_under_a_negation_is_a_feature_of_its_own() -> None:
    features = LEXICON.features([words_of("I do not want to die"), words_of("I want to die")])
    assert set(features["negated"][1]) == {0}


def test_a_saved_classifier_is_read_back_in_half_precision() -> None:
    file = io.BytesIO()
    save(file, LEXICON, {"danger": HEAD})
    file.seek(0)
    lexicon, heads = load(file)
    assert (lexicon.hashes == LEXICON.hashes).all()
    assert np.allclose(heads["danger"].weights, HEAD.weights, atol=2e-3)
    assert heads["danger"].weights.dtype == np.float32
    assert len(WAYS) == len(set(WAYS))
