"""Which run directories are shown: each under a name of its own, and nothing that lies elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.app.folders import DEPTH, Folders


def made(folder: Path, when: float = 1_000_000) -> Path:
    """A run directory."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    for path in (folder / "config.json", folder):
        os.utime(path, (when, when))
    return folder


def test_runs_are_found_newest_first_under_their_own_names(tmp_path: Path) -> None:
    old, new = made(tmp_path / "old", 1), made(tmp_path / "sub" / "new", 2)
    assert dict(Folders([tmp_path]).runs()) == {"new": new, "old": old}
    assert list(Folders([tmp_path]).runs()) == ["new", "old"]
    assert Folders([tmp_path]).run("old") == old
    assert dict(Folders([old]).runs()) == {"old": old}, "a run directory may be given itself"


def test_names_are_unique_and_tell_runs_apart_that_are_called_alike(tmp_path: Path) -> None:
    runs = [made(tmp_path / a / b / "run") for a in ("x", "y") for b in ("p", "q")] + [made(tmp_path / "other")]
    found = Folders([tmp_path]).runs()
    assert sorted(found.values()) == sorted(runs)
    assert set(found) == {"x~p~run", "x~q~run", "y~p~run", "y~q~run", "other"}
    assert not any("/" in name for name in found)


def test_a_folder_that_is_given_twice_is_shown_once(tmp_path: Path) -> None:
    made(tmp_path / "a" / "run")
    found = Folders([tmp_path, tmp_path / "a", tmp_path / "a" / "run"]).runs()
    assert list(found) == ["run"]


def test_runs_in_a_run_hidden_ones_and_those_far_down_are_not_looked_for(tmp_path: Path) -> None:
    made(made(tmp_path / "run") / "inner")
    made(tmp_path / ".hidden")
    made(tmp_path.joinpath(*"abcdef"[:DEPTH], "deep"))
    assert list(Folders([tmp_path]).runs()) == ["run"]


def test_what_lies_elsewhere_by_way_of_a_link_is_left_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "runs", made(tmp_path / "outside")
    made(root / "own")
    (root / "linked").symlink_to(outside)
    (root / "up").symlink_to(tmp_path)
    (root / "loop").symlink_to(root)
    (root / "again").symlink_to(root / "own")
    assert dict(Folders([root]).runs()) == {"own": root / "own"}
    assert dict(Folders([root / "linked"]).runs()) == {"outside": root / "linked"}, "what is given itself may be a link"


def test_a_run_whose_files_are_links_elsewhere_is_left_out_and_links_within_it_are_not(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    for name in ("config.json", "summary.json", "evaluation/base.json"):
        run = made(tmp_path / "runs" / name.replace("/", "-"))
        (run / "evaluation").mkdir()
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(secret)
    good = made(tmp_path / "runs" / "good")
    (good / "arms" / "main" / "iteration-00").mkdir(parents=True)
    (good / "iteration-00").symlink_to("arms/main/iteration-00")
    assert list(Folders([tmp_path / "runs"]).runs()) == ["good"]


def test_folders_that_are_not_there_or_cannot_be_read_have_no_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Folders([tmp_path / "nowhere", tmp_path / "file", tmp_path]).runs() == {}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    made((root := tmp_path_factory.mktemp("runs")) / "run")
    return Folders([root])


@given(st.text(max_size=40))
def test_no_name_leads_anywhere_but_to_a_run_that_is_listed(folders: Folders, name: str) -> None:
    assert folders.run(name) in (None, *folders.runs().values())
    for told in (f"../{name}", f"{name}/../..", f"/{name}", "..", ".", "", "/etc", "/", "run/..", "run\0", f"run/{name}"):
        assert folders.run(told) is None or told in folders.runs()


def test_a_folder_that_may_not_be_entered_costs_no_other_run() -> None:
    with TemporaryDirectory() as kept:
        root = Path(kept)
        made(root / "open")
        (made(root / "closed") / "evaluation").mkdir()
        (root / "closed").chmod(0)
        root.chmod(0o755)
        look = "from mentalarena.app.folders import Folders; from pathlib import Path; import os, sys; "
        look += "os.geteuid() or os.seteuid(65534); print(*Folders([Path(sys.argv[1])]).runs())"
        done = subprocess.run([sys.executable, "-c", look, kept], capture_output=True, text=True, check=False)  # noqa: S603
        (root / "closed").chmod(0o755)
    assert (done.stdout, done.stderr) == ("open\n", "")


def test_names_that_are_no_text_and_links_that_lead_to_themselves_cost_no_other_run(tmp_path: Path) -> None:
    made(tmp_path / "open")
    made(tmp_path / os.fsdecode(b"odd-\xff"))
    (made(tmp_path / "looped") / "loop").symlink_to("loop")
    (tmp_path / "self").symlink_to("self")
    found = Folders([tmp_path, tmp_path / "self"]).runs()
    assert sorted(found) == ["looped", "odd-\\udcff", "open"]
    assert all(name.encode() for name in found)


def test_a_listing_is_good_for_a_moment_and_a_run_that_went_or_now_leads_out_is_none(tmp_path: Path) -> None:
    kept, fresh = Folders([tmp_path], life=3600), Folders([tmp_path], life=0)
    run = made(tmp_path / "a")
    assert list(kept.runs()) == list(fresh.runs()) == ["a"]
    made(tmp_path / "b")
    assert list(kept.runs()) == ["a"], "nothing was walked through"
    assert sorted(fresh.runs()) == ["a", "b"]
    assert kept.run("a") == run
    assert kept.run("b") is None
    (run / "summary.json").symlink_to("/etc/passwd")
    assert kept.run("a") is None
    (run / "config.json").unlink()
    assert kept.run("a") is None


def test_of_too_many_runs_the_newest_are_shown(tmp_path: Path) -> None:
    for number in range(6):
        made(tmp_path / f"run{number}", 1_000 + number)
    assert list(Folders([tmp_path], most=3).runs()) == ["run5", "run4", "run3"]
