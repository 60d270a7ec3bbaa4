"""Ablations in one run directory.

1  each arm differs from main in what it names: its episodes or its rows, and nothing else
2  what arms ask alike is asked once: an arm that differs only after the dialogue pays for no dialogue again
3  a single kind of row stands alone, beside as much replay a row; the patient's side is what main replays
4  comparisons are paired by patient and adjusted together; the same call asks nothing and changes nothing
5  a name that is no arm, and settings that no arm can learn with, are refused in one line
6  with the embedded model arms are trained, evaluated and compared; held-out patients are never met
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mentalarena.arena.types import ArenaSettings
from mentalarena.errors import ConfigError
from mentalarena.models.backends import EMBEDDED
from mentalarena.models.scripted import ScriptedModel, toy_player
from mentalarena.report.ablation import ablation_table
from mentalarena.settings import load_config
from mentalarena.stages.ablate import ablate
from mentalarena.stages.arms import ARMS, MAIN, arm_of
from mentalarena.stages.build import build
from mentalarena.stages.play import play
from mentalarena.stages.rehearse import rehearse
from mentalarena.stages.run import Json, opened
from mentalarena.training.rows import THERAPIST, Row, read_rows

CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()"]
SCRIPTED = ("models.all.provider=scripted", "play.patients=12", "training.rehearsal=12", "evaluation.resamples=199")
LENIENT = (*SCRIPTED, "training.min_score=1")


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([*CLI, *arguments], capture_output=True, text=True, check=False, env=environment)  # noqa: S603


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablate") / "run"
    with opened(load_config(None, LENIENT), folder) as run:
        ablate(run, trained=False)
    return folder


@pytest.fixture(scope="module")
def told(out: Path) -> Json:
    return dict(json.loads((out / "ablation.json").read_text()))


def rows_of(out: Path, arm: str) -> list[Row]:
    return read_rows(out / "arms" / arm / "iteration-00" / "sft.jsonl")


def test_1_every_arm_is_a_setting_of_the_arena_or_a_choice_of_rows() -> None:
    for name, arm in ARMS.items():
        assert arm.name == name
        ArenaSettings(**arm.settings)
        assert arm.plays == (name == MAIN or bool(arm.settings))
        assert arm.beside in ("", *ARMS)
    assert arm_of("coin-flips-75").settings == {"coin_flips": 0.75}
    assert arm_of(MAIN).settings == {}


def test_1_arms_without_settings_of_their_own_play_nothing(out: Path, told: Json) -> None:
    played = {path.parent.parent.name for path in out.glob("arms/*/iteration-00/episodes.jsonl")}
    assert played == {name for name, arm in ARMS.items() if arm.plays}
    assert [arm["name"] for arm in told["arms"]] == list(ARMS)
    asked = {arm["name"]: arm["calls"]["asked"] for arm in told["arms"]}
    assert {name for name, count in asked.items() if not count} == set(ARMS) - played


def test_1_controls_have_mains_amount_and_replay_dialogue_alone(out: Path) -> None:
    main = Counter(row.kind for row in rows_of(out, MAIN))
    for name in ("shuffled-labels", "unselected", "coin-flips-50", "dialogue-replay"):
        found = Counter(row.kind for row in rows_of(out, name))
        assert all(found[kind] <= main[kind] for kind in THERAPIST)
        assert set(found) - set(THERAPIST) == {"talk"}
    assert set(main) - set(THERAPIST) == {"talk", "choice", "outcome"}
    assert Counter(row.kind for row in rows_of(out, "shuffled-labels"))["diagnosis"] == main["diagnosis"]


def test_1_labels_are_held_against_the_references(told: Json) -> None:
    right = {arm["name"]: arm["labels_right"].get("diagnosis") for arm in told["arms"]}
    assert right[MAIN][0] == 1.0, "the scripted patient is the best possible reader of its profile"
    assert right["shuffled-labels"][0] < 0.5 < right["coin-flips-50"][0] < 1.0
    assert right["patient-alone"] is None


def test_1_a_patient_without_cognition_plays_from_history_and_situation(out: Path) -> None:
    lines = (out / "arms" / "without-encoder" / "iteration-00" / "episodes.jsonl").read_text().splitlines()
    prompts = [json.loads(line)["views"]["patient"][0]["content"] for line in lines]
    assert len(prompts) == 12
    assert all("situation:" in prompt and "automatic thoughts:" not in prompt for prompt in prompts)


def test_2_an_arm_that_differs_after_the_dialogue_pays_for_no_dialogue_again(tmp_path: Path) -> None:
    with opened(load_config(None, SCRIPTED), tmp_path / "run") as run:
        play(run, 0, run.base)
        run.backends.scripted = model = ScriptedModel(toy_player)
        played = play(run, 0, run.base, "coin-flips-100")
        assert (played["calls"], played["replayed"] > 300) == (len(model.requests), True)
        asked = {m[-1].content.splitlines()[-1] for m, _ in model.requests}
        after = ("which treatment do", "which medicine do", "suggest another", "imagine that you get", "what is the score?")
        assert asked, "what follows on a coin's choice is new"
        assert not [question for question in asked if not question.startswith(after)]
        again = play(run, 0, run.base, "unselected")
        assert (again["calls"], again["replayed"] > 300) == (0, True)


def test_2_shared_requests_are_counted(told: Json) -> None:
    calls = {arm["name"]: arm["calls"] for arm in told["arms"]}
    assert calls[MAIN]["shared"] == 0
    assert calls["unselected"]["shared"] == calls["unselected"]["asked"] > 0
    assert 0 < calls["without-guidance"]["shared"] < calls["without-guidance"]["asked"]
    assert calls["without-rounds"]["shared"] > calls["without-rounds"]["asked"] / 3


def test_3_one_kind_alone_and_the_patients_side_alone(out: Path) -> None:
    main = rows_of(out, MAIN)
    amount = Counter(row.kind for row in main)
    for kind in THERAPIST:
        own = rows_of(out, f"{kind}-alone")
        assert [row for row in own if row.kind in THERAPIST] == [row for row in main if row.kind == kind]
        assert len(own) - amount[kind] <= 6 * amount[kind]
    side = [row for row in main if row.kind not in THERAPIST]
    assert rows_of(out, "patient-alone") == side != []
    fewer = Counter(row.kind for row in rows_of(out, "equal-rows"))
    assert [fewer[kind] for kind in THERAPIST] == [round(amount[kind] / 3) for kind in THERAPIST]


def test_3_without_cognition_the_papers_rows_hold_no_cognitive_model_either(tmp_path: Path) -> None:
    with opened(load_config(None, [*LENIENT, "training.input=profile"]), tmp_path / "run") as run:
        for arm in (MAIN, "without-cognition"):
            play(run, 0, run.base, arm)
            rehearse(run, run.base)
            build(run, 0, arm)
        texts = {
            arm: "\n".join(row.prompt[-1].content for row in rows_of(run.out, arm) if row.kind == "diagnosis")
            for arm in (MAIN, "without-cognition")
        }
    assert ["automatic thoughts:" in texts[arm] for arm in texts] == [True, False]
    assert all("situation:" in text for text in texts.values())


def test_4_the_same_call_asks_nothing_and_changes_nothing(out: Path) -> None:
    before = {p: p.read_bytes() for p in out.rglob("*") if p.suffix in (".json", ".jsonl")}
    with opened(load_config(None, LENIENT), out) as run:
        ablate(run, trained=False)
        assert run.journal.paid == 0
    assert {p: p.read_bytes() for p in before} == before


def test_4_the_command_prints_what_was_learnt_from_and_the_report_shows_it(out: Path) -> None:
    result = call("ablate", "--out", str(out), "--iteration-free", "--arms", "unselected", "--quiet")
    assert result.returncode == 0, result.stderr
    assert "unselected: nobody is asked for a verdict" in result.stdout
    assert "without-guidance" not in result.stdout
    assert "Nothing was trained." in result.stdout
    page = (out / "report.html").read_text()
    assert "<h2>Ablations</h2>" in page
    assert "nobody is asked for a verdict" in page


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--arms", "without-decoders"], "no arm 'without-decoders'; did you mean without-decoder?"),
        (["--arms", "coin-flips-101"], "no arm 'coin-flips-101'"),
        (["--arms", "../main"], "no arm '../main'"),
        (["--set", "training.method=dpo"], "'dpo' has no arms yet"),
        (["--set", "training.trained=patient"], "'patient' learns no row of the therapist's"),
        ([], "provider 'scripted' cannot be trained"),
    ],
)
def test_5_what_cannot_be_compared_is_refused_in_one_line(arguments: list[str], expected: str, tmp_path: Path) -> None:
    settings = [word for setting in SCRIPTED for word in ("--set", setting)]
    result = call("ablate", "--out", str(tmp_path / "run"), "--quiet", *settings, *arguments)
    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run" / "arms").exists()


def test_5_an_unknown_arm_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="expected one of main, equal-rows, "):
        arm_of("qqq")


@pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="needs the embedded weights")
def test_6_arms_are_trained_evaluated_and_compared(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    small = [
        "play.patients=8", "training.rehearsal=4", "training.epochs=1", "training.batch_size=4", "evaluation.resamples=199",
        "training.min_score=1", "training.replay=1", "models.all.workers=1",
    ]  # fmt: skip
    out = tmp_path / "run"
    command = ["ablate", "--out", str(out), "--patients", "4", "--json", "--quiet"]
    command += [word for setting in small for word in ("--set", setting)]
    result = call(*command, "--arms", "equal-rows", "--arms", "diagnosis-alone")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told == json.loads((out / "ablation.json").read_text())
    assert [arm["name"] for arm in told["arms"]] == [MAIN, "equal-rows", "diagnosis-alone"]
    assert len({arm["model"] for arm in told["arms"]}) == 3
    pairs = Counter((one["arm"], one["against"]) for one in told["comparisons"])
    assert pairs == {("equal-rows", MAIN): 3, ("diagnosis-alone", MAIN): 3, ("diagnosis-alone", "equal-rows"): 3}
    for one in told["comparisons"]:
        assert one["n"] == 4
        assert one["ci95"][0] <= one["difference"] <= one["ci95"][1]
        assert one["p"] <= one["p_holm"] <= 1
        assert one["p_holm"] >= told["least_p"] or one["n"] < 8, "few patients have all permutations gone through"
    for arm in told["arms"]:
        assert arm["evaluation"]["diagnosis"]["n"] == 4
        assert arm["evaluation"]["verifier_choice"]["n"] == 4
        assert arm["calls"]["asked"] > arm["calls"]["shared"]
    table = ablation_table(told)
    assert "diagnosis-alone - equal-rows" in table
    assert "Ablations on 4 development patients" in table
    assert not list((out / "evaluation").glob("*held*"))
    assert "Ablations" in (out / "report.html").read_text()
    adapters = {path: path.stat().st_mtime_ns for path in out.rglob("adapter_model.safetensors")}
    again = call(*command, "--arms", "diagnosis-alone", "--arms", "equal-rows")
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in out.rglob("adapter_model.safetensors")} == adapters
    assert {one["p"] for one in json.loads(again.stdout)["comparisons"]} == {one["p"] for one in told["comparisons"]}
