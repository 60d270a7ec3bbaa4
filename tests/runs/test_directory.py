"""Settings of a run directory: what decides a result is fixed, what decides only how fast or where may change and is noted."""

import json
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError
from mentalarena.runs.directory import open_run
from mentalarena.settings import load_config


def opened_with(out: Path, *settings: str) -> None:
    with open_run(out, load_config(None, settings).model_dump(mode="json")):
        pass


def test_how_and_where_training_runs_may_change(tmp_path: Path) -> None:
    opened_with(tmp_path, "training.epochs=[4, 5]")
    moved = ("launcher=accelerate launch", "device=cpu", "gradient_checkpointing=true", "tensorboard=true", "save_steps=9")
    opened_with(tmp_path, "training.epochs=[4, 5]", *(f"training.{setting}" for setting in moved))
    assert set(json.loads((tmp_path / "changes.jsonl").read_text())) == {f"training.{m.partition('=')[0]}" for m in moved}


@pytest.mark.parametrize("setting", ["weights=full", "dtype=bfloat16", "epochs=[4, 6]", "batch_size=4", "optimizer=sgd"])
def test_what_training_learns_may_not(setting: str, tmp_path: Path) -> None:
    opened_with(tmp_path, "training.epochs=[4, 5]")
    with pytest.raises(
        ConfigError, match=r"training\.\w+ was .* and is now .*expected the settings that the run began with"
    ):
        opened_with(tmp_path, "training.epochs=[4, 5]", f"training.{setting}")  # the later one holds


@pytest.mark.parametrize("epochs", ["0", "[]", "[1, 0]", "many", "true", "[[1]]"])
def test_epochs_are_numbers_above_zero(epochs: str) -> None:
    with pytest.raises(ConfigError, match=r"training\.epochs: .*expected a number above 0, or a list of them by iteration"):
        load_config(None, [f"training.epochs={epochs}"])


def test_a_setting_that_came_after_the_run_had_begun_has_its_default(tmp_path: Path) -> None:
    opened_with(tmp_path)
    told = json.loads((tmp_path / "config.json").read_text())
    del told["training"]["most_rows"]
    (tmp_path / "config.json").write_text(json.dumps(told))
    with pytest.raises(ConfigError, match=r"training\.most_rows was 0 and is now 5"):
        opened_with(tmp_path, "training.most_rows=5")
    opened_with(tmp_path)
    assert not (tmp_path / "changes.jsonl").exists()
