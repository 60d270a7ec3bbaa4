"""Pages without a browser: what is answered to an address, whatever lies in the run directories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.serving import Served, served, until

pytest.importorskip("nicegui")
DEEP = "[" * 100_000
FILES = ("config.json", "summary.json", "progress.json", "report.html", "audit.json", "analysis.json", "bias.json",
         "ablation.json", "benchmarks/results.json")  # fmt: skip
FIGURE = {"probability": 10**400, "ci95": [float("nan"), 10**400]}
ODD: dict[str, dict[str, Any]] = {
    "models-null": {"config": {"models": None, "clinic": []}},
    "models-list": {"config": {"models": [1, "x"]}, "summary": {"iterations": [1], "held_out": {"base": [], "best": 1}}},
    "deep": {"config": DEEP, "summary": DEEP, "progress": DEEP, "audit": DEEP},
    "huge-numbers": {
        "summary": {"iterations": [{}], "held_out": {"base": {"diagnosis": FIGURE}, "best": {"diagnosis": FIGURE}}},
        "progress": {"state": "running", "why": "", "updated": 10**400, "host": "h", "pid": 10**400, "stages": []},
    },
    "half-a-pair": {"config": {"models": {"patient": {"provider": "\ud800", "model": "\udfff"}}}},
}


def answered(app: Served, address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(app.base + address, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def damaged(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of runs of which one is well: in each of the others a file is a pipe, or holds something odd."""
    folder = tmp_path_factory.mktemp("damaged")
    runs = folder / "runs"
    shutil.copytree(finished, runs / "well", symlinks=True)
    for name in FILES:
        out = shutil.copytree(finished, runs / f"pipe-{Path(name).stem}", symlinks=True)
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).unlink(missing_ok=True)
        os.mkfifo(out / name)
    for name, files in ODD.items():
        out = shutil.copytree(finished, runs / name, symlinks=True)
        for file, told in files.items():
            (out / f"{file}.json").write_text(told if isinstance(told, str) else json.dumps(told))
    shutil.copytree(finished, runs / os.fsdecode(b"odd-\xff"), symlinks=True)
    with served(folder, [Path(os.path.relpath(runs))]) as found:  # as it is typed
        yield found


def test_one_damaged_run_costs_the_list_of_all_nothing(damaged: Served) -> None:
    status, text = answered(damaged, "/")
    assert status == 200
    for name in ("well", "pipe-summary", *ODD, "odd-"):
        assert f"/runs/{name}" in text


@pytest.mark.parametrize("name", ["well", *(f"pipe-{Path(name).stem}" for name in FILES if name != "config.json"), *ODD])
def test_each_run_has_its_pages_and_nobody_waits_at_a_pipe(damaged: Served, name: str) -> None:
    for more in ("", "/episodes", "/report.html"):
        status, _ = answered(damaged, f"/runs/{name}{more}")
        assert status == (404 if (name, more) == ("pipe-report", "/report.html") else 200), more


def test_an_address_that_leads_nowhere_is_404(damaged: Served) -> None:
    for address in ("/runs/none", "/runs/none/episodes", "/runs/none/episodes/main/x", "/runs/well/episodes/main/none",
                    "/runs/pipe-config", "/none", "/runs/none/report.html", "/practice/none"):  # fmt: skip
        assert answered(damaged, address)[0] == 404, address


def test_a_document_that_cannot_be_made_is_a_page_of_ours_and_no_script_may_run_on_it(
    finished: Path, tmp_path: Path
) -> None:
    made = shutil.copytree(finished, tmp_path / "runs" / "too-large", symlinks=True)
    episodes = made / "iteration-00" / "episodes.jsonl"
    record = json.loads(episodes.read_text().splitlines()[0])
    record["trials"][0]["score"] = 10**400
    episodes.write_text(json.dumps(record) + "\n")
    with served(tmp_path, [tmp_path / "runs"]) as app:
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(f"{app.base}/runs/too-large/episodes/main/{record['id']}", timeout=60)  # noqa: S310
        assert told.value.code == 500
        assert told.value.headers["content-security-policy"].startswith("default-src 'none'")
        assert "This page could not be shown" in told.value.read().decode()
        until(lambda: "OverflowError: " in app.complaints())  # it is told to whoever runs the app, after the answer
        assert app.complaints().count("Traceback") == 1
        app.log.write_text("")  # it was called for


def test_where_runs_lie_is_not_told(damaged: Served, tmp_path: Path) -> None:
    answered(damaged, "/runs/well/episodes")
    for address in ("/runs/well/episodes/main/none", "/runs/well/requests/main/none", "/runs/none", "/none"):
        status, text = answered(damaged, address)
        assert status == 404
        assert str(tmp_path.parent) not in text, address
        assert "never care" in text, address


def test_many_runs_are_paged(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / "runs" / f"run{number:03d}").mkdir(parents=True)
        file = tmp_path / "runs" / f"run{number:03d}" / "config.json"
        file.write_text("{}")
        for path in (file, file.parent):
            os.utime(path, (1_000 + number, 1_000 + number))
    with served(tmp_path, [tmp_path / "runs"]) as app:
        pages = [answered(app, address) for address in ("/", "/?page=1", "/?page=3", "/?page=99", "/?page=x", "/?page=-1")]
        assert {status for status, _ in pages} == {200}
        first, again, third, beyond, odd, negative = (text for _, text in pages)
        for text in (first, again, odd, negative):
            assert "/runs/run119" in text
            assert "/runs/run070" in text
            assert "/runs/run069" not in text
            assert "page 1 of 3, 120 runs" in text
        for text in (third, beyond):
            assert "/runs/run000" in text
            assert "/runs/run020" not in text


FAILING = """
import os
import sys
from pathlib import Path
from mentalarena.app.frame import page
from mentalarena.app.server import AppSettings, make_app
from mentalarena.settings import load_config
from starlette.testclient import TestClient

app = make_app(AppSettings([Path(sys.argv[1])], Path(sys.argv[1]), load_config(None, [])))

@page("/fails")
async def fails() -> None:
    raise RuntimeError("CANARY in " + sys.argv[1])

client = TestClient(app, "http://127.0.0.1")
with client:
    try:
        client.get("/fails")
    except RuntimeError as error:
        print(error, file=sys.stderr)
    client._transport.raise_server_exceptions = False
    answer = client.get("/fails")
    print(answer.status_code, answer.text, flush=True)
    os._exit(0)  # its end would wait for a browser that never came
"""


def test_a_page_that_fails_tells_nothing_of_the_error(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FAILING, str(tmp_path)], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stdout.startswith("500 "), done.stderr
    assert "This page could not be shown" in done.stdout
    assert "CANARY" not in done.stdout
    assert str(tmp_path) not in done.stdout
    assert "CANARY" in done.stderr, "it goes on to the server, which tells whoever runs it"
