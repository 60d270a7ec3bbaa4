"""Settings of a run directory: what decides a result is fixed, what decides only how fast or where may change and is noted."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError, DataError
from mentalarena.runs.directory import LARGEST, digest_of_file, open_run, own_file, read_json, read_jsonl, read_text
from mentalarena.runs.progress import progress_of
from mentalarena.settings import load_config
from tests.promptly import promptly


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


READERS: dict[str, Callable[[Path], object]] = {
    "read_json": lambda path: read_json(path, "a record"),
    "read_jsonl": read_jsonl,
    "digest_of_file": digest_of_file,
    "read_text": read_text,
    "progress_of": lambda path: progress_of(path.parent),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_ordinary_file_is_told_and_nobody_waits_for_it(
    tmp_path: Path, kind: str, reader: Callable[[Path], object]
) -> None:
    path = tmp_path / "progress.json"
    {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero"), "folder": Path.mkdir}[kind](path)
    with pytest.raises((DataError, OSError), match=r"progress\.json") as told:
        promptly(lambda: reader(path))
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("reader", [READERS["read_json"], READERS["read_text"], READERS["progress_of"]])
def test_a_file_that_is_larger_than_any_of_ours_is_not_read(tmp_path: Path, reader: Callable[[Path], object]) -> None:
    with (tmp_path / "progress.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises((DataError, OSError), match="more than 32 MB"):
        reader(tmp_path / "progress.json")


def test_a_files_own_end_and_line_ends_within_texts_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes('{"a": "x\u2028y"}\r\n\n  \n{"a": "z"}'.encode())
    assert read_jsonl(path) == [{"a": "x\u2028y"}, {"a": "z"}]
    path.write_bytes(b'{"a": 1}\n\n{"a": "\xff"}\n')
    with pytest.raises(DataError, match="not UTF-8"):
        read_jsonl(path)
    path.write_bytes(b'{"a": 1}\n\n{"a": \n')
    with pytest.raises(DataError, match=r"rows\.jsonl:3: torn"):
        read_jsonl(path)


def test_a_file_of_a_run_is_its_own(tmp_path: Path) -> None:
    out, secret = tmp_path / "run", tmp_path / "secret.json"
    (out / "sub").mkdir(parents=True)
    secret.write_text("{}")
    (out / "own.json").write_text("{}")
    (out / "within.json").symlink_to("own.json")
    (out / "out.json").symlink_to(secret)
    (out / "gone.json").symlink_to(tmp_path / "gone")
    (out / "loop.json").symlink_to("loop.json")
    (out / "far").symlink_to(tmp_path)
    os.mkfifo(out / "pipe.json")
    assert own_file(out, "own.json") == out / "own.json"
    assert own_file(out, "within.json") == out / "within.json"
    assert own_file(out, "nothing.json") is None
    for name in ("out.json", "gone.json", "far/secret.json", "../secret.json", str(secret)):
        with pytest.raises(DataError, match="leads out of the run directory"):
            own_file(out, name)
    for name in ("pipe.json", "sub", "loop.json"):
        with pytest.raises(DataError, match="expected an ordinary file"):
            own_file(out, name)
