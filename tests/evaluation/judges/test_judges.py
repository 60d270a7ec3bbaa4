"""Judges without a run: what they read, what they are shown, and what their answers come to.

1  an answer is one of those asked for, stated once; all else is no answer
2  a reference reaches a question as a control's answer alone
3  controls: one of a kind a unit, nothing that may be right as known-bad, none where nothing is known
4  an invalid answer is never credited; without controls nothing is calibrated
5  agreement is of what is judged, not of controls
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import cast_of
from mentalarena.clinic.library import library
from mentalarena.clinic.references import Reference
from mentalarena.errors import Unreadable
from mentalarena.evaluation.judges.calibration import agreement, balanced, judged
from mentalarena.evaluation.judges.forms import FORMS, NAMES, ORDERS, Question, put, read
from mentalarena.evaluation.judges.guidelines import guideline_of, library_guideline
from mentalarena.evaluation.judges.questions import Material, questions, safety_cases, spoken
from mentalarena.models.base import Sampling
from mentalarena.models.scripted import ScriptedModel
from mentalarena.settings import load_config
from mentalarena.stages.judge import gather
from mentalarena.stages.play import play
from mentalarena.stages.run import opened
from tests.evaluation.judges.judging import SETTINGS, everything, played


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Material]:
    with opened(SETTINGS, played(tmp_path_factory.mktemp("played") / "run")) as run:
        yield everything(run)


def all_of(material: Material) -> list[Question]:
    return [q for name in NAMES for q in questions(name, material)]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("validity", "verdict: yes", "yes"),
        ("validity", "reason: it says no.\n**Verdict:** No.", "no"),
        ("validity", "verdict: YES\nreason: because no other fits", "yes"),
        ("authenticity", "verdict: AI", "ai"),
        ("skill", "reason: 5 open questions\nrating: 4/6", "4"),
        ("skill", "rating: 4 out of 6", "4"),
        ("skill-pair", "choice: Second", "second"),
        ("validity", "yes", None),
        ("validity", "", None),
        ("validity", "verdict: yes and no", None),
        ("validity", "verdict: not yes", None),
        ("validity", "verdict: yes\nverdict: no", None),
        ("validity", "verdict: yes or no", None),
        ("validity", "verdict: human", None),
        ("skill", "rating: 7", None),
        ("skill", "rating: -1", None),
        ("skill", "rating: 4.5", None),
        ("skill", "rating: 4/10", None),
        ("skill", "rating: 3 to 4", None),
        ("skill-pair", "choice: the first, or the second", None),
    ],
)
def test_1_an_answer_is_one_of_those_asked_for(form: str, text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(Unreadable):
            read(text, FORMS[form])
    else:
        assert read(text, FORMS[form]) == expected


def test_1_what_cannot_be_read_is_kept_and_not_asked_again() -> None:
    model = ScriptedModel(lambda messages, sampling: "verdict: perhaps")
    cast = cast_of(model, "full", Sampling(temperature=0.8))
    question = Question("guideline", "i", "u", {"diagnosis": "d", "kind": "medicine", "proposal": "p"})
    answer = asyncio.run(put(question, cast.judge))
    assert (answer.text, answer.value) == ("verdict: perhaps", None)
    assert len(model.requests) == 1
    assert model.requests[0][1].temperature == 0.0


@pytest.mark.parametrize("name", ["full", "compact"])
def test_1_every_form_can_be_asked_in_both_prompt_sets(name: str, material: Material) -> None:
    prompts = load_prompts(name)
    told = replace(material, texts=prompts)
    for question in all_of(told):
        text = prompts.render(FORMS[question.form].prompt, **question.values)
        assert all(value in text for value in question.values.values())
    groups = {q.group for q in questions("skill", told)} - {""}
    assert len(groups) == 11


def test_2_a_reference_reaches_a_question_as_a_controls_answer_alone(material: Material) -> None:
    def canary(name: str) -> Reference:
        return Reference(f"canary {name}", (f"canary treatment of {name}",), (f"canary medicine of {name}",))

    truths = {patient: canary(patient) for patient in material.truths}
    table = guideline_of([*truths.values(), *material.held_out])
    told = replace(material, truths=truths, held_out=list(truths.values()), guideline=table)
    controls = Counter[str]()
    for question in all_of(told):
        seen = [key for key, value in question.values.items() if "canary" in value]
        if question.form == "validity" and question.control:
            assert seen == ["answer"]
            own = question.unit in question.values["answer"]
            assert own == (question.control == "good"), "a known-bad answer is another patient's"
            controls[question.control] += 1
        elif question.form == "guideline" and question.control:
            assert "proposal" in seen
        else:
            assert not seen, question
    assert controls["good"] == controls["bad"] >= 9


def test_3_of_each_unit_one_good_and_one_bad_control_is_drawn(material: Material) -> None:
    for name in ("validity", "fidelity", "guideline", "authenticity"):
        drawn = [(q.unit, q.control) for q in questions(name, material) if q.control in ("good", "bad")]
        assert len(drawn) == len(set(drawn)), name
        kinds = Counter(control for _, control in drawn)
        assert kinds["good"] == kinds["bad"] >= 9


def test_3_a_treatment_control_stands_where_the_diagnosis_is_the_references(material: Material) -> None:
    found = [q for q in questions("validity", material) if q.control and q.group != "diagnosis"]
    for question in found:
        assert f"diagnosis: {material.truths[question.unit].disorder}" in question.values["input"]
    rows = [row for row in material.rows if row.kind in ("treatment", "medicine")]
    assert rows
    told = {row.lineage.patient: [m.content for m in row.prompt if m.content.startswith("diagnosis:")] for row in rows}
    known = {truth.disorder: truth for truth in material.held_out}
    right = {patient: known[said[0].removeprefix("diagnosis: ").splitlines()[0]] for patient, said in told.items()}
    wrong = {patient: next(t for d, t in known.items() if d != truth.disorder) for patient, truth in right.items()}
    others = {f"nobody-{d}": truth for d, truth in known.items()}
    for truths, expected in ((right, True), (wrong, False)):
        drawn = [q for q in questions("validity", replace(material, rows=rows, truths={**others, **truths})) if q.control]
        assert bool(drawn) is expected


def test_3_what_a_patient_is_easily_taken_for_is_no_known_bad(material: Material) -> None:
    rows = [row for row in material.rows if row.kind == "diagnosis"]
    names = tuple(truth.disorder for truth in material.truths.values())
    alike = {patient: replace(truth, confusable=names) for patient, truth in material.truths.items()}
    assert [q for q in questions("validity", replace(material, rows=rows)) if q.control == "bad"]
    assert not [q for q in questions("validity", replace(material, rows=rows, truths=alike)) if q.control == "bad"]


def test_3_a_known_bad_proposal_in_a_row_is_clearly_wrong_for_its_patient(material: Material) -> None:
    everything_goes = {place: frozenset(n for own in material.guideline.first_line.values() for n in own)
                       for place in material.guideline.first_line}  # fmt: skip
    lax = replace(material.guideline, indicated=everything_goes)
    rows = [replace(row, prompt=row.prompt[:1]) for row in material.rows if row.kind in ("treatment", "medicine")]
    assert [q for q in questions("validity", replace(material, rows=rows)) if q.control]
    assert not [q for q in questions("validity", replace(material, rows=rows, guideline=lax)) if q.control]


def test_3_the_length_of_a_talk_does_not_tell_the_known_good_from_the_known_bad(material: Material) -> None:
    from sklearn.metrics import roc_auc_score

    talks = [q for q in questions("authenticity", material) if q.control in ("good", "bad")]
    good, lengths = [q.control == "good" for q in talks], [len(q.values["dialogue"]) for q in talks]
    assert 0.35 < roc_auc_score(good, lengths) < 0.65


def test_3_what_is_indicated_at_all_is_no_known_bad() -> None:
    from mentalarena.clinic.library import library_references

    known = library_guideline(found.reference for found in library_references().values())
    told = Material([], [], {}, known, [r.reference for r in library_references().values()], [], load_prompts("full"))
    drawn = [q for q in questions("guideline", told) if q.control]
    assert len(drawn) > 20
    for question in drawn:
        place = question.values["diagnosis"], question.group
        name = question.values["proposal"]
        if question.control == "bad":
            assert name not in known.first_line[place]
            assert name not in known.indicated.get(place, frozenset())
        else:
            assert name in known.first_line[place]
    ptsd = "post traumatic stress disorder"
    assert not known.clearly_wrong(ptsd, "medicine", "citalopram"), "of the class of a first-line medicine"
    assert known.clearly_wrong(ptsd, "medicine", "methylphenidate")
    assert known.says("a disorder of nobody", "medicine", "sertraline") is None


def test_3_where_nothing_is_known_of_the_patients_nothing_is_calibrated(material: Material) -> None:
    asked = questions("validity", replace(material, truths={}))
    assert not [q for q in asked if q.control]
    part = judged(asked, {q.key: "yes" for q in asked}, 199)["verdict"]
    assert part["label"] == "uncalibrated: no controls"
    assert not part["calibrated"]
    assert part["figure"]["mean"] == 1.0
    assert part["figure"]["ci95"][0] < 0.9, "what is the same for all is no point either"


def test_3_a_damaged_dialogue_keeps_the_patients_lines_and_none_of_the_therapists(material: Material) -> None:
    talks = {e.id: spoken(e) for e in material.episodes}
    pairs = [q for q in questions("skill", material) if q.form == "skill-pair" and q.order == "first"]
    fixed = set(material.lines("judge_fixed_lines"))
    kinds = Counter[bool]()
    for question in pairs:
        whole, damaged = (question.values[order].splitlines() for order in ORDERS)
        own = [text for who, text in talks[question.item][1:] if who == "therapist"]
        replaced = [line.removeprefix("therapist: ") for line in damaged[1:] if line.startswith("therapist: ")]
        assert [x for x in whole if x.startswith("patient")] == [x for x in damaged if x.startswith("patient")]
        assert not set(replaced) & set(own)
        kinds[set(replaced) <= fixed] += 1
    assert min(kinds[True], kinds[False]) >= 5


def test_3_more_items_add_to_those_before_and_keys_tell_nothing(material: Material) -> None:
    few, many = ({q.key for q in all_of(replace(material, limit=n))} for n in (5, 9))
    assert few < many
    for question in all_of(material):
        other = replace(question, control="bad", item="another", order="", reference="yes", unit="x")
        assert question.key == other.key


def test_3_safety_is_controlled_by_talks_in_which_a_danger_is_passed_over_or_not(material: Material) -> None:
    cases = {case["id"]: case for case in safety_cases()}
    asked = [q for q in questions("safety", material) if q.control]
    assert Counter(q.control for q in asked) == {"good": 40, "bad": 40}
    assert all((q.control == "bad") == (cases[q.item]["risk"] and not cases[q.item]["met"]) for q in asked)
    assert any(cases[q.item]["risk"] for q in asked if q.control == "good")  # a danger that is met is good, too
    told = [q.values["dialogue"] for q in asked]
    assert not any(re.search(r"\b(?:risk|met)\b: ", text) for text in told)


def test_4_an_invalid_answer_is_never_credited() -> None:
    values = {"diagnosis": "d", "kind": "k"}
    asked = [Question("guideline", f"i{n}", f"u{n}", values | {"proposal": f"p{n}"}) for n in range(4)]
    asked += [Question("guideline", f"g{n}", f"u{n}", values | {"proposal": f"g{n}"}, "", "good") for n in range(2)]
    asked += [Question("guideline", f"b{n}", f"u{n}", values | {"proposal": f"b{n}"}, "", "bad") for n in range(2)]
    answers = dict(zip((q.key for q in asked), ("yes", "no", "yes", None, "yes", None, "no", None), strict=True))
    part = judged(asked, answers, 199)["verdict"]
    assert part["figure"]["mean"] == pytest.approx(2 / 3)
    assert (part["figure"]["n"], part["figure"]["answers"], part["figure"]["invalid"]) == (3, 4, 0.25)
    assert part["calibration"]["sensitivity"]["mean"] == part["calibration"]["specificity"]["mean"] == 0.5


def test_4_balanced_accuracy_lies_between_the_means_of_the_wilson_bounds() -> None:
    found = balanced([True] * 20, [True] * 15 + [False] * 5)
    assert found["balanced_accuracy"]["mean"] == pytest.approx(0.875)
    low = (found["sensitivity"]["ci95"][0] + found["specificity"]["ci95"][0]) / 2
    assert found["balanced_accuracy"]["ci95"][0] == pytest.approx(low)
    assert found["sensitivity"]["ci95"] == pytest.approx([0.8389, 1.0], abs=1e-4)


def pair(item: str, control: str = "") -> list[Question]:
    told = "pair" if control else ""
    return [
        Question("skill-pair", item, item, {"first": f"{item}{o}", "second": "x"}, "", told, o)  # type: ignore[arg-type]
        for o in ORDERS
    ]


def test_4_a_preference_that_moves_or_cannot_be_read_is_none() -> None:
    asked = [q for n in range(4) for q in pair(f"i{n}")]
    said = ["first", "second", "second", "first", "first", "first", "first", None]
    part = judged(asked, dict(zip((q.key for q in asked), said, strict=True)), 199)["pair"]
    assert part["figure"]["mean"] == 0.5, "one is preferred, the other not"
    assert part["figure"]["n"] == 2
    assert part["figure"]["no_preference"] == 0.5
    assert part["figure"]["flips"] == 0.25
    assert part["figure"]["invalid"] == 0.125
    assert part["label"] == "uncalibrated: no controls"


def test_5_agreement_is_of_what_is_judged_and_not_of_controls() -> None:
    values = {"diagnosis": "d", "kind": "k"}
    items = [Question("guideline", f"i{n}", f"u{n}", values | {"proposal": f"p{n}"}) for n in range(10)]
    controls = [Question("guideline", f"g{n}", "u", values | {"proposal": f"g{n}"}, "", "good") for n in range(50)]
    first = {q.key: "yes" if n % 2 else "no" for n, q in enumerate(items)} | {q.key: "yes" for q in controls}
    second = {q.key: "yes" if n < 5 else "no" for n, q in enumerate(items)} | {q.key: "yes" for q in controls}
    found = agreement([*items, *controls], first, second, 199)
    assert found["n"] == 10
    assert found["same"] == 0.4
    assert found["mean"] == pytest.approx(-0.2)
    alike = agreement(controls, first, second, 199)
    assert alike["mean"] is None
    assert "one label" in alike["why"]


def test_patients_of_a_file_have_no_truth_and_the_librarys_have_theirs(tmp_path: Path) -> None:
    settings = ["models.all.provider=scripted", "play.patients=3", "training.rehearsal=0", "clinic.source=library"]
    with opened(load_config(None, settings), tmp_path / "library") as run:
        play(run, 0, run.base)
        found = gather(run, ["fidelity"], 0, None, 40)
    assert len(found.truths) == 3
    assert found.guideline.indicated
    file = tmp_path / "own.jsonl"
    person = next(person for person in library() if person.split == "play")
    own = {"id": "a", "person": person.id, "history": "h", "coping_strategies": "i wait", "emotions": "low"}
    file.write_text(json.dumps(own) + "\n")  # of a file's patients nobody knows, whatever they are called
    with opened(load_config(None, [*settings[:3], f"clinic.source={file}"]), tmp_path / "own") as run:
        play(run, 0, run.base)
        of_a_file = gather(run, ["fidelity"], 0, None, 40)
    assert of_a_file.episodes
    assert of_a_file.truths == {}
