"""Figures of the pages that take seconds are measured again; the others have a command and an entry in the diary."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def benchmark(name: str) -> ModuleType:
    """A file of benchmarks/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_told_of_the_checklist_is_what_its_benchmark_finds() -> None:
    practice = benchmark("practice")
    found = asyncio.run(practice.met("plain", "normal", 10))
    mean, counts = practice.told(found).split("  ")
    page = (ROOT / "docs" / "practice.md").read_text("utf-8")
    assert f"in ten questions the checklist below understands {counts[0]} of the 7 or 8 components" in page.lower()
    assert f"(plain, normal; {counts})" in page
    assert "`python benchmarks/practice.py`" in page
    assert f"| {mean}: {counts} |" in (ROOT / "dev" / "LOG.md").read_text("utf-8")
    beliefs = sum(c.understood for one in found for c in one if c.component == "core_beliefs")
    assert f"but the core beliefs of {beliefs};" in page


@pytest.mark.parametrize(
    ("figure", "command"),
    [
        ("-12.5 (-17.2 to -7.8)", "mentalarena ablate --out DIR"),
        ("-6.0 (-10.5 to -1.2", "mentalarena ablate --out DIR"),
        ("-23.2 (-27.5 to -18.5)", "mentalarena ablate --out DIR"),
        ("+0.143 (0.118 to 0.169)", "python benchmarks/guidance.py"),
        ("26.7 % (24.6 to 29.1)", "python benchmarks/guidance.py"),
    ],
)
def test_a_figure_of_the_pages_has_its_command_among_all_figures_and_an_entry_in_the_diary(
    figure: str, command: str
) -> None:
    rows = [line for line in (ROOT / "docs" / "results.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    (place,) = [number for number, row in enumerate(rows) if figure in row]
    told = next(row for row in reversed(rows[: place + 1]) if not row.endswith("| the same |"))
    assert told.endswith(f"| `{command}` |")
    diary = (ROOT / "dev" / "LOG.md").read_text("utf-8")
    plain = figure.replace("-12.5 (-17.2 to -7.8)", "12.5 (17.2 to 7.8)")  # there it is what is lost
    assert plain in diary
