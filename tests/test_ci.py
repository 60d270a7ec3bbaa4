"""The checks of a clean checkout (.ci/run): browser tests are required wherever Chromium is or can be had, and nowhere else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASH, GREP = shutil.which("bash"), shutil.which("grep")
pytestmark = pytest.mark.skipif(not BASH or not GREP, reason="there is no bash")


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!{BASH}\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("system", "user", "chromium", "installs", "expected"),
    [
        ("debian", 0, "", True, "required, installed"),
        ("debian", 0, "", False, "required"),  # it fails there instead of being skipped
        ("debian", 0, "usual", True, "required"),
        ("debian", 1000, "", True, ""),
        ("ubuntu", 0, "", True, ""),  # its package is a snap
        ("ubuntu", 1000, "path", True, "required"),
        ("ubuntu", 1000, "usual", True, "required"),
        ("", 501, "", True, ""),  # macOS
        ("", 501, "path", True, "required"),
    ],
)
def test_the_browser_is_required_where_it_can_be_had(
    tmp_path: Path, system: str, user: int, chromium: str, installs: bool, expected: str
) -> None:
    programs, release, usual = tmp_path / "bin", tmp_path / "os-release", tmp_path / "usual-chromium"
    programs.mkdir()
    (programs / "grep").symlink_to(GREP or "")
    program(programs, "id", f"echo {user}")
    program(programs, "apt-get", f'echo "apt-get $*" >> "{tmp_path}/installed"\n{"true" if installs else "false"}')
    if chromium:
        program(programs if chromium == "path" else tmp_path, "chromium" if chromium == "path" else usual.name, "true")
    if system:
        release.write_text(f'PRETTY_NAME="x"\nID={system}\n')
    script = (
        f'set -euo pipefail; . "{ROOT}/.ci/browser"; need_browser "{usual}" "{release}"; echo "${{MENTALARENA_BROWSER-}}"'
    )
    done = subprocess.run(  # noqa: S603
        [str(BASH), "-c", script],
        env={"PATH": str(programs), "MENTALARENA_BROWSER": "of somebody"},
        capture_output=True,
        text=True,
        check=True,
    )
    called = (tmp_path / "installed").read_text() if (tmp_path / "installed").exists() else ""
    installed = ", installed" if "install -qq" in called else ""
    assert done.stdout.strip() + installed == expected
    assert bool(called) == (system == "debian" and user == 0 and not chromium), "apt-get is for root on Debian alone"
    assert bool(done.stderr) == (not expected or not installs), "whatever is missing is told"


def test_ci_goes_by_that_rule() -> None:
    text = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "\n. .ci/browser\nneed_browser\n" in text
    assert "apt-get" not in text
    assert "MENTALARENA_BROWSER=" not in text


def test_a_chromium_on_the_path_is_used(tmp_path: Path) -> None:
    program(tmp_path, "chromium", "true")
    code = "from tests.app.serving import CHROMIUM; print(CHROMIUM)"
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env={"PATH": str(tmp_path)}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str(tmp_path / "chromium")
