"""How weights lie in memory: kinds of numbers, attention, adapters beside the weights or in them."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError
from mentalarena.models.base import Message, Sampling

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("default")

from mentalarena.models.backends import EMBEDDED  # noqa: E402
from mentalarena.models.local import Engine, LocalModel  # noqa: E402
from mentalarena.models.weights import Placement  # noqa: E402
from tests.models.test_local import asked, folder  # noqa: E402, F401

NF4 = Placement(quantize="nf4")
needs_bitsandbytes = pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")


def two_adapters(base: Path, out: Path) -> list[Path]:
    """LoRA adapters that change what the model says."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    made = []
    for number in range(2):
        torch.manual_seed(number)
        lora = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear")
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype="float32"), lora)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter)
        made.append(out / str(number))
        model.save_pretrained(made[-1])
    return made


@pytest.fixture(scope="module")
def adapters(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:  # noqa: F811
    return two_adapters(folder, tmp_path_factory.mktemp("adapters"))


async def said(models: list[LocalModel]) -> list[list[str]]:
    """What each says to the same eight requests, all asked at once."""

    async def one(model: LocalModel) -> list[str]:
        asking = (model.generate(asked(i), Sampling(temperature=0.9, max_tokens=12, seed=i)) for i in range(8))
        return [reply.text for reply in await asyncio.gather(*asking)]

    return list(await asyncio.gather(*map(one, models)))


def attached_models(engine: Engine, adapters: list[Path]) -> list[LocalModel]:
    return [LocalModel(engine), *(LocalModel(engine, engine.attached(adapter)) for adapter in adapters)]


def test_one_engine_plays_base_and_adapters_side_by_side_and_none_answers_for_another(
    folder: Path,  # noqa: F811
    adapters: list[Path],
) -> None:
    engine = Engine(str(folder), max_batch=8, name="tiny")
    beside = attached_models(engine, adapters)
    merged = [LocalModel(Engine(str(folder), max_batch=8, adapter=a, name="tiny")) for a in (None, *adapters)]
    together = asyncio.run(said(beside))
    assert together == [asyncio.run(said([model]))[0] for model in merged]
    assert len({tuple(texts) for texts in together}) == 3
    assert [m.name for m in beside] == [m.name for m in merged]
    again = asyncio.run(said(beside))  # now from stored prompts: each model's own
    assert again == together
    scores = [[asyncio.run(m.score(asked(2), ["i feel sad", "yes"])) for m in models] for models in (beside, merged)]
    for side, whole in zip(*scores, strict=True):
        assert side == pytest.approx(whole, abs=1e-3)


@needs_bitsandbytes
def test_four_bit_weights_play_and_their_adapters_are_swapped(tmp_path: Path) -> None:
    engine = Engine(str(EMBEDDED), NF4, max_batch=8)
    kinds = {type(module).__name__ for module in engine.model.modules()}
    assert "Linear4bit" in kinds
    asking = (Message("user", "hello. what brings you here?"),)
    full = LocalModel(Engine(str(EMBEDDED)))
    likely = asyncio.run(full.generate(asking, Sampling(temperature=0.0, max_tokens=32))).text
    here, small = (asyncio.run(model.score(asking, [likely])) for model in (full, LocalModel(engine)))
    assert small != here
    assert small == pytest.approx(here, abs=1.0)
    models = attached_models(engine, two_adapters(EMBEDDED, tmp_path))
    together = asyncio.run(said(models))
    assert together == [asyncio.run(said([model]))[0] for model in models]
    assert len({tuple(texts) for texts in together}) == 3
    assert asyncio.run(models[0].score(asking, [likely])) == pytest.approx(small, abs=1e-3)


def test_kinds_of_numbers_and_attention_are_as_told(folder: Path) -> None:  # noqa: F811
    engine = Engine(str(folder), Placement(dtype="bfloat16", attention="eager"))
    assert engine.model.dtype == torch.bfloat16
    assert engine.model.config._attn_implementation == "eager"
    assert asyncio.run(LocalModel(engine).generate(asked(1), Sampling(max_tokens=4))).usage.new_tokens > 0


def test_eager_and_sdpa_attention_say_the_same(folder: Path) -> None:  # noqa: F811
    models = [LocalModel(Engine(str(folder), Placement(attention=name))) for name in ("eager", "sdpa")]
    eager, sdpa = asyncio.run(said(models))
    assert eager == sdpa


@pytest.mark.parametrize(
    ("placement", "said"),
    [
        (Placement(device="cuda:7"), "cannot be put on device 'cuda:7'"),
        (Placement(device="nonsense"), "cannot be put on device 'nonsense'"),
        (Placement(attention="flash_attention_2"), "cannot be loaded"),
    ],
)
def test_what_this_machine_cannot_do_is_one_clear_error(folder: Path, placement: Placement, said: str) -> None:  # noqa: F811
    if placement.device == "cuda:7" and torch.cuda.device_count() > 7:
        pytest.skip("there is such a device")
    if placement.attention and find_spec("flash_attn"):
        pytest.skip("flash attention is installed")
    with pytest.raises(ConfigError, match=said) as error:
        Engine(str(folder), placement)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_adapter_is_one_clear_error(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "adapter_model.safetensors").write_bytes(b"no")
    with pytest.raises(ConfigError, match="expected a LoRA adapter"):
        Engine(str(folder), adapter=tmp_path)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_plays_as_a_cpu_does(folder: Path, adapters: list[Path]) -> None:  # noqa: F811
    engine = Engine(str(folder), Placement(device="cuda", dtype="float32"))
    here, there = [asyncio.run(said(attached_models(e, adapters))) for e in (Engine(str(folder)), engine)]
    same = sum(a == b for ours, theirs in zip(here, there, strict=True) for a, b in zip(ours, theirs, strict=True))
    assert same >= 20, "of 24 replies: rounding may turn a few"
