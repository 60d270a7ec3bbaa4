"""Replies of engines that are heard while they are drawn, here and in worker processes.

1  what is heard grows, holds no broken character, and ends as the reply
2  the reply is the one that `generate` gives with the same seed, whoever else is heard or not in the batch
3  what was drawn anew is not heard anew
4  a listener that fails or goes harms nobody else
"""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.models.base import ChatModel, Message, Reply, Sampling, streamed

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

from mentalarena.models.backends import EMBEDDED  # noqa: E402
from mentalarena.models.local import Engine, LocalModel  # noqa: E402
from mentalarena.models.telling import EACH, Teller, text_of  # noqa: E402
from mentalarena.models.weights import CPU  # noqa: E402
from mentalarena.models.workers import WorkerPool  # noqa: E402
from tests.models.test_local import SAMPLINGS, Small, asked, folder  # noqa: E402, F401


def bytewise() -> Any:
    """A tokenizer whose tokens are bytes, as the smallest of a byte-level vocabulary are."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


BYTES = bytewise()


def told(tokens: Sequence[int]) -> tuple[list[str], str]:
    """What is heard of tokens that are drawn one by one, and the reply."""
    heard: list[str] = []
    teller = Teller(BYTES, heard.append)
    for count in range(1, len(tokens)):
        teller.take(tokens[:count])
    teller.end(text_of(BYTES, tokens))
    return heard, text_of(BYTES, tokens)


@given(st.text(alphabet="aé€😀 \n", max_size=30))
def test_1_no_broken_character_is_heard(text: str) -> None:
    heard, reply = told(BYTES(text)["input_ids"])
    assert reply == text.strip()
    assert all(later.startswith(earlier) and later != earlier for earlier, later in pairwise(heard))
    assert not any("\ufffd" in part for part in heard)
    assert heard[-1:] == ([reply] if reply else [])
    assert len(heard) <= len(text)


@given(st.lists(st.integers(0, 255), max_size=40))
def test_1_what_is_heard_of_any_tokens_grows_and_ends_as_the_reply(tokens: list[int]) -> None:
    heard, reply = told(tokens)
    assert all(later.startswith(earlier) for earlier, later in pairwise(heard))
    assert heard[-1:] == ([reply] if reply else [])


def test_1_a_long_reply_is_told_in_larger_parts() -> None:
    heard, _ = told(BYTES("a" * 3000)["input_ids"])
    assert heard[:EACH] == ["a" * count for count in range(1, EACH + 1)]
    assert len(heard) < 6 * EACH
    assert all(len(later) <= len(earlier) * (1 + 1 / EACH) + 1 for earlier, later in pairwise(heard))


def listen(
    model: ChatModel, requests: Sequence[tuple[tuple[Message, ...], Sampling]]
) -> tuple[list[list[str]], list[Reply]]:
    """What is heard of each reply, and the replies; every third request is not listened to."""
    heard: list[list[str]] = [[] for _ in requests]

    async def all_at_once() -> list[Reply]:
        return await asyncio.gather(
            *(
                streamed(model, *request, heard[number].append) if number % 3 else model.generate(*request)
                for number, request in enumerate(requests)
            )
        )

    return heard, asyncio.run(all_at_once())


def as_generated(model: ChatModel, requests: Sequence[tuple[tuple[Message, ...], Sampling]]) -> list[Reply]:
    async def one_by_one() -> list[Reply]:
        return [await model.generate(*request) for request in requests]

    return asyncio.run(one_by_one())


def check(heard: list[list[str]], replies: list[Reply]) -> None:
    for number, (texts, reply) in enumerate(zip(heard, replies, strict=True)):
        assert all(later.startswith(earlier) and later != earlier for earlier, later in pairwise(texts))
        assert texts[-1:] == ([reply.text] if number % 3 and reply.text else [])


SAID = ("how do you feel?", "what is a novel?", "i feel low") * 3
TALKS = [
    ((Message("user", text),), Sampling(temperature=(0.0, 0.8)[seed % 2], max_tokens=24, seed=seed))
    for seed, text in enumerate(SAID)
]


@pytest.mark.parametrize("workers", [0, 2])
def test_2_the_embedded_model_is_heard_as_it_replies(workers: int) -> None:
    pool = WorkerPool(workers) if workers else None
    settings = {"folder": str(EMBEDDED), "placement": CPU, "name": "embedded"}
    model = LocalModel(pool.open(settings) if pool else Engine(**settings))  # type: ignore[arg-type]
    heard, replies = listen(model, TALKS)
    check(heard, replies)
    assert sum(map(len, heard)) > 40, "word by word"
    assert replies == as_generated(model, TALKS)
    model.engine.close()
    if pool:
        assert not any(worker._heard for worker in pool.workers)
        pool.close()


def test_2_an_adapters_replies_carry_its_name_when_they_are_heard(folder: Path) -> None:  # noqa: F811
    model = LocalModel(Engine(str(folder), name="tiny"))
    request = (asked(3), Sampling(temperature=0.0, max_tokens=8))
    assert listen(model, [request] * 2)[1] == as_generated(model, [request]) * 2
    assert as_generated(model, [request])[0].model == model.name


def test_3_what_is_drawn_anew_when_memory_runs_out_is_not_heard_anew(folder: Path) -> None:  # noqa: F811
    requests = [(asked(number), sampling) for number, sampling in enumerate(SAMPLINGS)]
    small = LocalModel(Small(str(folder), max_batch=16))
    heard, replies = listen(small, requests)
    check(heard, replies)
    assert [r.text for r in replies] == [r.text for r in as_generated(LocalModel(Engine(str(folder))), requests)]


@pytest.mark.parametrize("workers", [0, 1])
def test_4_a_listener_that_fails_or_goes_harms_nobody_else(workers: int) -> None:
    pool = WorkerPool(workers) if workers else None
    settings = {"folder": str(EMBEDDED), "placement": CPU, "name": "embedded"}
    model = LocalModel(pool.open(settings) if pool else Engine(**settings))  # type: ignore[arg-type]
    request = TALKS[0]
    heard: dict[str, list[str]] = {"failing": [], "other": []}

    def fail(text: str) -> None:
        heard["failing"].append(text)
        raise KeyError(text)

    async def three() -> tuple[Any, ...]:
        def go(text: str) -> None:
            gone.cancel()

        gone = asyncio.create_task(streamed(model, *request, go))
        others = streamed(model, *request, fail), streamed(model, *request, heard["other"].append)
        return tuple(await asyncio.gather(gone, *others, return_exceptions=True))

    gone, failing, other = asyncio.run(three())
    assert isinstance(gone, asyncio.CancelledError)
    assert isinstance(failing, KeyError)
    assert len(heard["failing"]) == 1
    assert [other] == as_generated(model, [request])
    assert heard["other"][-1] == other.text
    assert len(heard["other"]) > 3
    model.engine.close()
    if pool:
        pool.close()
