"""The in-process engine, on a tiny model with random weights made here: replies belong to requests, not to batches."""

import asyncio
import contextlib
import math
from pathlib import Path
from typing import Any

import pytest

from mentalarena.errors import ConfigError, ModelError
from mentalarena.models.base import Message, Sampling

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

from mentalarena.models.local import Engine, LocalModel  # noqa: E402

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
WORDS = ["hello", "doctor", "i", "feel", "sad", "what", "is", "it", "yes", "no", "maybe"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<pad>", "<end>", "<user>", "<assistant>", "<system>"]
    vocabulary = {token: number for number, token in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>", additional_special_tokens=special[2:]
    )
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=64, max_position_embeddings=64, eos_token_id=1, pad_token_id=0, bos_token_id=None,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():
        parameter.data *= 4  # far from uniform, so that a mistake changes the reply
    out = tmp_path_factory.mktemp("tiny")
    model.save_pretrained(out)
    fast.save_pretrained(out)
    return out


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    return Engine(str(folder), max_batch=8)


def asked(number: int) -> tuple[Message, ...]:
    return (Message("user", " ".join(WORDS[: 1 + number % 9])),)


SAMPLINGS = [
    Sampling(temperature=(0.0, 0.7, 1.3)[i % 3], top_p=(1.0, 0.8)[i % 2], max_tokens=12, seed=i) for i in range(20)
]


def test_a_reply_does_not_depend_on_what_shares_its_batch(engine: Engine) -> None:
    async def together() -> list[str]:
        replies = await asyncio.gather(*(LocalModel(engine).generate(asked(i), s) for i, s in enumerate(SAMPLINGS)))
        return [reply.text for reply in replies]

    alone = [engine.run([(engine.prompt_ids(asked(i)), s)])[0].text for i, s in enumerate(SAMPLINGS)]
    assert asyncio.run(together()) == alone
    assert len(set(alone)) > 10


def test_greedy_replies_are_those_of_transformers_generate(engine: Engine) -> None:
    import torch

    for number in range(6):
        ids = engine.prompt_ids(asked(number))
        out = engine.model.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            max_new_tokens=12,
            do_sample=False,
        )
        expected = engine.tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True).strip()
        assert engine.run([(ids, Sampling(temperature=0.0, max_tokens=12))])[0].text == expected


def test_samples_follow_the_models_probabilities(engine: Engine) -> None:
    prompt, first = engine.prompt_ids(asked(3)), []
    for start in range(0, 1200, 100):
        requests = [(prompt, Sampling(temperature=1.0, max_tokens=2, seed=seed)) for seed in range(start, start + 100)]
        first += [reply.text for reply in engine.run(requests) if reply.finish_reason == "stop"]
    assert len(first) > 20
    scores = asyncio.run(engine.score(asked(3), WORDS))
    for word, score in zip(WORDS, scores, strict=True):
        probability = math.exp(score)
        assert abs(first.count(word) / 1200 - probability) < 4.5 * math.sqrt(0.25 / 1200)


