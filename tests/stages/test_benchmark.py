"""Benchmarks on a run directory.

1  the embedded model gets the same verdict on every question as from lm-evaluation-harness's own model of the same weights
2  a benchmark that was stopped goes on, and pays nothing twice; what was done is not asked again
3  every sample is kept: question, prompt, answer, what it was read as, and whether that is right
4  a trained model stands beside the untrained one, on the same questions, with p adjusted over all comparisons
5  a model that cannot tell probabilities is asked to write; what cannot be asked at all is refused before anything is
6  an outage is no wrong answer: nothing is recorded of it
7  the paper's table stands beside what was run, counted by both rules
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mentalarena.errors import BudgetSpent, ConfigError, DataError, ModelError, TooManyFailures
from mentalarena.evaluation.benchmarks.harness import TASKS, Scoring
from mentalarena.evaluation.benchmarks.prompting import Prompting
from mentalarena.models.base import Message, ModelRef, Reply, Sampling
from mentalarena.models.scripted import Script, ScriptedModel
from mentalarena.runs.directory import read_jsonl
from mentalarena.settings import load_config
from mentalarena.stages.benchmark import Exam, benchmarks
from mentalarena.stages.reproduce import reproduce
from mentalarena.stages.run import Json, opened
from tests.evaluation.benchmarks.test_questions import SHARED, needs_shared

EXAM = Exam(SHARED)
MEDQA = "medqa_psychosis"


def letter(messages: Sequence[Message], sampling: Sampling) -> str:
    """An answer that depends on the question alone."""
    return "ABCD"[len(messages[-1].content) % 4]


def asked(
    out: Path, script: Script, exam: Exam = EXAM, names: Sequence[str] = (MEDQA,), *more: str
) -> tuple[list[Json], int]:
    """The records of a scripted model, and how many replies were paid."""
    with opened(load_config(None, ["models.all.provider=scripted", *more]), out) as run:
        run.backends.scripted = ScriptedModel(script, keep=False)
        try:
            return benchmarks(run, [(0, run.base)], names, exam), run.journal.paid
        except (BudgetSpent, TooManyFailures):
            return [], run.journal.paid


@needs_shared
@pytest.mark.parametrize(
    ("name", "scoring", "limit"),
    [(MEDQA, "loglikelihood", None), (MEDQA, "generation", 8), ("dreaddit", "loglikelihood", 24)],
)
def test_every_question_has_the_verdict_of_the_harness_itself(
    tmp_path: Path, name: str, scoring: Scoring, limit: int | None
) -> None:
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from mentalarena.models.backends import EMBEDDED

    with opened(load_config(None, []), tmp_path) as run:
        [record] = benchmarks(run, [(0, run.base)], [name], replace(EXAM, scoring=(scoring,), limit=limit))
    manager = TaskManager(include_path=str(TASKS), include_defaults=False, metadata={"data": str(SHARED)})
    model = HFLM(pretrained=str(EMBEDDED), device="cpu", dtype="float32", batch_size=16)
    task = f"mentalarena_{name}" + ("_generation" if scoring == "generation" else "")
    told = simple_evaluate(
        model, tasks=[task], task_manager=manager, apply_chat_template=True, bootstrap_iters=0, limit=limit
    )
    assert record["accuracy"] == told["results"][task]["acc,none"]
    [file] = (tmp_path / "benchmarks" / "iteration-00").glob("*.jsonl")
    ours, theirs = read_jsonl(file), told["samples"][task]
    assert [s["correct"] for s in ours] == [s["acc"] == 1.0 for s in theirs]
    if scoring == "loglikelihood":
        for own, other in zip(ours, theirs, strict=True):
            scores = [own["scores"][label] for label in other["doc"]["labels"]]
            assert scores == pytest.approx([float(r[0][0]) for r in other["resps"]], abs=1e-3)
        assert record["ci95"][0] <= 1 / len(ours[0]["options"]) <= record["ci95"][1]  # it knows nothing of this
    else:
        assert [s["answer"] for s in ours] == [s["resps"][0][0].strip() for s in theirs]
        assert record["invalid"] > 0.9


@needs_shared
def test_a_stopped_benchmark_goes_on_and_pays_nothing_twice(tmp_path: Path) -> None:
    whole, paid = asked(tmp_path / "whole", letter)
    assert paid == 173
    out = tmp_path / "stopped"
    assert asked(out, letter, EXAM, (MEDQA,), "budget.calls=50")[0] == []
    resumed, paid = asked(out, letter)
    assert 100 < paid <= 123  # calls that were on the way when the limit came were paid too
    assert resumed == whole
    assert asked(out, letter) == (whole, 0)
    file = next(out.glob("benchmarks/iteration-00/*.jsonl"))
    before = file.read_text()
    file.unlink()
    assert asked(out, letter) == (whole, 0)
    assert file.read_text() == before


@needs_shared
def test_more_of_a_set_asks_only_what_is_new(tmp_path: Path) -> None:
    assert asked(tmp_path, letter, replace(EXAM, limit=20))[1] == 20
    assert asked(tmp_path, letter)[1] == 153
    data = tmp_path / "data" / "medqa"
    data.mkdir(parents=True)
    lines = (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines(keepends=True)
    (data / "psychosis.jsonl").write_text("".join([*lines[100:], lines[0].replace("26-year-old", "27-year-old")]))
    [record], paid = asked(tmp_path, letter, Exam(tmp_path / "data"))
    assert (record["n"], paid) == (74, 1), "another folder, another order, one question changed"


@needs_shared
def test_every_sample_is_kept(tmp_path: Path) -> None:
    asked(tmp_path, letter)
    kept = read_jsonl(tmp_path / "benchmarks" / "iteration-00" / f"{MEDQA}-generation-direct.jsonl")
    upstream = [json.loads(line) for line in (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines()]
    for sample, record in zip(kept, upstream, strict=True):
        [prompt] = sample["prompt"]
        assert sample["question"] == record["question"].strip()
        assert sample["truth"] == record["answer_idx"]
        assert sample["answer"] == sample["parsed"] == letter([Message("user", prompt["content"])], Sampling())
        assert sample["correct"] == (sample["answer"] == record["answer_idx"])


@needs_shared
def test_a_trained_model_stands_beside_the_untrained_one(tmp_path: Path) -> None:
    """The later model is right where the first one is, and on the first 60 questions."""
    lines = (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines()
    answers = {record["question"]: record["answer_idx"] for record in map(json.loads, lines)}
    first = set(list(answers)[:60])

    def knowing(messages: Sequence[Message], sampling: Sampling) -> str:
        question = messages[-1].content.split("\n\nOptions:")[0]
        return answers[question] if question in first else letter(messages, sampling)

    with opened(load_config(None, ["models.all.provider=scripted"]), tmp_path) as run:
        for iteration, script in ((0, letter), (1, knowing), (2, letter)):
            run.backends.scripted = ScriptedModel(script, f"model-{iteration}", keep=False)
            found = benchmarks(run, [(iteration, ModelRef(f"weights-{iteration}"))], [MEDQA], EXAM)
            assert found[0]["model"] == f"model-{iteration}"
    base, better, same = json.loads((tmp_path / "benchmarks" / "results.json").read_text())
    assert base["p_vs_base"] is None
    assert better["change_vs_base"] == pytest.approx(better["accuracy"] - base["accuracy"])
    assert better["change_ci95"][0] > 0
    assert better["p_vs_base_holm"] == pytest.approx(2 * better["p_vs_base"])
    assert (same["change_vs_base"], same["p_vs_base_holm"]) == (0.0, 1.0)
    assert 0 < better["least_effect"] < 0.3


@needs_shared
def test_what_cannot_be_asked_is_refused_before_anything_is(tmp_path: Path) -> None:
    found, _ = asked(tmp_path / "a", letter, replace(EXAM, limit=3))
    assert [r["scoring"] for r in found] == ["generation"]
    for exam, names, error, message in (
        (
            replace(EXAM, scoring=("loglikelihood",)),
            (MEDQA,),
            ConfigError,
            "tells no probabilities; expected",
        ),
        (EXAM, ("dreadit",), ConfigError, "did you mean dreaddit"),
        (Exam(tmp_path), (MEDQA,), DataError, "no questions; expected medqa/psychosis.jsonl"),
        (replace(EXAM, prompting="medprompt"), ("cams",), DataError, "no examples; expected imhi/CAMS_train.csv"),
    ):
        with pytest.raises(error, match=message):
            asked(tmp_path / "b", letter, exam, names)


@needs_shared
def test_an_outage_is_no_wrong_answer(tmp_path: Path) -> None:
    def down(messages: Sequence[Message], sampling: Sampling) -> str:
        if letter(messages, sampling) in "AB":
            raise ModelError("the server is gone")
        return "C"

    assert asked(tmp_path, down)[0] == []
    assert not list(tmp_path.glob("benchmarks/**/*.json*"))
    found, paid = asked(tmp_path, letter)
    assert found[0]["n"] == 173
    assert paid < 173


class CutOff(ScriptedModel):
    """Every reply ends in its middle."""

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        return replace(await super().generate(messages, sampling), finish_reason="length")


@needs_shared
@pytest.mark.parametrize("prompting", ["direct", "medprompt"])
def test_a_reply_that_was_cut_off_is_no_answer(tmp_path: Path, prompting: Prompting) -> None:
    data = tmp_path / "medqa"
    data.mkdir()
    lines = (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines(keepends=True)
    (data / "psychosis.jsonl").write_text("".join(lines[:6]))
    (data / "train.jsonl").write_text("".join(lines[6:9]))
    with opened(load_config(None, ["models.all.provider=scripted"]), tmp_path / "run") as run:
        run.backends.scripted = CutOff(lambda m, s: "Answer: A", keep=False)
        [record] = benchmarks(run, [(0, run.base)], [MEDQA], Exam(tmp_path, prompting=prompting))
    assert (record["accuracy"], record["invalid"], record["mark"]) == (0.0, 1.0, "no valid answer")
    assert record["problems"] == (1.0 if prompting == "direct" else 0.0)


@needs_shared
def test_equal_questions_are_asked_once_and_counted_as_often_as_they_stand(tmp_path: Path) -> None:
    data = tmp_path / "medqa"
    data.mkdir()
    line = (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines(keepends=True)[0]
    (data / "psychosis.jsonl").write_text(line * 3)
    [record], paid = asked(tmp_path / "run", letter, Exam(tmp_path))
    assert (record["n"], record["distinct"], paid) == (3, 1, 1)


@needs_shared
def test_medprompt_shows_no_question_of_the_set(tmp_path: Path) -> None:
    data = tmp_path / "medqa"
    data.mkdir()
    lines = (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines(keepends=True)
    (data / "psychosis.jsonl").write_text("".join(lines[:6]))
    (data / "train.jsonl").write_text("".join(lines[:6]))
    with pytest.raises(DataError, match="every example is one of its questions"):
        asked(tmp_path / "run", letter, Exam(tmp_path, prompting="medprompt"))


@needs_shared
def test_medprompt_asks_about_each_example_once_and_shows_no_key_of_the_question(tmp_path: Path) -> None:
    data = tmp_path / "data" / "medqa"
    data.mkdir(parents=True)
    lines = (SHARED / "medqa" / "psychosis.jsonl").read_text().splitlines(keepends=True)
    (data / "psychosis.jsonl").write_text("".join(lines[:6]))
    (data / "train.jsonl").write_text("".join(lines[6:18]))
    scopes: Counter[bool] = Counter()

    def steps(messages: Sequence[Message], sampling: Sampling) -> str:
        scopes[len(messages) > 1] += 1
        return f"Step by step.\nAnswer: {letter(messages, sampling)}"

    exam = Exam(tmp_path / "data", prompting="medprompt", examples=2, shuffles=3)
    [record], paid = asked(tmp_path / "run", steps, exam)
    assert (record["n"], record["scoring"]) == (6, "generation")
    assert paid <= 12 + 6 * 3
    assert asked(tmp_path / "run", steps, replace(exam, examples=1))[1] <= 6 * 3, "the reasoning to examples is known"
    kept = read_jsonl(tmp_path / "run" / "benchmarks" / "iteration-00" / f"{MEDQA}-generation-medprompt.jsonl")
    assert {len(sample["replies"]) for sample in kept} == {3}
    assert asked(tmp_path / "run", steps, exam) == ([record], 0)


def test_an_own_set_needs_a_few_lines(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("text,one,two,right\nIs grief an illness?,no,yes,no\nIs sleep good?,no,yes,yes\n")
    toml = tmp_path / "own.toml"
    toml.write_text(
        '[mine]\ntitle = "Mine"\nfiles = ["data.csv"]\nquestion = ["text"]\noptions = ["one", "two"]\nanswer = "right"\n'
    )
    [record], _ = asked(tmp_path / "run", lambda m, s: "A", Exam(tmp_path, toml), ("mine",))
    assert (record["n"], record["accuracy"], record["mark"]) == (2, 0.5, "always A")


@needs_shared
def test_the_papers_table_stands_beside_what_was_run_by_both_rules(tmp_path: Path) -> None:
    """The published rule gives a dead model all of MedQA and MedMCQA, and ours nothing."""
    with opened(load_config(None, ["models.all.provider=scripted"]), tmp_path) as run:
        run.backends.scripted = ScriptedModel(lambda m, s: "", "dead", keep=False)
        found = reproduce(run, [(0, run.base)], Exam(SHARED, None, ("generation",), "paper"))
    [dead] = found["ours"]
    assert {name: cell["accuracy"] for name, cell in dead["cells"].items()} == dict.fromkeys(found["sets"], 0.0)
    assert {name: cell["substring_accuracy"] for name, cell in dead["cells"].items()} == {
        **dict.fromkeys(found["sets"], 0.0),
        MEDQA: 1.0,
        "medmcqa_psychosis": 1.0,
    }
    paper = {row["model"]: row["cells"] for row in found["paper"]}
    assert not paper["GPT-3.5 + MentalArena (iteration 2)"]["pubmedqa_psychosis"]["above_constant"]
    assert paper["GPT-4o"][MEDQA]["above_constant"]
    sample = read_jsonl(tmp_path / "benchmarks" / "iteration-00" / f"{MEDQA}-generation-paper.jsonl")[0]
    assert [m["role"] for m in sample["prompt"]] == ["system", "user"]


def test_a_table_without_any_of_its_sets_is_refused(tmp_path: Path) -> None:
    with (
        opened(load_config(None, ["models.all.provider=scripted"]), tmp_path / "run") as run,
        pytest.raises(DataError, match="none of the paper's sets can be read"),
    ):
        reproduce(run, [(0, run.base)], Exam(tmp_path))
