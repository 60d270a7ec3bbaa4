"""Promises of progress.json: 1 whoever looks on sees how far it is; 2 how it ended; 3 a process that is gone is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mentalarena.errors import DataError
from mentalarena.runs.progress import MOST, PROGRESS, Kept, Silence, progress_of


class Heard:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    def start(self, title: str, total: float) -> None:
        self.told.append((title, total))

    def advance(self, amount: float = 1) -> None:
        self.told.append(("advance", amount))

    def measure(self, name: str, value: float) -> None:
        self.told.append((name, value))


def test_a_stage_is_seen_from_outside_while_it_runs_and_after(tmp_path: Path) -> None:
    with Kept(tmp_path, Silence()) as kept:
        kept.start("play 0", 60)
        kept.advance(12)
        kept.start("train 1", 1.0)
        seen = progress_of(tmp_path)
        assert seen is not None
        assert seen.state == "running"
        assert seen.current is not None
        assert seen.current.title == "train 1"
        assert [(stage.title, stage.done, stage.ended is None) for stage in seen.stages] == [
            ("play 0", 12, False),
            ("train 1", 0, True),
        ]
    ended = progress_of(tmp_path)
    assert ended is not None
    assert (ended.state, ended.why, ended.current) == ("finished", "", None)


def test_an_error_is_told_and_goes_on_its_way(tmp_path: Path) -> None:
    def work() -> None:
        with Kept(tmp_path, Silence()) as kept:
            kept.start("train 1", 1.0)
            raise DataError("no rows to train on")

    with pytest.raises(DataError, match="no rows"):
        work()
    seen = progress_of(tmp_path)
    assert seen is not None
    assert (seen.state, seen.why) == ("stopped", "DataError: no rows to train on")


def test_a_command_that_does_nothing_leaves_what_the_one_before_told(tmp_path: Path) -> None:
    with Kept(tmp_path, Silence()) as kept:
        kept.start("play 0", 1)
    before = (tmp_path / PROGRESS).read_bytes()
    with Kept(tmp_path, Silence()):
        pass
    assert (tmp_path / PROGRESS).read_bytes() == before


def test_everything_is_passed_on(tmp_path: Path) -> None:
    heard = Heard()
    with Kept(tmp_path, heard) as kept:
        kept.start("train 1", 1.0)
        kept.advance(0.5)
        kept.measure("loss", 2.0)
    assert heard.told == [("train 1", 1.0), ("advance", 0.5), ("loss", 2.0)]


def test_a_long_training_keeps_first_and_last_loss_and_a_bounded_number_between(tmp_path: Path) -> None:
    with Kept(tmp_path, Silence()) as kept:
        kept.start("train 1", 1.0)
        for step in range(5 * MOST):
            kept.measure("loss", float(step))
    seen = progress_of(tmp_path)
    assert seen is not None
    values = [value for _, value in seen.stages[0].measured["loss"]]
    assert len(values) <= MOST
    assert (values[0], values[-1]) == (0.0, 5 * MOST - 1)
    assert values == sorted(values)


def test_a_process_that_was_killed_is_gone_and_not_running(tmp_path: Path) -> None:
    killed = (
        "import os, sys; from pathlib import Path; from mentalarena.runs.progress import Kept, Silence\n"
        "kept = Kept(Path(sys.argv[1]), Silence()); kept.start('play 0', 9); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False)  # noqa: S603  (our own module)
    seen = progress_of(tmp_path)
    assert seen is not None
    assert seen.state == "gone"
    assert seen.current is not None


def test_a_folder_without_progress_tells_none(tmp_path: Path) -> None:
    assert progress_of(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"state": "running"}', json.dumps({"state": "x", "stages": [1]}), "\xff"]
)
def test_a_file_that_is_none_of_ours_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / PROGRESS).write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"progress\.json"):
        progress_of(tmp_path)


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity", "1" + "0" * 400, '"x"', "[]", "null"])
@pytest.mark.parametrize("field", ["updated", "total", "started", "done", "pid"])
def test_a_time_or_amount_that_is_no_number_is_one_error_that_names_the_file(
    tmp_path: Path, field: str, number: str
) -> None:
    with Kept(tmp_path, Silence()) as kept:
        kept.start("train", 4)
        file = tmp_path / "progress.json"
        told = json.loads(file.read_text())
        (told if field in told else told["stages"][0])[field] = "HERE"
        file.write_text(json.dumps(told).replace('"HERE"', number))
        with pytest.raises(DataError, match=r"progress\.json"):
            progress_of(tmp_path)


def test_a_loss_that_is_no_number_is_told_as_it_is(tmp_path: Path) -> None:
    with Kept(tmp_path, Silence()) as kept:
        kept.start("train", 4)
        kept.measure("loss", float("nan"))
        kept.start("play", 4)
    told = progress_of(tmp_path)
    assert told is not None
    assert str(told.stages[0].measured["loss"]) == "[(0.0, nan)]"
