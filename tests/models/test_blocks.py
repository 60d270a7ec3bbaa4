"""Stored prompts: what was computed before is used again, and changes no reply."""

import asyncio
from pathlib import Path

import pytest

from mentalarena.models.base import Message, Sampling

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

from mentalarena.models.blocks import BLOCK, BlockPool, keys_of  # noqa: E402
from mentalarena.models.local import Engine  # noqa: E402
from tests.models.test_local import WORDS, folder  # noqa: E402, F401


def view(number: int, turns: int) -> tuple[Message, ...]:
    """A dialogue of some turns; views of one number begin alike."""
    said = [" ".join(WORDS[(number + turn) % 7 : (number + turn) % 7 + 4]) for turn in range(2 * turns + 1)]
    return tuple(Message("user" if i % 2 == 0 else "assistant", text) for i, text in enumerate(said))


@pytest.fixture
def engines(folder: Path) -> tuple[Engine, Engine]:  # noqa: F811
    return Engine(str(folder), max_batch=8), Engine(str(folder), max_batch=8, cache_mb=0)


def test_replies_and_scores_are_the_same_with_and_without_stored_prompts(engines: tuple[Engine, Engine]) -> None:
    stored, fresh = engines
    for turns in range(4):
        asked = [
            (view(n, turns), Sampling(temperature=1.0, top_p=0.9, max_tokens=8, seed=10 * turns + n)) for n in range(6)
        ]
        replies = [[r.text for r in e.run([(e.prompt_ids(m), s) for m, s in asked])] for e in (stored, fresh)]
        assert replies[0] == replies[1]
        scores = [asyncio.run(e.score(view(1, turns), ["i feel sad", "yes"])) for e in (stored, fresh)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    assert stored.prefilled < 0.6 * fresh.prefilled


def test_the_next_turn_of_a_view_computes_little_more_than_what_is_new(engines: tuple[Engine, Engine]) -> None:
    stored, _ = engines
    for turns in range(5):
        before = stored.prefilled
        reply = asyncio.run(stored.generate(view(3, turns), Sampling(temperature=0.0, max_tokens=4)))
        if turns:
            assert (
                stored.prefilled - before <= reply.usage.prompt_tokens - len(stored.prompt_ids(view(3, turns - 1))) + BLOCK
            )


def test_a_key_names_the_block_and_all_before_it() -> None:
    ids = list(range(3 * BLOCK + 2))
    assert len(keys_of(ids)) == 3
    assert keys_of(ids)[:2] == keys_of(ids[: 2 * BLOCK])
    changed = [99, *ids[1:]]
    assert all(a != b for a, b in zip(keys_of(ids), keys_of(changed), strict=True))


def test_a_full_pool_forgets_the_least_recently_used_and_returns_what_it_keeps() -> None:
    pool = BlockPool(slots=5, shape=(1, 1, 2), dtype=torch.float32, device="cpu")
    sequences = [[n] * BLOCK + [n + 50] for n in range(8)]
    for n, ids in enumerate(sequences):
        pool.keep(ids, torch.full((1, 2, 1, BLOCK + 1, 2), float(n)))
    assert [bool(pool.count(ids)) for ids in sequences] == [False] * 3 + [True] * 5
    found = pool.find(sequences[6])
    assert found.shape == (1, 2, 1, BLOCK, 2)
    assert found.unique().tolist() == [6.0]
    assert pool.find([99] * (BLOCK + 1)).shape == (1, 2, 1, 0, 2)


def test_at_least_one_token_is_left_to_compute(engines: tuple[Engine, Engine]) -> None:
    stored, _ = engines
    ids = stored.prompt_ids(view(2, 2))
    ids = ids[: len(ids) // BLOCK * BLOCK]
    request = [(ids, Sampling(temperature=0.0, max_tokens=2))]
    assert stored.run(request)[0].text == stored.run(request)[0].text
    assert stored.known(ids) < len(ids)
