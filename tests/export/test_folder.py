"""The folder of an export.

1  it appears whole or not at all; the same content gives the same bytes
2  an earlier export is replaced; nothing else is touched, unless told, and then it is kept aside
"""

import json
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError
from mentalarena.export.folder import MARK, check_target, write_export


def write(to: Path, text: str = "data") -> Path | None:
    def work(folder: Path) -> dict[str, int]:
        (folder / "data").mkdir()
        (folder / "data" / "rows.jsonl").write_text(text)
        return {"rows": 1}

    return write_export(to, work)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_1_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write(tmp_path / name / "export")
    assert content(tmp_path / "one") == content(tmp_path / "other")
    mark = json.loads((tmp_path / "one" / "export" / MARK).read_text())
    assert mark["rows"] == 1
    assert mark["files"].keys() == {"data/rows.jsonl"}


def test_1_two_exports_to_one_folder_do_not_wreck_each_other(tmp_path: Path) -> None:
    def work(folder: Path) -> dict[str, int]:
        (folder / "rows").write_text("outer")
        write(tmp_path / "export", "inner")
        return {"rows": 1}

    assert write_export(tmp_path / "export", work) is None
    assert (tmp_path / "export" / "rows").read_text() == "outer"
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    check_target(tmp_path / "export", tmp_path / "run")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "export").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_1_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    write(tmp_path / "export", "before")

    def failing(folder: Path) -> dict[str, int]:
        (folder / "half").write_text("half")
        raise RuntimeError("killed")

    before = content(tmp_path)
    with pytest.raises(RuntimeError):
        write_export(tmp_path / "export", failing)
    assert content(tmp_path) == before


def test_2_an_earlier_export_is_replaced_without_a_rest(tmp_path: Path) -> None:
    to = tmp_path / "export"
    write(to, "before")
    check_target(to, tmp_path / "run")
    assert write(to, "after") is None
    assert (to / "data" / "rows.jsonl").read_text() == "after"
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_2_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    check_target(tmp_path / "export", tmp_path / "run")
    assert write(tmp_path / "export") is None


@pytest.mark.parametrize("spoil", ["foreign", "more", "changed", "mark", "file"])
def test_2_what_is_no_export_is_refused_and_kept_by_force(spoil: str, tmp_path: Path) -> None:
    to = tmp_path / "export"
    if spoil == "file":
        to.write_text("mine")
    elif spoil == "foreign":
        to.mkdir()
        (to / "thesis.txt").write_text("mine")
    else:
        write(to)
        {
            "more": lambda: (to / "notes.txt").write_text("mine"),
            "changed": lambda: (to / "data" / "rows.jsonl").write_text("mine"),
            "mark": lambda: (to / MARK).write_text("{"),
        }[spoil]()
    with pytest.raises(ConfigError, match=r"--force") as caught:
        check_target(to, tmp_path / "run")
    assert "\n" not in str(caught.value)
    kept = content(to) if to.is_dir() else to.read_bytes()
    check_target(to, tmp_path / "run", force=True)
    aside = write(to, "after")
    assert aside == tmp_path / "export.before-1"
    assert (content(aside) if aside.is_dir() else aside.read_bytes()) == kept
    assert (to / "data" / "rows.jsonl").read_text() == "after"


def test_2_the_run_itself_is_never_a_target(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    for to in (run, tmp_path, Path.cwd(), Path.home(), Path("/")):
        with pytest.raises(ConfigError, match="a folder for the export alone"):
            check_target(to, run, force=True)
    check_target(run.with_name("export"), run)


@pytest.mark.parametrize("force", [False, True])
def test_2_no_export_is_put_into_the_run(force: bool, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in the run directory"):
        check_target(tmp_path / "run" / "export", tmp_path / "run", force)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["config.json", "iteration-00", "arms", "arms/new", "disk", "disk/arms", "run2/arms/x"])
def test_2_nor_through_a_link_or_where_one_leads(name: str, force: bool, tmp_path: Path) -> None:
    run, disk = tmp_path / "run", tmp_path / "disk"
    (disk / "arms" / "main" / "iteration-00").mkdir(parents=True)
    run.mkdir()
    (run / "config.json").write_text("{}")
    (run / "arms").symlink_to(disk / "arms")
    (run / "iteration-00").symlink_to("arms/main/iteration-00")
    (tmp_path / "run2").symlink_to(run)
    to = tmp_path / name if name.startswith(("disk", "run2")) else run / name
    for told in (to, to.resolve()):
        with pytest.raises(ConfigError, match="in the run directory") as caught:
            check_target(told, run, force)
        assert "\n" not in str(caught.value)
    check_target(tmp_path / "export", run, force)
