"""Ranking on a run directory, with scripted models of known skill behind a server that tells them apart by name.

1  a better therapist ranks first, with an interval; one model under two names ties
2  all contestants meet the same patients, and the same model plays them
3  a patient who hides ranks last by what a therapist comes to; one who judges wrongly, by its verdicts
4  the cross table has a cell for each patient with each therapist, and the first is the plain evaluation of iteration 0
5  a ranking that is asked for again pays nothing; held-out looks are counted once, also then
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
from aiohttp import web

from mentalarena.errors import TooManyFailures
from mentalarena.evaluation.therapist import TASKS
from mentalarena.models.publish import revision_of
from mentalarena.stages.contest import cross, rank_patients
from mentalarena.stages.contestants import contestants
from mentalarena.stages.evaluate import evaluate
from mentalarena.stages.run import opened
from tests.models.fake_server import FakeServer
from tests.stages.skilled import (
    DEVELOPMENT,
    HELD_OUT,
    SCRIPTS,
    expert,
    looks,
    mute,
    names,
    played_by,
    ranked,
    records,
    settings,
    with_iteration,
)

CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()", "rank"]


def test_1_a_better_therapist_ranks_first_with_an_interval(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    found, _ = ranked(settings(fake), out, [guest("mute"), guest("expert")], iterations="0")
    assert names(found) == ["expert", "iteration-00", "mute"]
    measure = found["measures"]["answers"]
    best, middle, worst = measure["ranking"]
    assert best["ranks95"] == [1, 1]
    assert best["strength_ci95"][0] > middle["strength"] > worst["strength_ci95"][1]
    assert (worst["score"], worst["invalid"]) == (0.0, 1.0)
    assert measure["n"] == DEVELOPMENT
    assert 0 < measure["constant_baseline"] < 1
    pair = next(p for p in measure["pairs"] if (p["first"], p["second"]) == ("iteration-00", "expert"))
    assert pair["ci95"][1] < 0, "the interval of the difference says who is better"
    assert pair["difference"] == pytest.approx(middle["score"] - best["score"], abs=1e-4)
    assert (
        json.loads((out / "evaluation" / "arena-therapists-development.json").read_text())["output"].items()
        <= found.items()
    )


def test_1_one_model_under_two_names_ties(fake: FakeServer, guest: Callable[..., str], tmp_path: Path) -> None:
    found, _ = ranked(settings(fake), tmp_path / "run", [guest("toy", "one"), guest("toy", "two")])
    pair = found["measures"]["answers"]["pairs"][0]
    assert (pair["difference"], pair["ci95"], pair["p"], pair["p_holm"]) == (0.0, [0.0, 0.0], 1.0, 1.0)
    assert (pair["wins"], pair["ties"], pair["losses"]) == (0, DEVELOPMENT, 0)
    assert [row["ranks95"] for row in found["measures"]["answers"]["ranking"]] == [[1, 2], [1, 2]]


def test_2_all_meet_the_same_patients_and_the_same_model_plays_them(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    one = with_iteration(out, 1, expert)
    ranked(settings(fake), out, [guest("mute")], iterations=None)
    met = [
        [record["patient"] for record in records(out, f"arena-base+{name}-development.jsonl")]
        for name in ("base", "iteration-01", "mute")
    ]
    assert met[0] == met[1] == met[2]
    assert len(set(met[0])) == DEVELOPMENT
    assert played_by(fake, "patient") == played_by(fake, "judge") == {"m"}
    assert played_by(fake, "therapist") == {"m", one, "mute"}


def test_3_who_hides_ranks_last_by_answers_and_who_judges_wrongly_by_verdicts(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    found, _ = ranked(settings(fake), out, [guest("mute"), guest("contrary")], rank_patients, "0")
    assert names(found)[-1] == "mute"
    assert names(found, "verdicts")[-1] == "contrary"
    verdicts = {row["name"]: row for row in found["measures"]["verdicts"]["ranking"]}
    assert verdicts["contrary"]["checks"]["choice"] == 0.0
    assert verdicts["mute"]["score"] == verdicts["iteration-00"]["score"] > 0.5
    assert played_by(fake, "therapist") == played_by(fake, "judge") == {"m"}, "they stay the base model"


def test_4_the_cross_table_has_each_with_each_and_the_first_cell_is_the_plain_evaluation(
    fake: FakeServer, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shy, knowing = with_iteration(out, 1, mute), with_iteration(out, 2, expert)
    with opened(settings(fake), out) as run:
        plain = evaluate(run, run.base, "development", "iteration-00")
        plain_calls = run.journal.paid
        patients, therapists = contestants(run, "0,1", ()), contestants(run, "iteration-00,1,2", ())
        found = cross(run, patients[:1], therapists[:1], "development")
        assert run.journal.paid == plain_calls, "what the evaluation asked is not asked again"
        found = cross(run, patients, therapists, "development")
    assert [len(row) for row in found["cells"]] == [3, 3]
    assert (found["patients"], found["therapists"][-1]) == (["iteration-00", "iteration-01"], "iteration-02")
    first = found["cells"][0][0]
    assert first["tasks"] == {task: pytest.approx(plain[task]["probability"]) for task in TASKS}
    assert first["probability"] == pytest.approx(sum(plain[task]["probability"] for task in TASKS) / 3)
    assert first["ci95"][0] <= first["probability"] <= first["ci95"][1]
    plainly = [r["probability"] for r in records(out, "iteration-00-development.jsonl")]
    crossed = [r["probability"] for r in records(out, "arena-base+base-development.jsonl")]
    assert plainly == crossed
    cells = [[cell["probability"] for cell in row] for row in found["cells"]]
    assert cells[0][2] > cells[0][0] > cells[0][1] == cells[1][1] == 0
    assert cells[1][2] < cells[0][2], "a patient who hides costs the best therapist too"
    assert played_by(fake, "patient") == {"m", shy}
    assert played_by(fake, "therapist") == {"m", shy, knowing}


def test_5_a_resumed_ranking_pays_nothing_and_its_looks_are_counted_once(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    out, models = tmp_path / "run", [guest("expert"), guest("toy")]
    first, paid = ranked(settings(fake), out, models, split="held_out")
    assert paid > 0
    assert looks(out) == ["arena-base+expert", "arena-base+toy"]
    assert first["held_out_looks"] == 2
    asked = len(fake.asked)
    assert ranked(settings(fake), out, models, split="held_out") == (first, 0)
    for file in (out / "evaluation").glob("arena-*"):
        file.unlink()
    assert ranked(settings(fake), out, models, split="held_out") == (first, 0), "the journal has every reply"
    assert len(fake.asked) == asked
    assert len(looks(out)) == 2
    third, paid = ranked(settings(fake), out, [*models, guest("mute")], split="held_out")
    assert third["held_out_looks"] == 3
    assert {b["model"] for b in fake.asked[asked:]} == {"mute", "m"}, "only who is new is met"
    _, paid = ranked(settings(fake), out, models, rank_patients, split="held_out")
    assert paid > 0
    assert looks(out)[3:] == ["arena-expert+base", "arena-toy+base"], "one look a patient, interviews and verdicts"


def test_5_a_ranking_that_an_outage_ended_has_seen_nothing_and_goes_on(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    out, models, respond = tmp_path / "run", [guest("toy"), guest("expert")], fake.respond
    fake.respond = lambda body, number: web.Response(status=503) if body["model"] == "expert" else respond(body, number)
    with pytest.raises(TooManyFailures, match="expert"):
        ranked(settings(fake), out, models, split="held_out")
    assert looks(out) == ["arena-base+toy"]
    fake.respond, asked = respond, len(fake.asked)
    found, _ = ranked(settings(fake), out, models, split="held_out")
    assert looks(out) == ["arena-base+toy", "arena-base+expert"]
    assert found["held_out_looks"] == 2
    assert "toy" not in {b["model"] for b in fake.asked[asked:]}


def test_5_other_weights_under_the_name_of_an_iteration_are_met_anew(fake: FakeServer, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with_iteration(out, 1, mute)
    before, _ = ranked(settings(fake), out, [], iterations=None)
    adapter = out / "arms" / "main" / "iteration-01" / "adapter"
    (adapter / "adapter_model.safetensors").write_bytes(b"better")
    SCRIPTS[f"mentalarena-{revision_of(adapter)}"] = expert
    after, _ = ranked(settings(fake), out, [], iterations=None)
    assert names(before) == ["iteration-00", "iteration-01"]
    assert names(after) == ["iteration-01", "iteration-00"]


def test_the_command_prints_intervals_baselines_and_looks(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with opened(settings(fake), out):
        pass
    arguments = [*CLI, "--out", str(out), "--iterations", "0", "--model", guest("expert"), "--quiet"]

    def called(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*arguments, *more], capture_output=True, text=True, check=False)  # noqa: S603

    shown = called("--cross", "--held-out")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"On {HELD_OUT} held-out patients; the best constant answers score" in shown.stdout
    assert re.search(r"1 +1(-2)? +expert +[+]\d", shown.stdout), "rank, ranks, name, strength"
    assert re.search(r"iteration-00 - expert +-\d+\.\d \(-\d", shown.stdout), "a difference with its interval"
    assert re.search(r"\n +iteration-00 +\d+\.\d \(\d+\.\d-\d+\.\d\) +\d+\.\d \(", shown.stdout), "a row of the cross table"
    assert "were met 4 times" in shown.stdout, "four pairings; iteration 0 is the base, and meets nobody twice"
    assert "Toy clinic" in shown.stdout
    told = json.loads(called("--as", "patient", "--json").stdout)
    assert set(told["measures"]) == {"answers", "verdicts"}
    assert told["held_out_looks"] is None
    wrong = called("--as", "judge")
    assert (wrong.returncode, wrong.stderr) == (2, "mentalarena: --as judge: expected therapist or patient\n")
