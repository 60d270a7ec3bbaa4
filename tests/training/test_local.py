"""Training on this machine: adapters and whole weights, one process and several, killed and gone on with.

1  whole weights come as a checkpoint that plays itself, under a name made of what is in it, and the next training goes on from it
2  killed with whoever started it, a training ends, and the next one goes on from the last checkpoint: whole weights, pairs, and
   several processes
3  two processes learn what one learns, and one of them writes
4  what only decides how fast or where makes no other adapter; epochs may differ by iteration
5  in four bits the base is small and the adapter learns
6  losses go to TensorBoard where that is asked for
7  what stopped a training is told in one line, under a launcher too
"""

import asyncio
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")
from mentalarena.config import TrainingConfig
from mentalarena.errors import ConfigError, DataError, TrainingFailed
from mentalarena.models.backends import EMBEDDED
from mentalarena.models.base import Message, ModelRef
from mentalarena.models.local import Engine, LocalModel
from mentalarena.models.publish import is_checkpoint, merged, revision_of
from mentalarena.training.local import RESULT, Example, LocalTrainer, Progress, command
from mentalarena.training.preference import PreferencePair
from mentalarena.training.rows import Row, RowLineage
from mentalarena.training.worker import base_weights, gone

pytestmark = [
    pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="needs the embedded weights"),
    pytest.mark.filterwarnings("default"),
]
TWO = "accelerate launch --multi_gpu --num_processes 2"
BASE = ModelRef("embedded")
ASKED = (Message("system", "you are a psychiatric expert."), Message("user", "i cannot sleep. what is it?"))
LINEAGE = RowLineage("e", 0, "m", "p", "s", "l")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def rows() -> list[Example]:
    prompts = [(*ASKED[:1], Message("user", f"i cannot sleep since {n} days. what is it?")) for n in range(16)]
    return [Row("diagnosis", prompt, "diagnosis: insomnia", LINEAGE) for prompt in prompts]


def pairs() -> list[Example]:
    return [PreferencePair("diagnosis", ASKED, "diagnosis: insomnia", "diagnosis: panic", LINEAGE) for _ in range(16)]


def trainer(progress: Progress = lambda share, loss: None, **settings: Any) -> LocalTrainer:
    """Eight steps unless `settings` say otherwise."""
    usual = {"epochs": 4, "batch_size": 8, "lora_rank": 8, "lora_alpha": 16}
    return LocalTrainer(TrainingConfig.model_validate(usual | settings), 0, progress)


def trained(out: Path, start: ModelRef = BASE, **settings: Any) -> ModelRef:
    return trainer(**settings).fit(rows(), start, out)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> ModelRef:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        return trained(tmp_path_factory.mktemp("adapter"))


def told(ref: ModelRef) -> dict[str, object]:
    return dict(json.loads((ref.adapter / RESULT).read_text())) if ref.adapter else {}


def probability(ref: ModelRef) -> float:
    """Log-probability of what the rows teach."""
    engine = Engine(str(EMBEDDED), adapter=ref.adapter, name=ref.base)
    try:
        return asyncio.run(LocalModel(engine).score(ASKED, ["diagnosis: insomnia"]))[0]
    finally:
        engine.close()


def test_1_whole_weights_play_as_they_are_and_are_gone_on_from(tmp_path: Path, adapter: ModelRef) -> None:
    whole = trained(tmp_path / "one", weights="full")
    assert whole.adapter
    assert adapter.adapter
    assert is_checkpoint(whole.adapter)
    assert not is_checkpoint(adapter.adapter)
    first = probability(whole)
    assert first > probability(BASE) + 1
    engine = Engine(str(EMBEDDED), adapter=whole.adapter, name="embedded")
    assert engine.name == f"embedded@{revision_of(whole.adapter)}"
    engine.close()
    assert merged(str(EMBEDDED), whole.adapter) == whole.adapter.resolve()
    served = Engine(str(whole.adapter))  # what a server would load: it has all that a checkpoint needs
    assert served.prompt_ids(ASKED)
    served.close()
    second = trained(tmp_path / "two", whole, weights="full")
    assert probability(second) > first
    assert second.adapter
    assert revision_of(second.adapter) != revision_of(whole.adapter)


def test_1_weights_of_the_other_kind_are_refused(tmp_path: Path, adapter: ModelRef) -> None:
    with pytest.raises(
        DataError, match=r"an adapter, and training.weights is 'full'; expected weights that were trained by"
    ):
        trained(tmp_path, adapter, weights="full")


def test_2_who_is_dead_or_a_zombie_is_gone_and_of_other_hosts_nothing_is_known() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = f"{socket.gethostname()} {process.pid}"
    assert not gone(name)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody has asked for it: a zombie
    assert gone(name)
    process.communicate()
    assert gone(name)
    assert not gone(f"elsewhere {process.pid}")
    assert not gone("")


EIGHTY = {"epochs": 40, "save_steps": 5}
"""Steps, with a checkpoint at each fifth."""


def examples(method: str) -> list[Example]:
    return pairs() if method == "dpo" else rows()


KILLED = """
import sys
from pathlib import Path
from tests.training.test_local import BASE, EIGHTY, examples, trainer
method, weights, launcher, out = sys.argv[1:]
trainer(method=method, weights=weights, launcher=launcher, **EIGHTY).fit(examples(method), BASE, Path(out))
"""


