"""When the page of a run tells its story anew."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("nicegui")
from mentalarena.app.run_page import _stamp

ITERATION = "arms/main/iteration-00"


@pytest.mark.parametrize(
    "name",
    [
        *("summary.json", "config.json", "audit.json", "audit.jsonl", "analysis.json", "bias.json", "ablation.json"),
        *("benchmarks/results.json", "evaluation/held-out-looks.jsonl"),
        *(f"{ITERATION}/{name}.jsonl" for name in ("episodes", "sft", "preferences")),
    ],
)
def test_a_file_that_comes_or_goes_makes_another_story(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    for folder in (file.parent, tmp_path / ITERATION):
        folder.mkdir(parents=True, exist_ok=True)
    before = _stamp(tmp_path)
    file.write_text("{}")
    assert (there := _stamp(tmp_path)) != before
    assert _stamp(tmp_path) == there
    file.unlink()
    assert _stamp(tmp_path) != there


def test_a_link_that_leads_nowhere_and_no_directory_at_all_have_a_stamp(tmp_path: Path) -> None:
    (tmp_path / "summary.json").symlink_to("loop")
    (tmp_path / "loop").symlink_to("summary.json")
    assert not any(_stamp(tmp_path))
    assert not any(_stamp(tmp_path / "nowhere"))
