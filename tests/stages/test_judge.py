"""The judge stage on a played run.

1  a judge that knows the controls is calibrated, in every part; one with a constant answer is not, at a balanced accuracy of 0.5
2  a judge that always takes the first is told from one that prefers: its flips are counted, and it is not calibrated
3  a judge that cannot be read has no number, whatever it says
4  the same call asks nothing; more items ask only those; a judge that was stopped goes on; an outage is no verdict
5  what stands in the samples is what was asked, and held-out people are never met
6  a second judge and people are agreed with as far as they agree; a file that is wrong is one line with its place
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mentalarena.arena.prompts import load_prompts
from mentalarena.errors import ConfigError, DataError, ModelError, TooManyFailures
from mentalarena.evaluation.judges.forms import FORMS, NAMES
from mentalarena.evaluation.judges.questions import questions
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, ScriptedModel
from mentalarena.report.judges import judges_table
from mentalarena.runs.directory import read_jsonl, write_jsonl
from mentalarena.runs.runner import Player
from mentalarena.stages.judge import judge, template
from mentalarena.stages.run import Json, Run, opened
from tests.evaluation.judges.judging import SETTINGS, always, answer_to, everything, judging, knowing, played


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return played(tmp_path / "run")


@pytest.fixture
def run(out: Path) -> Any:
    with opened(SETTINGS, out) as found:
        yield found


def parts(told: Json) -> list[tuple[str, Json]]:
    return [(f"{name} {part}", own) for name, found in told.items() for part, own in found["parts"].items()]


def test_1_a_judge_that_knows_the_controls_is_calibrated_in_every_part(run: Run) -> None:
    judging(run, knowing(everything(run)))
    told = judge(run)
    assert len(parts(told)) == 19
    for name, part in parts(told):
        assert part["calibrated"], (name, part["label"])
        assert part["calibration"]["balanced_accuracy"]["mean"] == 1.0
        assert min(part["calibration"]["n_good"], part["calibration"]["n_bad"]) >= 9
    assert told["skill"]["parts"]["homework"]["figure"]["mean"] == 5
    assert told["skill"]["parts"]["overall"]["figure"]["damaged"] == 1
    assert told["validity"]["parts"]["verdict"]["figure"]["by"]["diagnosis"]["n"] == 14
    assert "UNCALIBRATED" not in judges_table(told)


def test_1_a_constant_judge_is_uncalibrated_at_half(run: Run) -> None:
    judging(run, always(verdict="yes", choice="first", rating="6"))
    told = judge(run)
    for name, part in parts(told):
        assert part["calibration"]["balanced_accuracy"]["mean"] == 0.5, name
        assert part["calibrated"] is False
        assert part["label"].startswith("uncalibrated: balanced accuracy on controls 0.50"), name
    assert told["validity"]["parts"]["verdict"]["figure"]["mean"] == 1.0
    table = judges_table(told)
    assert table.count("UNCALIBRATED") == len(parts(told))


def test_1_a_judge_that_is_wrong_is_not_calibrated_by_being_consistent(run: Run) -> None:
    judging(run, knowing(everything(run), lambda question: answer_to(question, right=False)))
    for name, part in parts(judge(run)):
        assert part["calibration"]["balanced_accuracy"]["mean"] == 0.0, name
        assert not part["calibrated"]


def test_1_eight_right_controls_are_too_few_and_nine_are_enough(run: Run) -> None:
    judging(run, knowing(everything(run)))
    few, enough = (judge(run, ["fidelity"], limit=n)["fidelity"]["parts"]["verdict"] for n in (8, 9))
    assert few["calibration"]["balanced_accuracy"]["mean"] == enough["calibration"]["balanced_accuracy"]["mean"] == 1.0
    assert (few["calibrated"], enough["calibrated"]) == (False, True)


def test_2_a_judge_that_takes_the_first_flips_and_prefers_nothing(run: Run) -> None:
    material = everything(run)
    known = knowing(material)

    def first(messages: Sequence[Message], sampling: Sampling) -> str:
        said = known(messages, sampling)
        return "choice: first" if said.startswith("choice") else said

    judging(run, first)
    told = judge(run, ["authenticity", "skill"])
    pair = told["authenticity"]["parts"]["pair"]
    assert (pair["figure"]["flips"], pair["figure"]["no_preference"], pair["figure"]["first_chosen"]) == (1.0, 1.0, 1.0)
    assert pair["figure"]["mean"] is None
    assert pair["calibration"]["position_consistency"] == 0.0
    assert not pair["calibrated"]
    assert told["authenticity"]["parts"]["verdict"]["calibrated"], "no pair, no place to be swayed by"
    rated = told["skill"]["parts"]["overall"]
    assert rated["calibration"]["balanced_accuracy"]["mean"] == 1.0
    assert rated["label"].startswith("uncalibrated: 0.00 of the pairs keep their preference")


def test_3_a_judge_that_cannot_be_read_has_no_number(run: Run) -> None:
    judging(run, lambda messages, sampling: "well, yes and no, perhaps 5 of the first kind")
    for name, part in parts(judge(run)):
        assert part["figure"]["invalid"] == 1.0, name
        assert part["figure"]["mean"] is None
        assert part["calibration"]["balanced_accuracy"]["mean"] == 0.0
        assert part["label"].startswith("uncalibrated: 100% of the answers cannot be read")


def test_3_a_judge_that_reads_the_easy_ones_alone_is_not_believed(run: Run) -> None:
    judging(run, knowing(everything(run), lambda q: answer_to(q) if q.control else "hard to say"))
    part = judge(run, ["fidelity"])["fidelity"]["parts"]["verdict"]
    assert part["calibration"]["balanced_accuracy"]["mean"] == 1.0
    assert part["figure"]["invalid"] == 0.8, "notes that repeat the encoded text are questions of the controls"
    assert not part["calibrated"]


def test_4_the_same_call_asks_nothing_and_more_items_ask_only_those(out: Path) -> None:
    with opened(SETTINGS, out) as run:
        model = judging(run, knowing(everything(run)))
        first = judge(run, ["validity", "fidelity"], limit=10)
        few = len(model.requests)
        assert judge(run, ["validity", "fidelity"], limit=10) == first
        assert len(model.requests) == few
    with opened(SETTINGS, out) as run:
        model = judging(run, knowing(everything(run)))
        for file in (out / "evaluation").glob("judge-*.json*"):
            file.unlink()
        assert judge(run, ["validity", "fidelity"], limit=10) == first
        assert model.requests == [], "every reply is in the journal"
        judge(run, ["validity", "fidelity"], limit=14)
        whole = {q.key for name in ("validity", "fidelity") for q in questions(name, everything(run, 14))}
        before = {q.key for name in ("validity", "fidelity") for q in questions(name, everything(run, 10))}
        assert before < whole
        assert len(model.requests) == len(whole - before)


def test_4_a_judge_that_was_stopped_goes_on(out: Path) -> None:
    with opened(SETTINGS, out) as run:
        known, asked = knowing(everything(run)), list[str]()

        def dies(messages: Sequence[Message], sampling: Sampling) -> str:
            if len(asked) == 30:
                raise KeyboardInterrupt
            asked.append(messages[-1].content)
            return known(messages, sampling)

        judging(run, dies)
        with pytest.raises(KeyboardInterrupt):
            judge(run, ["fidelity"])
        kept = run.journal.paid
        assert not (out / "evaluation" / "judge-fidelity-iteration-00.json").exists()
        total = len({q.key for q in questions("fidelity", everything(run))})
    with opened(SETTINGS, out) as run:
        model = judging(run, knowing(everything(run)))
        assert judge(run, ["fidelity"])["fidelity"]["parts"]["verdict"]["calibrated"]
        assert 20 < kept <= 30
        assert len(model.requests) == total - kept


def test_4_an_outage_is_no_verdict(run: Run) -> None:
    def down(messages: Sequence[Message], sampling: Sampling) -> str:
        raise ModelError("no connection")

    judging(run, down)
    with pytest.raises(TooManyFailures, match="no connection"):
        judge(run, ["fidelity"])
    assert not (run.out / "evaluation" / "judge-fidelity-iteration-00.json").exists()


def test_5_samples_hold_what_was_asked_and_nobody_held_out_is_met(run: Run) -> None:
    model = judging(run, knowing(everything(run)))
    judge(run)
    samples = [r for name in NAMES for r in read_jsonl(run.out / "evaluation" / f"judge-{name}-iteration-00.jsonl")]
    asked = {messages[-1].content for messages, _ in model.requests}
    assert {record["prompt"] for record in samples} == asked
    assert all(sampling.temperature == 0.0 for _, sampling in model.requests)
    assert len(model.requests) == len(asked), "equal questions are asked once"
    assert {record["control"] for record in samples} == {"", "good", "bad", "pair"}
    assert all(record["answer"] in FORMS[record["form"]].answers and record["text"] for record in samples)
    for patient, _ in run.clinic.draw("held_out", 40, run.config.seed):
        said = patient.cognitive_model.history
        assert not any(said in text for text in asked)


def _second(run: Run, script: Script, name: str = "another") -> Player:
    return Player(ScriptedModel(script, name), load_prompts("compact"), Sampling())


def test_6_a_second_judge_is_agreed_with_as_far_as_it_agrees(run: Run) -> None:
    def half(question: Any) -> str:
        return answer_to(question, right=int(question.key, 16) % 2 == 0 or bool(question.control))

    script = knowing(everything(run), half)
    judging(run, script)
    same = judge(run, ["fidelity"], second=_second(run, script))["fidelity"]
    assert same["parts"]["verdict"]["agreement"]["second"]["mean"] == 1.0
    assert same["second"]["model"] == "another"
    assert same["second"]["parts"]["verdict"]["calibrated"]
    other = knowing(everything(run), lambda q: answer_to(q, right=bool(q.control)))
    apart = judge(run, ["fidelity", "skill"], second=_second(run, other, "third"))
    agreed = apart["fidelity"]["parts"]["verdict"]["agreement"]["second"]
    assert agreed["ci95"][0] <= agreed["mean"] < 0.5, agreed
    assert 0 < agreed["same"] < 1
    assert apart["skill"]["parts"]["agenda"]["agreement"]["second"]["measure"].startswith("Krippendorff")
    with pytest.raises(ConfigError, match="agrees with itself"):
        judge(run, ["fidelity"], second=_second(run, other, "scripted"))


def test_6_the_guideline_judge_is_held_against_the_references(run: Run) -> None:
    def by_reference(question: Any) -> str:
        return f"verdict: {question.reference}" if question.reference else answer_to(question)

    judging(run, knowing(everything(run), by_reference))
    found = judge(run, ["guideline"])["guideline"]
    exact = found["concordance"]
    assert found["parts"]["verdict"]["agreement"]["reference"]["same"] == 1.0
    by_kind = found["parts"]["verdict"]["figure"]["by"]
    for kind in ("treatment", "medicine"):
        assert by_kind[kind]["mean"] == exact[kind]["for_the_diagnosis"]["mean"]


def test_6_people_answer_a_blind_template(run: Run, tmp_path: Path) -> None:
    judging(run, knowing(everything(run)))
    file = tmp_path / "people.jsonl"
    count = template(run, file, ["fidelity", "authenticity"])
    lines = read_jsonl(file)
    assert len(lines) == count == len({line["item"] for line in lines})
    assert {key for line in lines for key in line} == {"item", "judge", "question", "answers", "answer"}
    with pytest.raises(DataError, match="may hold answers"):
        template(run, file, ["fidelity"])
    keys = {q.key: q for name in ("fidelity", "authenticity") for q in questions(name, everything(run))}
    assert [line["item"] for line in lines] != [key for key in keys if key in {line["item"] for line in lines}]
    filled = [{**line, "answer": answer_to(keys[line["item"]]).split(": ")[1].upper()} for line in lines]
    write_jsonl(file, [*filled[:-1], {**filled[-1], "answer": ""}])
    told = judge(run, ["fidelity", "authenticity"], human=file)
    assert told["fidelity"]["parts"]["verdict"]["agreement"]["human"]["same"] == 1.0
    assert told["authenticity"]["parts"]["pair"]["agreement"]["human"]["same"] == 1.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"item": "nobody"}, ":1: item: 'nobody' is not asked here; expected one of the template's"),
        ({"answer": "maybe"}, ":1: answer: 'maybe'; expected one of yes, no, or nothing"),
        ({"answer": None}, ":1: answer: null; expected a text"),
    ],
)
def test_6_a_wrong_file_of_answers_is_one_line_with_its_place(
    run: Run, tmp_path: Path, change: dict[str, Any], expected: str
) -> None:
    file = tmp_path / "people.jsonl"
    template(run, file, ["fidelity"])
    lines = read_jsonl(file)
    write_jsonl(file, [{**lines[0], **change}, *lines[1:]])
    with pytest.raises(DataError) as error:
        judge(run, ["fidelity"], human=file)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_6_an_empty_template_and_a_repeated_item_are_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    template(run, file, ["fidelity"])
    with pytest.raises(DataError, match="no answers"):
        judge(run, ["fidelity"], human=file)
    lines = read_jsonl(file)
    write_jsonl(file, [lines[0], lines[0]])
    with pytest.raises(DataError, match=r":2: item: .* stands in line 1 too"):
        judge(run, ["fidelity"], human=file)


def test_talks_of_people_become_the_known_good(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    said = [{"role": "therapist", "text": "hello"}, {"role": "patient", "text": "um, hi"}]
    write_jsonl(file, [{"id": f"t{n}", "lines": [*said, {"role": "patient", "text": f"no. {n}"}]} for n in range(3)])
    judging(run, always(verdict="yes", choice="first"))
    told = judge(run, ["authenticity"], talks=file)["authenticity"]
    assert told["controls"] == "known-good talks are from the file given"
    assert told["parts"]["verdict"]["calibration"]["n_good"] == 3
    file.write_text(json.dumps({"id": "t", "lines": [{"role": "doctor", "text": "x"}, said[0]]}))
    with pytest.raises(DataError, match=r"talks.jsonl:1: lines.0.role"):
        judge(run, ["authenticity"], talks=file)


def test_what_a_run_lacks_is_one_line(run: Run) -> None:
    with pytest.raises(ConfigError, match="judge 'wit': not there; expected some of validity"):
        judge(run, ["wit"])
    with pytest.raises(DataError, match="expected iteration 3 to have been played"):
        judge(run, ["fidelity"], 3)
    (run.folder(0) / "sft.jsonl").unlink()
    with pytest.raises(DataError, match="expected `mentalarena build --iteration 0`"):
        judge(run, ["validity"])
