"""Trained weights come into play: the name that is asked for answers with them, and doing it again changes nothing."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
from mentalarena.config import ModelConfig
from mentalarena.errors import ConfigError, RunError
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import publish, revision_of
from tests.models.fake_server import serving


def config(**settings: object) -> ModelConfig:
    told = {"provider": "openai", "model": "served", "weights": "base", "publish": "vllm"} | settings
    return ModelConfig.model_validate(told)


@pytest.fixture
def trained(tmp_path: Path) -> ModelRef:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    return ModelRef("base", tmp_path / "adapter")


def test_untrained_weights_are_what_the_server_serves() -> None:
    assert publish(config(), ModelRef("base"), "base") == "served"


def test_vllm_loads_the_adapter_on_every_server_once_under_a_name_of_its_own(trained: ModelRef) -> None:
    assert trained.adapter is not None
    with serving() as one, serving() as other:
        both = config(base_url=(one.url, other.url))
        names = [publish(both, trained, "base") for _ in range(2)]
        assert names == [f"mentalarena-{revision_of(trained.adapter)}"] * 2
        assert one.loaded == other.loaded == [{"lora_name": names[0], "lora_path": str(trained.adapter)}]
        (trained.adapter / "adapter_model.safetensors").write_bytes(b"other weights")
        assert publish(both, trained, "base") != names[0]


def test_a_server_that_cannot_load_it_is_told_in_one_line(trained: ModelRef) -> None:
    with serving() as server:
        server.sees = False
        with pytest.raises(RunError, match=r"status 404.*No adapter found.*expected a vLLM server") as caught:
            publish(config(base_url=server.url), trained, "base")
        assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match="expected a vLLM server"):
        publish(config(base_url="http://127.0.0.1:9/v1"), trained, "base")
    with pytest.raises(ConfigError, match="expected a vLLM server such as"):
        publish(config(), trained, "base")


def test_a_command_is_run_with_the_adapter_and_without_a_shell(trained: ModelRef, tmp_path: Path) -> None:
    assert trained.adapter is not None
    made = tmp_path / "made; rm x"
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))"
    command = f"{sys.executable} -c \"{code}\" '{made}' {{adapter}} {{name}}"
    assert publish(config(publish="command", publish_command=command), trained, "base") == (
        name := f"mentalarena-{revision_of(trained.adapter)}"
    )
    assert made.read_text() == f"{trained.adapter} {name}"


def test_a_command_that_is_missing_or_fails_is_told(trained: ModelRef) -> None:
    with pytest.raises(ConfigError, match="no publish_command"):
        publish(config(publish="command"), trained, "base")
    failing = f"{sys.executable} -c 'import sys; sys.exit(\"no such server\")'"
    with pytest.raises(RunError, match=r"ended with 1 \(no such server\)"):
        publish(config(publish="command", publish_command=failing), trained, "base")


def test_a_whole_checkpoint_is_served_as_it_is_and_never_as_an_adapter(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for number in (1, 2):
        (tmp_path / f"model-0000{number}-of-00002.safetensors").write_bytes(b"weights")
    whole = ModelRef("base", tmp_path)
    name = revision_of(tmp_path)
    assert publish(config(publish="merged"), whole, "base") == str(tmp_path.resolve())
    with pytest.raises(ConfigError, match="loads adapters only; expected publish = 'command'"):
        publish(config(), whole, "base")
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"other weights")
    assert revision_of(tmp_path) != name, "every shard counts"
