"""Trained weights come into play: the name that is asked for answers with them, and doing it again changes nothing."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
from mentalarena.config import ModelConfig
from mentalarena.errors import ConfigError, RunError
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import publish
from tests.models.fake_server import serving


def config(**settings: object) -> ModelConfig:
    told = {"provider": "openai", "model": "served", "weights": "base", "publish": "vllm"} | settings
    return ModelConfig.model_validate(told)


@pytest.fixture
def trained(tmp_path: Path) -> ModelRef:
    (tmp_path / "adapter").mkdir()
    return ModelRef("base", tmp_path / "adapter")


def test_untrained_weights_are_what_the_server_serves() -> None:
    assert publish(config(), ModelRef("base"), "base", "r1") == "served"


def test_vllm_loads_the_adapter_on_every_server_once_under_a_name_of_its_own(trained: ModelRef) -> None:
    with serving() as one, serving() as other:
        both = config(base_url=(one.url, other.url))
        names = [publish(both, trained, "base", "r1") for _ in range(2)]
        assert names == ["mentalarena-r1"] * 2
        assert one.loaded == other.loaded == [{"lora_name": "mentalarena-r1", "lora_path": str(trained.adapter)}]
        assert publish(both, trained, "base", "r2") == "mentalarena-r2"


def test_a_server_that_cannot_load_it_is_told_in_one_line(tmp_path: Path) -> None:
    with serving() as server:
        with pytest.raises(RunError, match=r"status 404.*No adapter found.*expected a vLLM server") as caught:
            publish(config(base_url=server.url), ModelRef("base", tmp_path / "absent"), "base", "r1")
        assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match="expected a vLLM server"):
        publish(config(base_url="http://127.0.0.1:9/v1"), ModelRef("base", tmp_path), "base", "r1")
    with pytest.raises(ConfigError, match="expected a vLLM server such as"):
        publish(config(), ModelRef("base", tmp_path), "base", "r1")


def test_a_command_is_run_with_the_adapter_and_without_a_shell(trained: ModelRef, tmp_path: Path) -> None:
    made = tmp_path / "made; rm x"
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))"
    command = f"{sys.executable} -c \"{code}\" '{made}' {{adapter}} {{name}}"
    assert publish(config(publish="command", publish_command=command), trained, "base", "r1") == "mentalarena-r1"
    assert made.read_text() == f"{trained.adapter} mentalarena-r1"


def test_a_command_that_is_missing_or_fails_is_told(trained: ModelRef) -> None:
    with pytest.raises(ConfigError, match="no publish_command"):
        publish(config(publish="command"), trained, "base", "r1")
    failing = f"{sys.executable} -c 'import sys; sys.exit(\"no such server\")'"
    with pytest.raises(RunError, match=r"ended with 1 \(no such server\)"):
        publish(config(publish="command", publish_command=failing), trained, "base", "r1")
