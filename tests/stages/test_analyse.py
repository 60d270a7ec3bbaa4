"""The analyse stage on played runs.

1  a run by a model that tells no probabilities has every signal of its texts, and nobody is asked
2  the same call changes nothing; other rows are measured anew
3  one row repeated in the training file is a collapse with its reason, in the table, the JSON and the report
4  the embedded model's perplexity is the loop's, with an interval; scores stand in the journal and are asked once
5  several runs are correlated, and a directory without a play is refused in one line
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mentalarena.analysis.signals import SIGNALS
from mentalarena.errors import DataError
from mentalarena.models.backends import EMBEDDED
from mentalarena.report.analysis import analysis_table
from mentalarena.settings import load_config
from mentalarena.stages.analyse import analyse, decision, history_from
from mentalarena.stages.build import build
from mentalarena.stages.evaluate import evaluate, perplexity
from mentalarena.stages.play import play, write_play_summary
from mentalarena.stages.run import Json, opened

CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()"]
SMALL = (
    "training.rehearsal=0",
    "training.replay=0",
    "training.min_score=1",
    "evaluation.resamples=199",
    "evaluation.development=3",
)


def played(out: Path, *more: str) -> Json:
    config = load_config(None, [*SMALL, *more])
    with opened(config, out) as run:
        write_play_summary(run, play(run, 0, run.base))
        build(run, 0)
        return analyse(run)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("analyse") / "run"
    played(out, "models.all.provider=scripted", "play.patients=30")
    return out


def told_of(out: Path) -> Json:
    return dict(json.loads((out / "analysis.json").read_text()))


def test_1_texts_are_measured_without_any_model(scripted: Path) -> None:
    told = told_of(scripted)
    [one] = told["signals"]
    assert (one["episodes"], one["rows"] > 30) == (30, True)
    expected = {"spread", "near_duplicates", "distinct_2", "self_bleu", "talk_distinct_2", "diagnosis_entropy", "diagnosed"}
    assert expected < set(one["measured"]) < set(SIGNALS)
    assert not {"perplexity", "dialogue_perplexity", "diversity_gain", "score"} & set(one["measured"])
    assert all(low <= value <= high for value, low, high in one["measured"].values())
    assert told["distributions"][0]["diagnosis"]
    assert told["decisions"] == [
        {"iteration": 0, "stop": False, "collapse": [], "next_change": None} | {"reason": told["decisions"][0]["reason"]}
    ]


def test_1_nobody_is_asked(scripted: Path) -> None:
    with opened(load_config(None, [*SMALL, "models.all.provider=scripted", "play.patients=30"]), scripted) as run:
        analyse(run)
        assert (run.journal.paid, run.journal.replayed) == (0, 0)


def test_2_the_same_call_changes_nothing(scripted: Path) -> None:
    before = {p: p.read_bytes() for p in scripted.rglob("*.json")}
    result = subprocess.run([*CLI, "analyse", "--out", str(scripted)], capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stderr
    assert "near_duplicates" in result.stdout
    assert "after iteration 0: go on" in result.stdout
    assert {p: p.read_bytes() for p in before} == before


def test_3_one_row_repeated_is_a_collapse(scripted: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(scripted, out, symlinks=True)
    rows = out / "arms" / "main" / "iteration-00" / "sft.jsonl"
    rows.write_text(rows.read_text().splitlines()[0].strip() + "\n")
    rows.write_text(rows.read_text() * 40)
    (out / "report.html").write_text("")
    command = [*CLI, "analyse", "--out", str(out), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stderr
    [told] = json.loads(result.stdout)["runs"]
    [found] = told["decisions"]
    assert found["stop"]
    assert found["collapse"] == ["rows repeat each other: near_duplicates 100% (above 50%)"]
    assert f"after iteration 0: STOP: {found['reason']}" in analysis_table(told)
    page = (out / "report.html").read_text()
    assert "Signals of play" in page
    assert "rows repeat each other" in page
    with opened(load_config(None, [*SMALL, "models.all.provider=scripted", "play.patients=30"]), out) as run:
        assert decision(run, [run.base], scored=False).collapse == tuple(found["collapse"])


@pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="needs the embedded weights")
def test_4_likelihoods_are_the_loops_and_are_asked_once(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    out, settings = tmp_path / "run", [*SMALL, "play.patients=6", "models.all.workers=1"]
    with opened(load_config(None, settings), out) as run:
        play(run, 0, run.base)
        build(run, 0)
        evaluate(run, run.base, "development", "iteration-00")
        before = run.journal.paid
        assert not {"perplexity", "dialogue_perplexity"} & set(analyse(run, scored=False)["signals"][0]["measured"])
        assert run.journal.paid == before
        told = analyse(run)
        asked, known = run.journal.paid - before, perplexity(run, 0, run.base)
    measured = history_from(told)[0].measured
    assert measured["perplexity"].mean == pytest.approx(known)
    assert measured["perplexity"].low < measured["perplexity"].mean < measured["perplexity"].high
    assert measured["dialogue_perplexity"].mean > 1
    assert 0 < measured["score"].mean < 1
    talks = [json.loads(line) for line in (out / "evaluation" / "development-dialogues.jsonl").read_text().splitlines()]
    questions = sum(message["role"] == "assistant" for talk in talks for message in talk["messages"])
    assert len(talks) == 3
    assert 0 < asked <= questions + told["signals"][0]["rows"]  # the talks themselves stood in the journal
    for record in out.rglob("*s.json"):
        if record.name in ("likelihoods.json", "iteration-00-dialogues.json", "development-dialogues.json"):
            record.unlink()
    with opened(load_config(None, settings), out) as run:
        assert analyse(run) == told
        assert run.journal.paid == 0
        assert run.journal.replayed > 0


def test_5_several_runs_are_correlated(scripted: Path, tmp_path: Path) -> None:
    runs = []
    for number, (change, copies) in enumerate(((0.3, 1), (0.2, 2), (0.1, 4))):
        out = tmp_path / f"run-{number}"
        shutil.copytree(scripted, out, symlinks=True)
        rows = out / "arms" / "main" / "iteration-00" / "sft.jsonl"
        kept = rows.read_text().splitlines()
        rows.write_text("\n".join(kept[: len(kept) // copies]) + "\n")
        episodes = out / "arms" / "main" / "iteration-00" / "episodes.jsonl"
        episodes.write_text("".join(episodes.read_text().splitlines(keepends=True)[number:]))  # no copy of the others
        (out / "evaluation").mkdir(exist_ok=True)
        for iteration in (0, 1):
            answers = [
                {"patient": str(p), "task": "diagnosis", "probability": 0.1 * p + iteration * change} for p in range(4)
            ]
            lines = "".join(json.dumps(answer) + "\n" for answer in answers)
            (out / "evaluation" / f"iteration-0{iteration}-development.jsonl").write_text(lines)
        runs += ["--out", str(out)]
    result = subprocess.run([*CLI, "analyse", *runs, "--json"], capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stderr
    twice = [*CLI, "analyse", *runs[:2], "--out", f"{runs[1]}/../{Path(runs[1]).name}"]
    alone = subprocess.run(twice, capture_output=True, text=True, check=False)  # noqa: S603
    assert alone.stdout.count("after iteration 0") == 1
    assert "No signal has three pairs" not in alone.stdout
    found = {one["signal"]: one for one in json.loads(result.stdout)["correlations"]}
    assert found["rows_per_episode"]["rho"] == pytest.approx(1)
    assert (found["rows_per_episode"]["n"], found["rows_per_episode"]["low"]) == (3, None)
    assert found["score"]["rho"] is None
    first, last = json.loads(result.stdout)["runs"][0]["decisions"]
    assert first["next_change"][0] == pytest.approx(0.3)  # what a stop after iteration 0 would have gone without
    assert last["next_change"] is None
    assert "the next model's score changed by 0.3 (0.3 to 0.3)" in analysis_table(json.loads(result.stdout)["runs"][0])


def test_5_one_run_is_not_correlated_with_itself(scripted: Path, tmp_path: Path) -> None:
    out = shutil.copytree(scripted, tmp_path / "run", symlinks=True)
    (out / "evaluation").mkdir(exist_ok=True)
    for iteration, score in enumerate((0.1, 0.3, 0.4, 0.45, 0.46)):
        answers = [{"patient": str(p), "task": "diagnosis", "probability": score} for p in range(4)]
        lines = "".join(json.dumps(answer) + "\n" for answer in answers)
        (out / "evaluation" / f"iteration-0{iteration}-development.jsonl").write_text(lines)
    command = [*CLI, "analyse", "--out", str(out), "--out", f"{out}/../run", "--unscored"]
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)  # noqa: S603
    assert told.returncode == 0, told.stderr
    assert (len(json.loads(told.stdout)["runs"]), json.loads(told.stdout)["correlations"]) == (1, [])
    printed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert "Spearman" not in printed.stdout
    assert (
        "after iteration 4: go on: no rule says stop: its model has not played; development score 0.460" in printed.stdout
    )


def test_5_a_directory_without_a_play_is_refused(tmp_path: Path) -> None:
    with opened(load_config(None, ["models.all.provider=scripted"]), tmp_path / "run"):
        pass
    command = [*CLI, "analyse", "--out", str(tmp_path / "run")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 2
    assert "nothing has been played" in result.stderr
    assert result.stderr.count("\n") == 1


def test_5_copies_and_links_are_one_run(scripted: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(scripted, tmp_path / "copy", symlinks=True)
    (tmp_path / "link").symlink_to(scripted)
    folders = [part for folder in (scripted, tmp_path / "link", copy) for part in ("--out", str(folder))]
    result = subprocess.run([*CLI, "analyse", *folders, "--json"], capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stderr
    assert [one["run"] for one in json.loads(result.stdout)["runs"]] == [str(scripted)]
    assert "a copy of" in result.stderr


@pytest.mark.parametrize("answer", [{}, {"patient": "a", "probability": "x"}, {"patient": ["a"], "probability": 1}])
def test_5_an_answer_that_is_none_is_one_line(answer: Json, scripted: Path, tmp_path: Path) -> None:
    out = shutil.copytree(scripted, tmp_path / "run", symlinks=True)
    (out / "evaluation").mkdir(exist_ok=True)
    (out / "evaluation" / "iteration-00-development.jsonl").write_text(json.dumps(answer) + "\n")
    config = load_config(None, [*SMALL, "models.all.provider=scripted", "play.patients=30"])
    with opened(config, out) as run, pytest.raises(DataError, match=r"development.jsonl:1: no answer"):
        analyse(run)
