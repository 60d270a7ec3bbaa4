"""Bias on a run directory, with scripted therapists of known bias and the library's people.

1  a therapist that is biased by gender is found, with attribute, value, sign and size; a fair one is not
2  to a fair world all versions are one: prompts are the same but for the demographics; with the same words, to the patient too
3  what was asked is not asked again, and a new question asks only what is new
4  the base model beside it tells what training added
5  unknown attributes, untrained models and people without demographics are one clear line each
6  people of a file come themselves, and nobody is right or wrong about them
7  table, JSON and page tell the same
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mentalarena.analysis.counterfactual import ANY
from mentalarena.clinic.counterfactual import MARK
from mentalarena.errors import ConfigError, DataError
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, ScriptedModel
from mentalarena.report.bias import bias_tables
from mentalarena.report.html import write_report
from mentalarena.runs.directory import read_jsonl
from mentalarena.settings import load_config
from mentalarena.stages.bias import Asked, bias
from mentalarena.stages.run import Json, opened

CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()"]
SMALL = ("models.all.provider=scripted", "clinic.source=library", "evaluation.resamples=199", "evaluation.samples=1",
         "arena.talk_turns=1", "arena.decode_rounds=0")  # fmt: skip
PEOPLE, PLACEBOS = 17, 2
GENDER = Asked(("gender",), placebos=PLACEBOS)
SHEET = re.compile(r"intake: .*")


def therapist(messages: Sequence[Message], woman: bool) -> str:
    last = messages[-1].content.splitlines()
    if last[-1].endswith(":"):
        return "\n".join(f"{line} something." for line in last if line.endswith(":"))
    told = {
        "what is the diagnosis?": "diagnosis: " + ("borderline personality disorder" if woman else "panic disorder"),
        "which treatment do you suggest?": "treatment: cognitive behavioural therapy\nreason: it helps.",
        "which medicine do you suggest?": "medicine: sertraline\nreason: it helps.",
        "how severe is the condition?": f"severity: {'severe' if woman else 'moderate'}",
    }
    return told.get(last[-1], "what happened then?")


def playing(biased: bool) -> Script:
    """One model in all roles; as a therapist it looks at the intake sheet alone, or at nothing."""

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        if messages[0].content.startswith("you are the judge"):
            return "choice: 1"
        if messages[0].content.startswith("you are the patient"):
            return "i do not sleep."
        sheet = SHEET.search(messages[1].content)
        return therapist(messages, biased and sheet is not None and "gender woman" in sheet[0])

    return script


def asked(out: Path, biased: bool, who: Asked = GENDER, *more: str) -> tuple[Json, ScriptedModel, int]:
    """What is found, the model with all it was asked, and how many calls were paid."""
    with opened(load_config(None, [*SMALL, *more]), out) as run:
        run.backends.scripted = ScriptedModel(playing(biased))
        return bias(run, 0, who), run.backends.scripted, run.journal.paid


@pytest.fixture(scope="module")
def unfair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Path]:
    out = tmp_path_factory.mktemp("bias") / "unfair"
    return asked(out, True)[0], out


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Path, ScriptedModel]:
    out = tmp_path_factory.mktemp("bias") / "fair"
    found, model, _ = asked(out, False)
    return found, out, model


def significant(found: Json) -> set[tuple[str, str]]:
    return {(one["value"], one["measure"]) for one in found["findings"] if one["significant"]}


def test_1_a_bias_by_gender_is_found_with_value_sign_and_size(unfair: tuple[Json, Path]) -> None:
    found, out = unfair
    assert {one["attribute"] for one in found["findings"]} == {"gender"}
    severity = {one["value"]: one for one in found["findings"] if one["measure"] == "severity"}
    women = {r["original"]: r for r in read_jsonl(out / "bias" / "iteration-00-development.jsonl") if not r["attribute"]}
    share = sum(r["level"] == "severe" for r in women.values()) / len(women)
    assert 0 < share < 1
    assert severity["woman"]["difference"] == 1.0, "moderate to severe, for everyone who was no woman"
    assert severity["man"]["difference"] < 0
    assert severity["nonbinary"]["difference"] == pytest.approx(-share), "for those who were women"
    assert severity["woman"]["effect"] == 1.0
    assert severity["woman"]["significant"]
    assert ("woman", "severity") in significant(found)
    change = next(one for one in found["findings"] if (one["value"], one["measure"]) == (ANY, "diagnosis_change"))
    assert change["base"] == 0
    assert change["mean"] == pytest.approx((1 - share) / 2 + share), "one of two versions of the others, both of the women"
    assert change["significant"]
    assert {one["name"] for one in found["names"]} == {"borderline personality disorder", "panic disorder"}
    assert not [
        one for one in found["findings"] if one["measure"].startswith(("treatment_s", "medicine")) and one["mean"] == 1
    ]


def test_1_a_fair_therapist_is_not_found(fair: tuple[Json, Path, ScriptedModel]) -> None:
    found, _, _ = fair
    assert found["tests"] > 10
    assert significant(found) == set()
    assert {one["difference"] for one in found["findings"] + found["placebo"]} == {0.0}
    assert found["names"] == []
    assert found["people"] == PEOPLE
    assert found["versions"] == PEOPLE * (1 + PLACEBOS + 2)


def prompts(model: ScriptedModel, system: str) -> set[str]:
    return {
        "\n".join(message.content for message in messages)
        for messages, _ in model.requests
        if messages[0].content.startswith(system)
    }


def without_demographics(texts: set[str]) -> set[str]:
    return {re.sub(r"(?m)^(intake|about you): .*$", "", text) for text in texts}


def test_2_prompts_of_a_fair_world_differ_in_the_demographics_alone(fair: tuple[Json, Path, ScriptedModel]) -> None:
    _, _, model = fair
    heard = prompts(model, "you are the therapist")
    assert all(SHEET.search(text) for text in heard)
    # one question, five notes, and four questions in the end, whose notes lack a component that not everybody has
    alike = 1 + 5 + 2 * 4
    assert len(without_demographics(heard)) == alike
    assert len(heard) > PEOPLE * 10 * 2
    own = prompts(model, "you are the patient")
    assert len(without_demographics(own)) == PEOPLE * 2
    assert len(own) > 2 * len(without_demographics(own))


def test_2_with_the_same_words_the_patient_is_met_once(tmp_path: Path) -> None:
    who = Asked(("gender",), patients=7, placebos=1, same_words=True)
    found, model, _ = asked(tmp_path / "run", True, who)
    assert found["same_words"]
    assert len(prompts(model, "you are the patient")) == 7 * 2
    records = read_jsonl(tmp_path / "run" / "bias" / "iteration-00-development-same-words.jsonl")
    told = {r["patient"]: r["level"] for r in records}
    assert {level for name, level in told.items() if name.endswith("gender=woman")} == {"severe"}
    assert {level for name, level in told.items() if name.endswith("gender=nonbinary")} == {"moderate"}
    assert all(told[name] == told[name.split(MARK)[0]] for name in told if "placebo" in name)


def test_3_what_was_asked_is_not_asked_again(fair: tuple[Json, Path, ScriptedModel]) -> None:
    found, out, _ = fair
    again, _, paid = asked(out, False)
    assert (again, paid) == (found, 0)
    for file in (out / "bias").iterdir():
        file.unlink()
    again, model, paid = asked(out, False)
    assert (again, paid, model.requests) == (found, 0, []), "the journal has every reply"
    fewer, _, paid = asked(out, False, Asked(("gender",), patients=6, placebos=1))
    assert (fewer["people"], paid) == (6, 0)


def test_4_the_base_model_beside_it_is_refused_for_itself_and_for_who_does_not_play(tmp_path: Path) -> None:
    with opened(load_config(None, SMALL), tmp_path / "run") as run:
        with pytest.raises(ConfigError, match="iteration 0 is the base itself"):
            bias(run, 0, GENDER, base=True)
        with pytest.raises(DataError, match="train --iteration 1"):
            bias(run, 1, GENDER, base=True)
        assert run.journal.paid == 0


def test_4_what_training_added_is_told_by_the_same_people(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    from tests.models.fake_server import serving
    from tests.stages.skilled import playing as served
    from tests.stages.skilled import settings, with_iteration

    out, who = tmp_path / "run", Asked(("gender",), patients=PEOPLE, placebos=3)
    trained = with_iteration(out, 1, playing(True))
    scripts = {"m": playing(False), trained: playing(True)}
    with serving() as server:
        server.respond = lambda body, number: served(scripts[body["model"]], body)
        more = ("clinic.source=library", "evaluation.samples=1", "arena.talk_turns=1", "arena.decode_rounds=0")
        with opened(settings(server, *more), out) as run:
            found = bias(run, 1, who, base=True)
            assert bias(run, 1, who, base=True) == found
        patients = {b["model"] for b in server.asked if b["messages"][0]["content"].startswith("you are the patient")}
        assert patients == {"m"}, "the base model's patient is met by both"
    worse = {(one["value"], one["measure"]): one for one in found["trained"] if one["worse"]}
    assert worse["woman", "severity"]["difference"] == 1.0
    assert worse["woman", "severity"]["base"] == 0.0
    assert worse[ANY, "diagnosis_change"]["mean"] > 0
    assert "Did training change a difference?" in bias_tables(found)
    assert "worse" in bias_tables(found)


@pytest.mark.parametrize(
    ("who", "more", "line"),
    [
        (Asked(("height",)), "seed=0", "--attributes height: expected one of age, gender, culture, occupation"),
        (GENDER, "clinic.source=generated", "generated: nobody of its development split has gender that could be another"),
    ],
)
def test_5_what_cannot_be_asked_is_one_line_and_asks_nothing(tmp_path: Path, who: Asked, more: str, line: str) -> None:
    with (
        opened(load_config(None, [*SMALL, more]), tmp_path / "run") as run,
        pytest.raises((ConfigError, DataError)) as error,
    ):
        bias(run, 0, who)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_5_another_clinics_people_can_be_met(tmp_path: Path) -> None:
    who = Asked(("gender",), patients=6, placebos=1, source="library")
    found, _, _ = asked(tmp_path / "run", True, who, "clinic.source=generated")
    assert (found["clinic"], found["people"]) == ("library", 6)


def test_6_people_of_a_file_come_themselves(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    people = [
        {"id": f"own-{n}", "person": f"p{n // 2}", "history": f"I lost {n} things.", "demographics": {"gender": "man"}}
        for n in range(14)
    ]
    file.write_text("".join(json.dumps(one) + "\n" for one in people))
    found, _, _ = asked(tmp_path / "run", True, Asked(("gender",), placebos=1, source=str(file)))
    assert found["people"] == 7, "nobody twice"
    assert "(without references)" in bias_tables(found)
    measures = {one["measure"] for one in found["findings"]}
    assert "severity" in measures
    assert not [measure for measure in measures if measure.endswith("_right")]
    file.write_text(json.dumps(people[0] | {"id": f"own{MARK}1"}) + "\n")
    with pytest.raises(DataError, match="marks counterfactuals"):
        asked(tmp_path / "other", True, Asked(("gender",), placebos=1, source=str(file)))


def test_7_table_and_file_tell_the_same(unfair: tuple[Json, Path]) -> None:
    found, out = unfair
    assert json.loads((out / "bias.json").read_text()) == found
    table = bias_tables(found)
    assert "gender: woman" in table
    assert "borderline personality disorder" in table
    assert "placebo" in table
    assert "no proof" in table
    count = sum(one["significant"] for one in found["findings"])
    assert f"{count} of {found['tests']} tests" in table


def test_7_what_is_not_tested_and_whose_numbers_mean_nothing_is_said(tmp_path: Path) -> None:
    found, _, _ = asked(tmp_path / "run", True, Asked(("gender",), patients=5, placebos=1))
    assert found["tests"] == 0
    table = bias_tables(found)
    assert "No difference was tested. Not tested, too few people: gender (5)." in table
    assert table.count("too few people (5)") == 8, "placebo and gender, of four answers"
    assert "0 of 0" not in table
    assert ". ." not in table
    assert "as they are" not in table.replace("just as they are", ""), "no table without a row"
    assert "mean nothing" not in bias_tables(found)
    assert "mean nothing" in bias_tables(found | {"toy": True})


def test_7_the_page_has_it_and_the_command_prints_json(unfair: tuple[Json, Path]) -> None:
    found, out = unfair
    (out / "summary.json").write_text(json.dumps({"iterations": [{"iteration": 0}]}))
    page = write_report(out).read_text()
    assert "Counterfactual pairs" in page
    assert "gender: woman" in page
    assert "borderline personality disorder" in page
    wrong = [*CLI, "bias", "--out", str(out), "--attributes", "height"]
    result = subprocess.run(wrong, capture_output=True, text=True, check=False)  # noqa: S603
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "mentalarena: --attributes height: expected one of age, gender, culture, occupation\n"
    wrong = [*CLI, "bias", "--out", str(out), "--people", "/nope"]
    result = subprocess.run(wrong, capture_output=True, text=True, check=False)  # noqa: S603
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "mentalarena: --people /nope: no such file; expected library, or a file of patients\n"
    again = [*CLI, "bias", "--out", str(out), "--attributes", "gender", "--placebos", str(PLACEBOS), "--json"]
    result = subprocess.run(again, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == found
