"""To a hub: what goes where, private unless told, and every failure in one line without the token."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")
from mentalarena.errors import ConfigError, RunError
from mentalarena.export.hub import Upload, push, token, uploads
from tests.export.fake_hub import FakeHub, serving
from tests.export.making import played

pytestmark = pytest.mark.filterwarnings("default")
SECRET = "hf_a_secret_of_mine"  # noqa: S105  (nobody's)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serving() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("README.md", "data/messages/train.jsonl", "adapter/adapter_model.safetensors", "adapter/README.md"):
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\nlicense: mit\n---\n{name}")
    return tmp_path / "export"


def pushed(folder: Path, public: bool = False, weights: str = "adapter") -> list[str]:
    return [push(one, SECRET, public) for one in uploads("me/data", folder, weights)]


def test_data_and_weights_are_two_repositories_of_one_name(tmp_path: Path) -> None:
    data, weights = uploads("me/data", tmp_path, "adapter")
    assert (data.kind, data.folder, data.leave_out) == ("dataset", tmp_path, ("adapter/*",))
    assert (weights.kind, weights.folder, weights.leave_out) == ("model", tmp_path / "adapter", ())
    assert len(uploads("me/data", tmp_path)) == 1


@pytest.mark.parametrize(
    "name", ["data", "me/", "/data", "me/a/b", "me/..", "me/a b", "../x", "me/x.git", "me/-x", "-me/x"]
)
def test_what_is_no_name_of_a_repository(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected OWNER/NAME"):
        uploads(name, tmp_path)


def test_the_token_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", f" {SECRET}\n")
    assert token() == SECRET
    monkeypatch.setenv("HF_TOKEN", " ")
    with pytest.raises(ConfigError, match="no HF_TOKEN in the environment"):
        token()


def test_it_is_private_unless_told_and_a_second_time_changes_nothing(hub: FakeHub, folder: Path) -> None:
    for _ in range(2):
        assert pushed(folder) == [f"{hub.url}/datasets/me/data", f"{hub.url}/models/me/data"]
        data, weights = hub.repositories["datasets/me/data"], hub.repositories["models/me/data"]
        assert (data.private, weights.private) == (True, True)
        assert set(data.files) == {"README.md", "data/messages/train.jsonl"}
        assert set(weights.files) == {"README.md", "adapter_model.safetensors"}
    assert hub.tokens - {""} == {f"Bearer {SECRET}"}


def test_public_when_told(hub: FakeHub, folder: Path) -> None:
    pushed(folder, public=True)
    assert not any(repository.private for repository in hub.repositories.values())


def test_a_public_repository_is_not_filled_in_silence(hub: FakeHub, folder: Path) -> None:
    pushed(folder, public=True)
    hub.repositories["datasets/me/data"].files.clear()
    with pytest.raises(ConfigError, match="this dataset repository is public; expected --public"):
        pushed(folder)
    assert hub.repositories["datasets/me/data"].files == {}


def test_data_of_an_earlier_export_is_deleted_and_a_users_own_files_stay(hub: FakeHub, folder: Path) -> None:
    pushed(folder)
    files = hub.repositories["datasets/me/data"].files
    files |= {"data/messages/dev.jsonl": b"old", "NOTES.md": b"mine"}
    pushed(folder)
    assert set(files) == {"README.md", "data/messages/train.jsonl", "NOTES.md"}


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_hub_that_refuses_is_one_line_without_the_token(status: int, hub: FakeHub, folder: Path) -> None:
    hub.status = status
    with pytest.raises(RunError) as caught:
        push(Upload("me/data", "dataset", folder, ()), SECRET)
    told = str(caught.value)
    assert told.startswith("--push me/data (dataset): ")
    assert told.endswith("the export is in its folder")
    assert "\n" not in told
    assert SECRET not in told


def test_without_a_network_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RunError) as caught:
        push(Upload("me/data", "dataset", folder, ()), SECRET)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_command_exports_and_pushes(hub: FakeHub, tmp_path: Path) -> None:
    out = played(tmp_path / "run", "play.patients=8")
    words = ["export", "--out", str(out), "--to", str(tmp_path / "export"), "--push", "me/data"]
    command = [sys.executable, "-c", "from mentalarena.cli import main; main()", *words]
    settings = {**os.environ, "HF_TOKEN": SECRET, "HF_ENDPOINT": hub.url}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)  # noqa: S603
    assert result.returncode == 0, result.stderr
    assert f"pushed to {hub.url}/datasets/me/data" in result.stdout
    assert {"README.md", "export.json", "data/messages/train.jsonl"} <= set(hub.repositories["datasets/me/data"].files)
    assert SECRET not in result.stdout + result.stderr
    assert not any(SECRET.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
