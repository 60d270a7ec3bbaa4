"""Every example runs as it stands, prints what the gallery shows, and is shown there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_prints_what_the_gallery_shows(example: Path, tmp_path: Path) -> None:
    result = subprocess.run(  # noqa: S603
        [sys.executable, str(example)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    shown = ROOT / "examples" / "output" / f"{example.stem}.txt"
    assert result.stdout == shown.read_text("utf-8"), f"python examples/{example.name} > examples/output/{shown.name}"
    gallery = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    assert f'--8<-- "examples/{example.name}"' in gallery
    assert f'--8<-- "examples/output/{shown.name}"' in gallery


def test_no_output_is_left_over() -> None:
    assert {path.stem for path in (ROOT / "examples" / "output").iterdir()} == {path.stem for path in EXAMPLES}