@pytest.mark.parametrize(
    ("method", "weights", "launcher"), [("sft", "full", ""), ("dpo", "full", ""), ("sft", "lora", TWO)]
)
def test_2_killed_with_its_starter_it_ends_and_is_gone_on_with(
    method: str, weights: str, launcher: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", KILLED, method, weights, launcher, str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("checkpoints/checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    told_of: list[tuple[float, float]] = []
    again = trainer(
        lambda share, loss: told_of.append((share, loss)), method=method, weights=weights, launcher=launcher, **EIGHTY
    )
    ref = again.fit(examples(method), BASE, tmp_path)
    assert told_of, "the killed training went on to its end"
    assert told_of[0][0] > 5 / 80, "it began again"
    assert told(ref)["steps"] == 80
    assert told_of[-1][1] < 0.5
    assert not (tmp_path / "checkpoints").exists()
    told_of.clear()
    assert again.fit(examples(method), BASE, tmp_path) == ref
    assert not told_of, "what is finished is not done again"


def test_2_interrupted_every_process_ends(tmp_path: Path) -> None:
    def interrupted(share: float, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer(interrupted, launcher=TWO, epochs=400).fit(rows(), BASE, tmp_path)
    with (tmp_path / ".training-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it
    assert not (tmp_path / "adapter").exists()


def test_3_two_processes_learn_what_one_learns(tmp_path: Path, adapter: ModelRef) -> None:
    from safetensors.torch import load_file

    shares: list[float] = []
    two = trainer(lambda share, loss: shares.append(share), launcher=TWO).fit(rows(), BASE, tmp_path)
    assert shares == [5 / 8], "one of them tells"
    assert two.adapter
    assert adapter.adapter
    assert told(two)["processes"] == 2
    assert told(two)["inputs"] == told(adapter)["inputs"]
    one, other = (load_file(ref / "adapter_model.safetensors") for ref in (adapter.adapter, two.adapter))
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-4
    assert {p.name for p in two.adapter.iterdir()} == {p.name for p in adapter.adapter.iterdir()}


def test_4_speed_and_place_make_no_other_adapter_and_other_epochs_do(tmp_path: Path) -> None:
    def inputs(iteration: int = 1, **settings: object) -> str:
        return LocalTrainer(TrainingConfig.model_validate(settings), 0, iteration=iteration)._inputs(rows(), BASE)

    usual = inputs(epochs=4)
    assert usual == inputs(
        epochs=4, launcher=TWO, device="cpu", gradient_checkpointing=True, tensorboard=True, save_steps=7
    )
    assert usual == inputs(1, epochs=[4, 5, 7, 7])
    assert usual != inputs(2, epochs=[4, 5, 7, 7])
    assert usual != inputs(epochs=4, weights="full")
    assert [TrainingConfig(epochs=(4, 5, 7)).epochs_of(n) for n in range(6)] == [4, 4, 5, 7, 7, 7]
    assert TrainingConfig(epochs=2.5).epochs_of(9) == 2.5


@pytest.mark.parametrize("double", [True, False])
def test_5_the_base_is_in_nf4(double: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bitsandbytes")
    import torch

    settings = TrainingConfig(weights="qlora", double_quantisation=double, device="cpu")
    job = {"base": str(EMBEDDED), "adapter": None}
    model = base_weights(settings, job, SimpleNamespace(device=torch.device("cpu")))
    layer = model.model.layers[0].mlp.up_proj
    assert model.is_loaded_in_4bit
    assert (layer.weight.quant_type, layer.weight.dtype, layer.compute_dtype) == ("nf4", torch.uint8, torch.bfloat16)
    assert layer.weight.quant_state.nested is double
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    sharded = base_weights(settings, job, SimpleNamespace(device=torch.device("cpu")))
    assert sharded.model.layers[0].mlp.up_proj.weight.dtype == torch.bfloat16, "FSDP shards nothing but floating types"


def test_5_in_four_bits_the_adapter_learns(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    four_bits = trained(tmp_path, weights="qlora", optimizer="paged_adamw_32bit", gradient_checkpointing=True)
    assert four_bits.adapter
    assert told(four_bits)["dtype"] == "bfloat16"
    assert probability(four_bits) > probability(BASE) + 1
    again = trained(tmp_path / "again", four_bits, weights="qlora")
    assert probability(again) > probability(BASE) + 1


def test_5_four_bits_on_a_gpu(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("bitsandbytes")
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    ref = trained(tmp_path, weights="qlora", optimizer="paged_adamw_32bit", device="cuda", gradient_checkpointing=True)
    assert told(ref)["device"] == "cuda"
    assert probability(ref) > probability(BASE) + 1


def test_6_losses_go_to_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained(tmp_path, tensorboard=True)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [5]


def test_7_a_launched_training_tells_in_one_line_what_stopped_it(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingFailed, match=r"stopped \(training.batch_size = 7; expected a multiple of the 2 processes\)"
    ):
        trained(tmp_path, launcher=TWO, batch_size=7)
    with pytest.raises(TrainingFailed, match=r"all 16 rows are longer than training.max_length = 16 tokens"):
        trained(tmp_path, max_length=16)


def test_7_a_launcher_that_is_not_there_is_told() -> None:
    with pytest.raises(ConfigError, match=r"training\.launcher: no program 'no-such-launcher'; expected one such as"):
        command("no-such-launcher --x", Path("job"))
    with pytest.raises(ConfigError, match="is no command"):
        command("accelerate 'launch", Path("job"))
    launched = command(f"{sys.executable} -X utf8", Path("job"))
    assert launched == [sys.executable, "-X", "utf8", "-m", "mentalarena.training.worker", "job"]