def test_scores_are_the_probabilities_of_the_answers_tokens_and_of_nothing_after_them(engine: Engine) -> None:
    import torch

    answers = ["i feel sad", "yes", "maybe no"]
    for answer, score in zip(answers, asyncio.run(engine.score(asked(2), answers)), strict=True):
        prompt = engine.prompt_ids(asked(2))
        ids = prompt + engine.tokenizer(answer, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            log = engine.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        expected = sum(float(log[i - 1, ids[i]]) for i in range(len(prompt), len(ids))) + float(log[-1, 1])
        assert score == pytest.approx(expected, abs=1e-4)


def test_a_prompt_that_does_not_fit_is_a_model_error_before_it_is_computed(engine: Engine) -> None:
    with pytest.raises(ModelError, match="expected at most 64"):
        asyncio.run(engine.generate((Message("user", "yes " * 60),), Sampling(max_tokens=12)))


def test_a_folder_without_a_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        Engine(str(tmp_path))


@pytest.mark.parametrize("kind", ["sliding window", "gpt2"])
def test_other_kinds_of_models_reply_as_transformers_does_alone_and_together(
    kind: str, folder: Path, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, MistralConfig, MistralForCausalLM

    torch.manual_seed(1)
    if kind == "gpt2":
        shape = GPT2Config(vocab_size=16, n_embd=32, n_layer=2, n_head=4, n_positions=64, eos_token_id=1, bos_token_id=None)
        model = GPT2LMHeadModel(shape)
    else:
        model = MistralForCausalLM(MistralConfig(
            vocab_size=16, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            intermediate_size=64, max_position_embeddings=64, sliding_window=6, eos_token_id=1, bos_token_id=None,
        ))  # fmt: skip
    for parameter in model.parameters():
        parameter.data *= 4
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    engine = Engine(str(tmp_path), max_batch=8)
    assert (engine.shape is None) == (kind == "sliding window")

    async def together() -> list[str]:
        replies = await asyncio.gather(*(LocalModel(engine).generate(asked(i), s) for i, s in enumerate(SAMPLINGS)))
        return [reply.text for reply in replies]

    alone = [engine.run([(engine.prompt_ids(asked(i)), s)])[0].text for i, s in enumerate(SAMPLINGS)]
    assert asyncio.run(together()) == alone
    ids = engine.prompt_ids(asked(5))
    mask = torch.ones(1, len(ids), dtype=torch.long)
    out = engine.model.generate(torch.tensor([ids]), attention_mask=mask, max_new_tokens=12, do_sample=False)
    expected = engine.tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True).strip()
    assert engine.run([(ids, Sampling(temperature=0.0, max_tokens=12))])[0].text == expected
    both = asyncio.run(engine.score(asked(2), ["i feel sad", "yes"]))
    assert both[1] == pytest.approx(asyncio.run(engine.score(asked(2), ["yes"]))[0], abs=1e-3)


def test_an_engine_that_is_closed_stops_in_the_middle_and_answers_nobody(folder: Path) -> None:
    engine = Engine(str(folder), max_batch=2)

    async def closing() -> list[asyncio.Task[object]]:
        sampling = Sampling(temperature=1.0, max_tokens=40)
        tasks = [asyncio.create_task(engine.generate(asked(8), sampling)) for _ in range(60)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(engine.close)
        return [task for task in tasks if not task.done()]

    assert asyncio.run(closing()), "it went on to the end"


def test_requests_of_a_loop_that_has_ended_harm_nobody_who_asks_later(folder: Path) -> None:
    engine = Engine(str(folder), max_batch=2)

    async def given_up() -> None:
        asking = [engine.generate(asked(8), Sampling(temperature=1.0, max_tokens=40)) for _ in range(20)]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*asking), 0.01)

    asyncio.run(given_up())
    sampling = Sampling(temperature=0.0, max_tokens=8)
    assert (
        asyncio.run(engine.generate(asked(3), sampling)).text
        == engine.run([(engine.prompt_ids(asked(3)), sampling)])[0].text
    )


class Small(Engine):
    """An engine on a device with room for few rows."""

    def _advance(self, batch: Any, rows: list[Any], new: list[Any]) -> list[Any]:
        if len(rows) + len(new) > 3:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super()._advance(batch, rows, new)


def test_out_of_memory_means_fewer_rows_at_once_and_the_same_replies(folder: Path) -> None:
    small, large = Small(str(folder), max_batch=16), Engine(str(folder), max_batch=16)

    async def together(engine: Engine) -> list[str]:
        replies = await asyncio.gather(*(LocalModel(engine).generate(asked(i), s) for i, s in enumerate(SAMPLINGS)))
        return [reply.text for reply in replies]

    assert asyncio.run(together(small)) == asyncio.run(together(large))
    assert small.max_batch <= 3


def test_a_model_whose_layers_keep_running_states_is_refused_when_it_is_loaded(folder: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, Lfm2Config, Lfm2ForCausalLM

    Lfm2ForCausalLM(Lfm2Config(
        vocab_size=16, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=64, max_position_embeddings=64, layer_types=["conv", "full_attention"], eos_token_id=1,
    )).save_pretrained(tmp_path)  # fmt: skip
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="behind a server"):
        Engine(str(tmp_path))
