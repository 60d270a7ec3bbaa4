"""Tasks of lm-evaluation-harness, answered by whatever answers.

1  a constant answer scores exactly its label's share, or nothing, on every shared file, and is marked
2  likewise in the harness's own figures, which say of each reply what the parser says
3  a request that was refused is invalid and never right, however answers are scored
4  a task of somebody else's is asked as it is written, and one that cannot be asked says so in a line
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError, DataError
from mentalarena.evaluation.benchmarks.catalogue import catalogue
from mentalarena.evaluation.benchmarks.harness import TASKS, Answer, Asked, Given, run_task
from mentalarena.evaluation.benchmarks.questions import label_shares, load_questions
from mentalarena.evaluation.benchmarks.scores import Sample, numbers
from tests.evaluation.benchmarks.test_questions import SHARED, SIZES, needs_shared

REFUSAL = "I'm sorry, but as an AI I cannot answer medical questions."
CONSTANTS = ("A", "Yes", "", "A, B, C, D", REFUSAL, "D C B A", "yes|no|maybe", "No, I cannot answer that.")
LETTERED = ("medqa_psychosis", "medmcqa_psychosis", "cams")


def says(text: str) -> Answer:
    return lambda asked: [Given(text=text)] * len(asked)


def samples(name: str, answer: Answer, task: str = "_generation", limit: int | None = None) -> list[Sample]:
    return run_task(f"mentalarena_{name}{task}", {"data": str(SHARED)}, answer, limit)


@needs_shared
@pytest.mark.parametrize("name", SIZES)
def test_a_constant_answer_scores_its_share_or_nothing_and_is_marked(name: str) -> None:
    shares = label_shares(load_questions(catalogue()[name], SHARED))
    for text in CONSTANTS:
        label = {"A": "A", "Yes": "yes"}.get(text, "")
        found = numbers(samples(name, says(text)), None, 99)
        assert found["n"] == SIZES[name]
        assert found["accuracy"] == pytest.approx(shares.get(label, 0.0), abs=1e-12), (name, text)
        assert found["mark"] == (f"always {label}" if label in shares else "no valid answer")
        assert found["balanced_accuracy"] == pytest.approx(1 / len(shares) if label in shares else 0.0)
        assert found["invalid"] == (0.0 if label in shares else 1.0)


@needs_shared
def test_answers_that_are_scored_are_counted_by_the_highest_score() -> None:
    def second(asked: Sequence[Asked]) -> list[Given]:
        return [Given(scores=(-2.0, -1.0, -3.0, -4.0)) for _ in asked]

    found = samples("medqa_psychosis", second, "")
    assert {s.parsed for s in found} == {"B"}
    assert sum(s.correct for s in found) == Counter(s.truth for s in found)["B"] == 39
    assert found[0].scores == {"A": -2.0, "B": -1.0, "C": -3.0, "D": -4.0}


@needs_shared
@pytest.mark.parametrize("task", ["", "_generation"])
def test_a_refused_request_is_invalid_and_never_right(task: str) -> None:
    """lm-evaluation-harness takes the first option where no score is finite."""
    found = samples("medqa_psychosis", lambda asked: [Given(problem="too long")] * len(asked), task)
    assert Counter(s.truth for s in found)["A"] == 51
    assert not any(s.correct for s in found)
    assert {(s.parsed, s.problem) for s in found} == {(None, "too long")}


@needs_shared
@pytest.mark.parametrize("scores", [(math.nan,) * 4, (-math.inf,) * 4, (-1.0,) * 4, (-1.0, math.nan, -3.0, -2.0)])
def test_scores_that_say_nothing_are_invalid_and_never_right(scores: tuple[float, ...]) -> None:
    """Weights that overflow give no numbers, and the harness would take the first option."""
    found = samples("medqa_psychosis", lambda asked: [Given(scores=scores)] * len(asked), "")
    assert {(s.parsed, s.correct) for s in found} == {(None, False)}


@needs_shared
def test_what_is_asked_is_the_prompt_alone_with_the_same_text_for_all_answers() -> None:
    seen: list[Asked] = []

    def keep(asked: Sequence[Asked]) -> list[Given]:
        seen.extend(asked)
        return [Given(scores=(0.0, 0.0, 0.0, 0.0)) for _ in asked]

    found = samples("medmcqa_psychosis", keep, "", limit=5)
    assert [a.answers for a in seen] == [("A", "B", "C", "D")] * 5
    assert [[m.role for m in a.messages] for a in seen] == [["user"]] * 5
    assert [s.prompt for s in found] == [[{"role": "user", "content": a.messages[0].content}] for a in seen]


def own_task(folder: Path, kind: str, more: str = "") -> None:
    (folder / "records.jsonl").write_text('{"q": "1 + 1 =", "a": "2"}\n{"q": "2 + 2 =", "a": "4"}\n')
    (folder / "sums.yaml").write_text(
        f"task: sums\ndataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {folder}/records.jsonl\n"
        f"test_split: test\noutput_type: {kind}\ndoc_to_text: '{{{{q}}}}'\ndoc_to_target: '{{{{a}}}}'\n{more}"
    )


GENERATED = (
    "generation_kwargs:\n  until: ['!']\n  do_sample: false\n"
    "metric_list:\n  - metric: exact_match\n    aggregation: mean\n    higher_is_better: true\n"
)


def test_a_task_of_somebody_elses_is_asked_as_it_is_written(tmp_path: Path) -> None:
    own_task(tmp_path, "generate_until", GENERATED)
    found = run_task("sums", {}, says("4! What else?"), folder=tmp_path)
    assert [(s.truth, s.parsed, s.correct, s.answer) for s in found] == [
        ("2", "4", False, "4! What else?"),
        ("4", "4", True, "4! What else?"),
    ]
    assert found[1].question == "2 + 2 ="


@pytest.mark.parametrize(
    ("name", "make", "error", "message"),
    [
        ("sums", lambda folder: own_task(folder, "loglikelihood_rolling"), ConfigError, "it scores whole texts"),
        ("other", lambda folder: own_task(folder, "generate_until", GENERATED), DataError, "other: lm-evaluation-harness"),
    ],
)
def test_a_task_that_cannot_be_asked_says_so_in_a_line(
    tmp_path: Path, name: str, make: Callable[[Path], None], error: type[Exception], message: str
) -> None:
    make(tmp_path)
    with pytest.raises(error, match=message) as found:
        run_task(name, {}, says("x"), folder=tmp_path)
    assert "\n" not in str(found.value)


def test_what_a_metric_takes_for_right_is_the_right_answer(tmp_path: Path) -> None:
    """It may not mind casing: counted by class the answer must be what accuracy says that it is."""
    metric = GENERATED.replace("aggregation: mean", "aggregation: mean\n    ignore_case: true")
    own_task(tmp_path, "generate_until", metric)
    (tmp_path / "records.jsonl").write_text('{"q": "one?", "a": "Yes"}\n{"q": "two?", "a": "No"}\n')
    found = numbers(run_task("sums", {}, says("yes"), folder=tmp_path), None, 99)
    assert (found["accuracy"], found["balanced_accuracy"], found["answer_shares"]) == (0.5, 0.5, {"Yes": 0.5, "yes": 0.5})


def test_every_benchmark_has_a_task_for_each_scoring_and_no_task_is_without_one() -> None:
    names = {told.name for told in catalogue().values() if not told.harness}
    files = {path.stem for path in TASKS.glob("*.yaml")} - {"own", "own_generation"}
    assert files == names | {f"{name}_generation" for name in names}
