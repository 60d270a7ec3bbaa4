"""The loop with the embedded model, small: what others rely on.

1  the summary holds what docs/run-directory.md says
2  the same call again asks nothing and changes nothing
3  held-out patients are met once by base, best and control, and the development split never holds one of them
4  the report is self-contained and shows models' text as text
5  a training that is killed goes on from a checkpoint or begins again, and leaves no half model
6  a collapse is told and stops nothing by default; with loop.stopping = "signals" it stops the loop before it is learnt
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mentalarena.runs.progress import PROGRESS

pytest.importorskip("trl")
from mentalarena.models.backends import EMBEDDED

pytestmark = pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="needs the embedded weights")

SMALL = [
    "play.patients=10",
    "evaluation.development=4",
    "evaluation.held_out=5",
    "evaluation.verifier=6",
    "evaluation.resamples=199",
    "training.epochs=1",
    "training.save_steps=1",
    "training.batch_size=4",
    "loop.iterations=1",
]
CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()"]
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


def loop(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    settings = [argument for setting in (*SMALL, *more) for argument in ("--set", setting)]
    command = [*CLI, "run", "--out", str(out), "--json", *settings]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ONE_THREAD)  # noqa: S603


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loop") / "run"
    result = loop(folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_1_the_summary_is_what_others_rely_on(out: Path) -> None:
    summary = json.loads((out / "summary.json").read_text())
    assert [record["iteration"] for record in summary["iterations"]] == [0, 1]
    base = summary["iterations"][0]
    assert set(base["play"]) >= {"episodes", "problems", "calls", "replayed", "prompt_tokens", "new_tokens", "seconds"}
    assert base["play"]["episodes"] == 10
    assert base["perplexity"] > 1
    assert base["collapse"] == []
    for task in ("diagnosis", "treatment", "medicine"):
        found = summary["iterations"][1]["evaluation"][task]
        assert found["split"] == "development"
        assert found["ci95"][0] <= found["probability"] <= found["ci95"][1]
        assert 0 <= found["p_vs_base"] <= 1
        assert {"accuracy", "n", "invalid", "constant_baseline"} <= set(found)
    assert set(summary["held_out"]) == {"base", "best", "control"}
    assert summary["held_out"]["base"]["diagnosis"]["n"] == 5
    assert summary["control"]["kind"] == "unselected"
    assert summary["iterations"][1]["model"].startswith("embedded@")
    rows = (out / "iteration-00" / "sft.jsonl").read_text().splitlines()
    assert len(rows) == sum(base["rows"].values())


def test_2_the_same_call_again_changes_nothing(out: Path) -> None:
    made = (p for p in out.rglob("*") if p.is_file() and p.suffix in (".json", ".jsonl", ".safetensors"))
    before = {p: p.read_bytes() for p in made if p.name != PROGRESS}  # which tells of the last command, and is for the eye
    result = loop(out)
    assert result.returncode == 0, result.stderr
    assert {p: p.read_bytes() for p in before} == before


def test_3_held_out_patients_are_met_once_and_apart(out: Path) -> None:
    files = sorted((out / "evaluation").glob("*-held_out.jsonl"))
    summary = json.loads((out / "summary.json").read_text())
    assert len(files) == 2 + (summary["best_iteration"] > 0)

    def patients(path: Path) -> set[str]:
        return {json.loads(line)["patient"] for line in path.read_text().splitlines()}

    from mentalarena.clinic.cognitive_model import COMPONENTS
    from mentalarena.clinic.generated import generated_clinic

    assert all(len(patients(file)) == 5 for file in files)
    minds = {
        p.id: tuple(p.cognitive_model.text(c) for c in COMPONENTS)
        for split, count in (("play", 10), ("development", 6), ("held_out", 5))
        for p, _ in generated_clinic().draw(split, count, 0)  # type: ignore[arg-type]
    }
    played = {json.loads(line)["patient_id"] for line in (out / "iteration-00" / "episodes.jsonl").read_text().splitlines()}
    development = patients(out / "evaluation" / "iteration-00-development.jsonl")
    groups = [{minds[i] for i in ids} for ids in (played, development, patients(files[0]))]
    assert [len(group) for group in groups] == [10, 4, 5]
    assert len(set.union(*groups)) == 19, "nobody with the same phrases is in two of them"
    looks = [json.loads(line)["name"] for line in (out / "evaluation" / "held-out-looks.jsonl").read_text().splitlines()]
    assert len(looks) == len(set(looks)) == len(files)
    assert summary["held_out_looks"] == looks
    parts = [entries for part in generated_clinic().phrases.values() for entries in part.values()]
    wordings = {form: {entry[form] for entries in parts for entry in entries} for form in ("play", "held_out")}
    lines = (out / "iteration-00" / "episodes.jsonl").read_text().splitlines()
    profiles = "\n".join(json.loads(line)["views"]["patient"][0]["content"] for line in lines)
    assert [w for w in wordings["play"] if w in profiles]
    assert not [w for w in wordings["held_out"] if w in profiles], "no play patient has a held-out wording"


def test_4_the_report_is_self_contained(out: Path) -> None:
    page = (out / "report.html").read_text()
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "never care or advice" in page
    assert "Held-out patients" in page
    assert "Signals of play" in page


def test_4_models_text_is_never_rendered(out: Path, tmp_path: Path) -> None:
    from mentalarena.report.html import write_report

    episode = json.loads((out / "iteration-00" / "episodes.jsonl").read_text().splitlines()[0])
    for name in ("summary.json", "config.json"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    episode["diagnosis"] = {"candidates": ["<b>x</b>", "y"], "chosen": "<b>x</b>", "votes": [], "reasons": []}
    episode["views"]["patient"][1:] = [{"role": "assistant", "content": "<script>alert(1)</script>"}]
    episode["trials"] = [{"kind": "treatment", "proposal": "<img src=x>", "rationale": "", "score": 1}]
    (tmp_path / "iteration-00").mkdir()
    (tmp_path / "iteration-00" / "episodes.jsonl").write_text(json.dumps(episode) + "\n")
    page = write_report(tmp_path).read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<img" not in page


def test_5_a_killed_training_leaves_no_half_model(out: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(out, copy, symlinks=True)
    target = copy / "arms" / "main" / "iteration-01"
    shutil.rmtree(target)
    command = [*CLI, "train", "--out", str(copy), "--iteration", "1", "--quiet"]
    process = subprocess.Popen(command, env=ONE_THREAD, stdout=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + 120
    while not list((target / "checkpoints").glob("checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (target / "adapter").exists()
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=ONE_THREAD)  # noqa: S603
    assert finished.returncode == 0, finished.stderr
    whole = json.loads((out / "arms" / "main" / "iteration-01" / "adapter" / "result.json").read_text())
    again = json.loads((target / "adapter" / "result.json").read_text())
    assert again["steps"] == whole["steps"]
    assert (target / "adapter" / "adapter_model.safetensors").exists()
    assert not (target / "adapter.part").exists()


def test_6_a_collapse_is_told_and_stops_the_loop_where_that_is_asked(out: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(out, copy, symlinks=True)
    rows = copy / "arms" / "main" / "iteration-00" / "sft.jsonl"
    rows.write_text(f"{rows.read_text().splitlines()[0]}\n" * 40)
    shutil.rmtree(copy / "arms" / "main" / "iteration-01")
    result = loop(copy, "loop.stopping=signals")
    assert result.returncode == 0, result.stderr
    assert "iteration 0 has collapsed: rows repeat each other" in result.stderr
    summary = json.loads(result.stdout)
    assert summary["stop_reason"].startswith("collapse: rows repeat each other")
    assert len(summary["iterations"]) == 1
    assert not (copy / "arms" / "main" / "iteration-01" / "adapter").exists(), "nothing was learnt from it"
    assert summary["control"] is None
    told = json.loads((copy / "analysis.json").read_text())
    assert told["signals"][0]["measured"]["dialogue_perplexity"][0] > 1
    assert "has collapsed" in (copy / "report.html").read_text()
    result = loop(copy)  # ends at the journal, which holds the answers of the model that the forged rows replace
    assert "iteration 0 has collapsed" in result.stderr
    assert (copy / "arms" / "main" / "iteration-01" / "adapter").exists(), "by patience they are learnt all the same"
