"""What of a run may go out.

1  therapist's rows alone, the patient's side when asked, never a control arm's
2  what the audit holds back takes what hangs on it along, and is counted
3  licences and repetitions leave rows out, and are counted
4  a file that the audit has not seen, or that is torn, is told in one line
"""

import json
import shutil
from pathlib import Path

import pytest

from mentalarena.audit.record import AuditRecord, read_audit
from mentalarena.errors import DataError
from mentalarena.export.gather import Gathered, gather, played_iterations
from tests.export.making import audited, licensed, lines, played, rewrite

SFT, PAIRS, EPISODES = (f"arms/main/iteration-00/{name}" for name in ("sft.jsonl", "preferences.jsonl", "episodes.jsonl"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("gather") / "run", "play.patients=12", "arena.trials=3", "arena.good_score=10")


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    shutil.copytree(shared, tmp_path / "run", symlinks=True)
    return tmp_path / "run"


def record_of(out: Path) -> AuditRecord:
    record = read_audit(out)
    assert record is not None
    return record


def taken(out: Path, patient_side: bool = False, only: tuple[str, ...] = ()) -> Gathered:
    return gather(out, played_iterations(out), record_of(out), patient_side, only)


def test_1_the_therapists_rows_alone(out: Path) -> None:
    found = taken(out)
    assert {one.kind for one in found.rows} == {"diagnosis", "treatment", "medicine"}
    assert len(found.pairs) > 0
    assert len(found.talks) == 12


def test_1_the_patients_side_when_asked(out: Path) -> None:
    kinds = {one.kind for one in taken(out, patient_side=True).rows}
    assert {"diagnosis", "talk", "choice", "outcome"} <= kinds


def test_1_control_arms_are_no_part_of_it(out: Path) -> None:
    before = taken(out)
    shutil.copytree(out / "arms" / "main", out / "arms" / "unselected")
    shutil.move(out / "arms" / "unselected" / "iteration-00", out / "arms" / "unselected" / "iteration-01")
    audited(out)
    after = taken(out)
    assert played_iterations(out) == [0]
    assert [(one.file, one.line) for one in after] == [(one.file, one.line) for one in before]
    assert all(one.file.startswith("iteration-00/") for one in after)


def test_1_a_talk_holds_nothing_of_the_profile_that_was_not_said(out: Path) -> None:
    records = lines(out / EPISODES)
    for record in records:
        record["views"]["patient"][0]["content"] += " CANARY-PROFILE"
        record["views"]["therapist"][-1]["content"] += " CANARY-NOTES"
        record["views"]["patient"][1]["content"] += " CANARY-SAID"
    rewrite(out / EPISODES, records)
    audited(out)
    told = json.dumps([one.what for one in taken(out).talks])
    assert "CANARY-SAID" in told
    assert "CANARY-PROFILE" not in told
    assert "CANARY-NOTES" not in told


def test_2_a_row_takes_its_pairs_and_its_talk_along(out: Path) -> None:
    rows, pairs = lines(out / SFT), lines(out / PAIRS)
    asked = {(pair["lineage"]["episode"], pair["kind"]) for pair in pairs}
    number = next(
        n for n, row in enumerate(rows) if row["kind"] != "diagnosis" and (row["lineage"]["episode"], row["kind"]) in asked
    )
    assert rows[number]["kind"] in ("treatment", "medicine")
    episode, kind = rows[number]["lineage"]["episode"], rows[number]["kind"]
    hanging = sum((pair["lineage"]["episode"], pair["kind"]) == (episode, kind) for pair in pairs)
    before = taken(out)
    audited(out, {SFT: [number]})
    found = taken(out)
    assert len(before.rows) - len(found.rows) == 1
    assert found.held_back == {"rows": 1, "pairs": hanging, "talks": 1}
    assert not any((one.lineage.episode, one.kind) == (episode, kind) for one in found if one.kind != "dialogue")
    assert any(one.lineage.episode == episode for one in found.rows), "the episode's other rows stay"
    assert not any(one.lineage.episode == episode for one in found.talks)
    after = [row for row in rows if row["lineage"]["episode"] == episode and row["kind"] in ("outcome", "score")]
    assert len(found.taught) == 1 + hanging + len(after)


def test_2_a_diagnosis_takes_all_that_is_built_on_it_along(out: Path) -> None:
    rows = lines(out / SFT)
    number = next(n for n, row in enumerate(rows) if row["kind"] == "diagnosis")
    episode, said = rows[number]["lineage"]["episode"], rows[number]["completion"][0]
    assert any(said in row["prompt"] for row in rows), "it stands in other rows' prompts"
    for row in rows:  # in other words, which no search would find
        row["prompt"] = [m | {"content": m["content"].replace("diagnosis: ", "it is ")} for m in row["prompt"]]
    rewrite(out / SFT, rows)
    audited(out)
    before = [one for one in taken(out, patient_side=True) if one.lineage.episode == episode]
    assert {one.kind for one in before} >= {"diagnosis", "treatment", "medicine"}
    audited(out, {SFT: [number]})
    after = [one for one in taken(out, patient_side=True) if one.lineage.episode == episode]
    assert {one.kind for one in after} <= {"talk"}


def test_2_a_talk_tells_only_what_its_rows_teach(out: Path) -> None:
    rows, records = lines(out / SFT), lines(out / EPISODES)
    episode = records[0]["id"]
    for trial in records[0]["trials"]:
        if trial["kind"] == "medicine":
            trial["proposal"] = "herbal drops"
    rewrite(out / EPISODES, records)
    rewrite(out / SFT, [row for row in rows if (row["lineage"]["episode"], row["kind"]) != (episode, "treatment")])
    audited(out)
    talks = {one.lineage.episode: one.what for one in taken(out).talks}
    assert (talks[episode]["medicine"], talks[episode]["medicine_score"], talks[episode]["treatment"]) == (None,) * 3
    assert talks[episode]["diagnosis"] in talks[episode]["candidates"]
    assert sum(talk["medicine"] is not None for talk in talks.values()) > 5
    rewrite(out / SFT, [row for row in rows if row["kind"] != "diagnosis"])
    audited(out)
    assert all(one.what["diagnosis"] is None and one.what["candidates"] == [] for one in taken(out).talks)


def test_2_what_is_held_back_in_other_iterations_may_have_been_learnt(out: Path) -> None:
    shutil.copytree(out / "arms/main/iteration-00", out / "arms/main/iteration-01")
    rewrite(out / "arms/main/iteration-01/sft.jsonl", lines(out / SFT)[:1])
    audited(out, {"arms/main/iteration-01/sft.jsonl": [0]})
    found = gather(out, [0], record_of(out))
    assert found.held_back == {}
    assert found.taught


def test_1_folders_that_are_no_iteration_are_none(out: Path) -> None:
    for name in ("old", "bak", "1", "²0"):
        shutil.copytree(out / "arms/main/iteration-00", out / f"arms/main/iteration-{name}")
    assert played_iterations(out) == [0]


def test_2_a_reply_of_the_patient_takes_its_talk_along(out: Path) -> None:
    number = next(n for n, row in enumerate(lines(out / SFT)) if row["kind"] == "talk")
    audited(out, {SFT: [number]})
    found = taken(out, patient_side=True)
    assert found.held_back == {"rows": 1, "talks": 1}
    assert len(found.talks) == 11


def test_2_an_episode_takes_everything_along_and_a_pair_itself(out: Path) -> None:
    episode = lines(out / EPISODES)[3]["id"]
    before = taken(out, patient_side=True)
    audited(out, {EPISODES: [3]})
    after = taken(out, patient_side=True)
    assert any(one.lineage.episode == episode for one in before.rows)
    assert not any(one.lineage.episode == episode for one in after)
    assert after.held_back["talks"] == 1
    audited(out, {PAIRS: [0, 1]})
    found = taken(out, patient_side=True)
    assert found.held_back == {"pairs": 2}
    assert (len(found.rows), len(found.talks)) == (len(before.rows), len(before.talks))


def test_2_rows_are_found_by_either_name_of_the_main_arm(out: Path) -> None:
    audited(out, {SFT: [0]})
    assert record_of(out).held_back("iteration-00/sft.jsonl") == record_of(out).held_back(SFT) == {0}


def test_3_only_rows_under_a_licence(out: Path) -> None:
    licensed(out, {0: "CC BY 4.0", 1: "cc-by-4.0", 2: "CC-BY-NC-4.0"})
    found = taken(out, only=("CC-BY-4.0",))
    assert {one.lineage.patient_licence for one in found} == {"CC BY 4.0", "cc-by-4.0"}
    assert len(found.rows) + found.other_licence["rows"] == len(taken(out).rows)


def test_3_repetitions_are_left_out_whoever_they_are_of(out: Path) -> None:
    rows = lines(out / SFT)
    twin = json.loads(json.dumps(rows[0]))
    twin["lineage"]["patient"] = rows[-1]["lineage"]["patient"]
    rewrite(out / SFT, [*rows, twin])
    audited(out)
    found = taken(out)
    assert found.repeated["rows"] == 1
    assert [one.line for one in found.rows if one.what.prompt == found.rows[0].what.prompt] == [found.rows[0].line]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("prompt", [{"role": "user", "content": 5}], "sft.jsonl:1: no row (0.content: "),
        ("prompt", [{"role": "tool", "content": "x"}], "sft.jsonl:1: no row (0.role: "),
        ("completion", "text", "sft.jsonl:1: no row"),
        ("completion", [], "sft.jsonl:1: no row (IndexError"),
        ("lineage", {"episode": "e"}, "sft.jsonl:1: no row (iteration: "),
    ],
)
def test_4_a_row_that_is_none_is_told(field: str, value: object, told: str, out: Path) -> None:
    rows = lines(out / SFT)
    rows[0][field] = value
    rewrite(out / SFT, rows)
    audited(out)
    with pytest.raises(DataError) as caught:
        taken(out)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_4_a_file_that_the_audit_has_not_seen(out: Path) -> None:
    record = record_of(out)
    blind = AuditRecord(record.status, record.gates, record.rows, {})
    with pytest.raises(DataError, match="the audit has not examined it"):
        gather(out, [0], blind)
    with pytest.raises(DataError, match="expected rows of `mentalarena build --iteration 5`"):
        gather(out, [5], record)
