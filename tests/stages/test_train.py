"""What cannot be trained here is refused before anything is paid for, in one line: what, where, and what was expected."""

from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("trl")
from mentalarena.errors import ConfigError
from mentalarena.settings import load_config
from mentalarena.stages.run import opened
from mentalarena.stages.train import check_trainable

SERVED = ("models.all.provider=openai", "models.all.model=m", "models.all.weights=m")


def refused(tmp_path: Path, *settings: str) -> str:
    with opened(load_config(None, settings), tmp_path / "run") as run, pytest.raises(ConfigError) as caught:
        check_trainable(run)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_this_machine_has_is_trained(tmp_path: Path) -> None:
    for number, settings in enumerate(([], ["training.weights=full"], ["training.device=cpu", "training.epochs=[1, 2]"])):
        with opened(load_config(None, settings), tmp_path / str(number)) as run:
            check_trainable(run)


def test_cuda_that_is_not_there(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    assert "sees no CUDA here; expected an NVIDIA GPU" in refused(tmp_path, "training.device=cuda")
    launched = refused(tmp_path, "training.device=cuda", "training.launcher=accelerate launch --num_processes 2")
    assert launched.startswith("training.device: 'cuda'")


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
@pytest.mark.parametrize("setting", ["weights=qlora", "optimizer=paged_adamw_32bit", "optimizer=adamw_8bit"])
def test_four_bits_and_paging_without_bitsandbytes(setting: str, tmp_path: Path) -> None:
    key, _, value = setting.partition("=")
    expected = f"training.{key}: {value!r} needs bitsandbytes; install it with: pip install 'mentalarena[qlora]'"
    assert refused(tmp_path, f"training.{setting}") == expected


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_tensorboard_that_is_not_installed(tmp_path: Path) -> None:
    told = refused(tmp_path, "training.tensorboard=true")
    assert told == "training.tensorboard needs tensorboard; install it with: pip install 'mentalarena[tensorboard]'"


def test_a_launcher_that_is_not_there(tmp_path: Path) -> None:
    assert "no program 'no-such-launcher'" in refused(tmp_path, "training.launcher=no-such-launcher --fast")


def test_whole_weights_for_a_server_that_loads_adapters(tmp_path: Path) -> None:
    told = refused(tmp_path, *SERVED, "models.all.publish=vllm", "training.weights=full")
    assert "a running vLLM loads adapters only; expected publish = 'command'" in told
