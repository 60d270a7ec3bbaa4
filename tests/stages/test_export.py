"""The export stage and its command.

1  an export holds every configuration in both splits, with lineage; the same command gives the same bytes
2  audit first, leave out what is held back, refuse when a gate failed, and say in the card what was overridden
3  licences: refused with the rows named, each way out works, and the card tells
4  splits: no person in both, through counterfactuals and situations; the file of patients may move and may not be gone
5  hostile names break no card
6  every wrong call is one line and exit code 2, and leaves nothing
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mentalarena.audit.gates import LEFT_OUT, NOTHING
from mentalarena.clinic.counterfactual import counterfactuals
from mentalarena.clinic.files import write_patients
from mentalarena.clinic.library import library
from mentalarena.errors import DataError
from mentalarena.export.plan import ExportOptions
from mentalarena.stages.export import export_run, numbers_of
from mentalarena.stages.run import Json, config_in
from tests.export.making import (
    GATE,
    SFT,
    audited,
    card_of,
    export,
    fake_weights,
    header_of,
    licensed,
    lines,
    of_patients,
    played,
    refused,
    rewrite,
    set_base,
)

CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()"]
CONFIGURATIONS = ["messages", "prompt_completion", "preference", "sharegpt", "alpaca", "dialogues"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("export") / "run", "play.patients=16", "arena.good_score=10", iterations=2)


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    shutil.copytree(shared, tmp_path / "run", symlinks=True)
    return tmp_path / "run"


def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*CLI, "export", *map(str, words)], capture_output=True, text=True, check=False)  # noqa: S603


def records_of(to: Path, configuration: str, split: str) -> list[dict[str, Any]]:
    return lines(to / "data" / configuration / f"{split}.jsonl")


def all_of(to: Path) -> list[dict[str, Any]]:
    return [record for path in sorted((to / "data").rglob("*.jsonl")) for record in lines(path)]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_1_every_configuration_in_both_splits_with_lineage(out: Path, tmp_path: Path) -> None:
    told = export(out, tmp_path / "export")
    assert list(told["configurations"]) == CONFIGURATIONS
    header = header_of(card_of(tmp_path / "export"))
    assert [one["config_name"] for one in header["configs"]] == CONFIGURATIONS
    assert [one.get("default", False) for one in header["configs"]] == [True, *[False] * 5]
    for name, by_split in told["configurations"].items():
        for split, count in by_split.items():
            records = records_of(tmp_path / "export", name, split)
            assert len(records) == count > 0
            for record in records:
                assert record["episode"]
                assert record["model"] == "scripted"
                assert (record["source"], record["licence"]) == ("generated", "Apache-2.0")
                assert record["iteration"] in (0, 1)
    assert {record["kind"] for record in records_of(tmp_path / "export", "messages", "train")} == {
        "diagnosis",
        "treatment",
        "medicine",
    }


def test_1_the_card_tells_what_a_reader_would_mistake(out: Path, tmp_path: Path) -> None:
    export(out, tmp_path / "export")
    card = card_of(tmp_path / "export")
    rows = [*records_of(tmp_path / "export", "alpaca", "train"), *records_of(tmp_path / "export", "alpaca", "dev")]
    row = next(line for line in card.splitlines() if line.startswith("| `alpaca` |"))
    assert int(row.split("|")[-3]) == len({record["output"] for record in rows}) < len(rows)
    assert 'size_categories: ["n<1K"]' in card
    assert "the therapist's own notes and the questions of the procedure stand in user turns too" in card
    again = [line for line in card.splitlines() if line.startswith("mentalarena ")]
    assert [line.split()[1] for line in again] == ["run", "audit", "export"]


def test_1_the_same_command_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    export(out, tmp_path / "one")
    export(out, tmp_path / "other")
    export(out, tmp_path / "one")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "other")
    moved = shutil.move(out, tmp_path / "elsewhere")
    export(Path(moved), tmp_path / "other")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "other"), "and does not hang on where the run lies"


def test_1_iterations_and_sides_are_chosen(out: Path, tmp_path: Path) -> None:
    export(out, tmp_path / "one", iterations=(1,))
    assert {record["iteration"] for record in all_of(tmp_path / "one")} == {1}
    export(out, tmp_path / "two", patient_side=True)
    kinds = {record["kind"] for record in records_of(tmp_path / "two", "messages", "train")}
    assert {"talk", "choice", "outcome"} <= kinds
    assert "iteration 7" not in refused(out, tmp_path / "three", iterations=(7,))
    assert numbers_of("0, 1") == (0, 1)


def test_2_the_audit_comes_first_where_there_is_no_current_record(out: Path, tmp_path: Path) -> None:
    asked: list[Path] = []

    def audit(folder: Path) -> None:
        asked.append(folder)
        audited(folder, {SFT: [0]})

    first, *others = lines(out / SFT)
    own = [row for row in others if row["lineage"]["episode"] == first["lineage"]["episode"]]
    built_on = 1 + sum(row["kind"] in ("treatment", "medicine") for row in own)

    def run() -> Json:
        return export_run(config_in(out), out, tmp_path / "export", ExportOptions(), audit)

    assert run()["held_back"] == {}
    assert asked == []
    (out / "audit.json").unlink()
    assert run()["held_back"]["rows"] == built_on
    assert asked == [out]
    rows = lines(out / SFT)
    rewrite(out / SFT, rows[:-1])
    run()
    assert asked == [out, out], "a record of other rows is none"
    audited(out, gates=[{**GATE, "status": "not done", "note": LEFT_OUT}])
    run()
    assert asked == [out] * 3, "and neither is one that left a check out"
    rewrite(out / SFT, rows[:-2])
    with pytest.raises(DataError, match="the audit left no record"):
        export_run(config_in(out), out, tmp_path / "export", ExportOptions(), lambda folder: None)


def test_2_what_is_held_back_is_in_no_configuration_and_in_the_card(out: Path, tmp_path: Path) -> None:
    rows = lines(out / SFT)
    held = [number for number, row in enumerate(rows) if row["lineage"]["episode"] == rows[0]["lineage"]["episode"]]
    audited(out, {SFT: held}, [{**GATE, "status": "held back", "findings": len(held), "note": "no safety step"}])
    told = export(out, tmp_path / "export")
    episode = rows[0]["lineage"]["episode"]
    assert not any(record["episode"] == episode for record in all_of(tmp_path / "export"))
    assert told["held_back"]["rows"] == sum(rows[n]["kind"] in ("diagnosis", "treatment", "medicine") for n in held)
    card = card_of(tmp_path / "export")
    assert "| crisis | held back | 10 |" in card
    assert (
        f"the audits hold back {len(held)} lines in all files (rows, pairs, episodes) of all arms, {len(held)} of them"
        in card
    )
    assert f"rows {told['held_back']['rows']}, talks 1 that the audits hold back" in card_of(tmp_path / "export")


def test_2_a_failed_gate_is_refused_by_name_and_overridden_in_bold(out: Path, tmp_path: Path) -> None:
    failed = {**GATE, "check": "over-diagnosis", "status": "failed", "findings": 4, "note": "share 0.5"}
    audited(out, gates=[GATE, failed])
    assert refused(out, tmp_path / "export") == (
        "audit: failed at over-diagnosis: share 0.5; expected it to be mended, or --despite 'over-diagnosis', which the card "
        "then says in bold letters"
    )
    assert "no such gate; expected one of crisis, over-diagnosis" in refused(out, tmp_path / "export", despite=("dose",))
    told = export(out, tmp_path / "export", despite=("over-diagnosis",))
    assert told["despite"] == ["over-diagnosis"]
    assert "**Exported despite the audit gate `over-diagnosis` (failed): 4 findings. share 0.5**" in card_of(
        tmp_path / "export"
    )


def test_2_a_note_of_a_gate_names_no_folder_of_a_machine(out: Path, tmp_path: Path) -> None:
    note = "see /home/me/secret/list.txt, 'C:\\Users\\me\\x.csv' (file:///srv/me/y.txt) at=~/me/z; 3/10 and/or"
    audited(out, gates=[{**GATE, "note": note}])
    export(out, tmp_path / "export")
    card = card_of(tmp_path / "export")
    assert "see list.txt, 'x.csv' (y.txt) at=z; 3/10 and/or" in card
    assert not re.search("home|Users|srv|/me/", card)


def test_5_the_commands_are_read_by_a_shell_as_they_were_given(out: Path, tmp_path: Path) -> None:
    odd = 'it\'s `x` ```` $(y) | <z> "q"'
    audited(out, gates=[{**GATE, "check": odd, "status": "failed"}])
    export(out, tmp_path / "export", despite=(odd,))
    block = card_of(tmp_path / "export").split("\n`````\n")[1]
    assert shlex.split(block.replace("\\\n", ""))[-2:] == ["--despite", odd]


def test_3_licences_that_conflict_are_refused_with_rows_and_a_way_out(out: Path, tmp_path: Path) -> None:
    licensed(out, {0: "CC-BY-SA-4.0", 1: "CC-BY-NC-4.0"})
    told = refused(out, tmp_path / "export")
    assert re.search(r"CC-BY-SA-4.0 \(iteration-00/sft.jsonl:1 \(patient play-0-\w+\)", told)
    assert "--only-licence 'CC-BY-NC-4.0'" in told
    named = lines(out / "export-refused.jsonl")
    assert {row["licence"] for row in named} == {"CC-BY-SA-4.0", "CC-BY-NC-4.0"}
    assert {row["file"].rsplit("/")[-1] for row in named} == {"sft.jsonl", "preferences.jsonl", "episodes.jsonl"}
    assert all(row["why"] == "not with CC-BY-SA-4.0, CC-BY-NC-4.0" for row in named)
    found = export(out, tmp_path / "export", only=("cc by-sa 4.0", "Apache-2.0"))
    assert found["licence"] == "CC-BY-SA-4.0"
    assert found["other_licence"]["talks"] == 1
    assert {record["licence"] for record in all_of(tmp_path / "export")} == {"CC-BY-SA-4.0", "Apache-2.0"}
    assert header_of(card_of(tmp_path / "export"))["license"] == "cc-by-sa-4.0"


def test_3_unstated_needs_consent_and_no_derivatives_has_no_way(out: Path, tmp_path: Path) -> None:
    licensed(out, {2: "unstated"})
    assert "--licence-unstated ok, where you know that you may" in refused(out, tmp_path / "export")
    found = export(out, tmp_path / "one", unstated_ok=True)
    assert found["unstated"] > 0
    card = card_of(tmp_path / "one")
    assert f"**{found['unstated']} records come from patients whose licence nobody has stated." in card
    assert header_of(card)["license"] == "unknown"
    licensed(out, {2: "CC BY-ND 4.0"})
    assert "gives no leave to share what is derived from it" in refused(out, tmp_path / "export", unstated_ok=True)
    export(out, tmp_path / "two", only=("Apache-2.0",))


def test_3_the_library_goes_out_under_its_own_licence(out: Path, tmp_path: Path) -> None:
    of_patients(out, [patient for person in library() for patient in person.patients()], "library")
    told = export(out, tmp_path / "export", patient_side=True)
    assert told["licence"] == "CC-BY-4.0"
    card = card_of(tmp_path / "export")
    assert "| mentalarena library | CC-BY-4.0 | CC-BY-4.0 |" in card
    assert "behaviour principles: the package's own (CC-BY-4.0)" in card


@pytest.fixture
def varied(out: Path, tmp_path: Path) -> Path:
    """A run on a file of persons with several situations and counterfactuals."""
    own = [patient for person in library()[:6] for patient in person.patients()]
    patients = counterfactuals(own, ("gender", "age"), each=1)[::2]
    write_patients(tmp_path / "people.jsonl", patients)
    of_patients(out, patients, str(tmp_path / "people.jsonl"))
    return out


def test_4_no_person_is_in_both_splits(varied: Path, tmp_path: Path) -> None:
    export(varied, tmp_path / "export", dev_share=0.4)
    by_split = {
        split: {record["person"] for name in CONFIGURATIONS for record in records_of(tmp_path / "export", name, split)}
        for split in ("train", "dev")
    }
    assert by_split["train"] | by_split["dev"] == {person.id for person in library()[:6]}
    assert not by_split["train"] & by_split["dev"]
    patients = {(r["person"], r["patient"]) for r in all_of(tmp_path / "export")}
    assert len(patients) > 20
    assert any("~gender=" in patient for _, patient in patients)
    told = export(varied, tmp_path / "export", dev_share=0.4, seed=5)
    assert told["people"]["train"] + told["people"]["dev"] == 6
    assert export(varied, tmp_path / "export", dev_share=0.0)["people"] == {"train": 6, "dev": 0}


def test_4_the_file_of_patients_may_move_and_may_not_be_gone(varied: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "people.jsonl").rename(tmp_path / "moved.jsonl")
    assert "--patients FILE where it has moved" in refused(varied, tmp_path / "export")
    export(varied, tmp_path / "export", patients=moved)
    assert str(tmp_path) not in card_of(tmp_path / "export")
    assert "Clinic: `people.jsonl`" in card_of(tmp_path / "export")


HOSTILE = "x\n---\nlicense: mit\n# t <script>alert(1)</script> | `y` ![i](http://evil/i.png)"


def test_5_hostile_names_break_no_card(out: Path, tmp_path: Path) -> None:
    from markdown_it import MarkdownIt

    licensed(out, {0: "MIT OR CC-BY-4.0"})
    for name in ("sft.jsonl", "preferences.jsonl", "episodes.jsonl"):
        path = out / "arms" / "main" / "iteration-00" / name
        records = lines(path)
        for record in records:
            record["lineage"]["patient_source"] = HOSTILE
            if "models" in record["lineage"]:
                record["lineage"]["models"] = dict.fromkeys(record["lineage"]["models"], HOSTILE)
            else:
                record["lineage"]["model"] = HOSTILE
        rewrite(path, records)
    gate = {**GATE, "check": HOSTILE, "status": "failed", "note": HOSTILE}
    audited(out, gates=[gate])
    set_base(out, HOSTILE)
    fake_weights(out, 1)
    export(out, tmp_path / "export", despite=(HOSTILE,))
    for card in (card_of(tmp_path / "export"), (tmp_path / "export" / "adapter" / "README.md").read_text()):
        assert "<script" not in re.sub("(?s)```.*?```", "", card), "but in a block of code, where it is read as text"
        page = str(MarkdownIt("commonmark", {"html": True}).enable("table").render(card.split("---\n", 2)[2]))
        assert not re.search("<(img|a|script|hr)", page)
        assert page.count("<h1>") == 1
        assert header_of(card)["license"] != "mit"
    assert set(header_of(card_of(tmp_path / "export"))) == {
        "pretty_name", "license", "language", "task_categories", "size_categories", "tags", "configs", "dataset_info",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--iterations", "x"], "expected numbers such as 0,1"),
        (["--iterations", "9"], "--iterations: 9 has no rows; expected some of 0, 1"),
        (["--licence-unstated", "yes"], "expected refuse or ok"),
        (["--public"], "nothing is pushed; expected --push OWNER/NAME"),
        (["--no-adapter", "--iteration", "1"], "expected one of them"),
        (["--dev-share", "2"], "dev-share"),
        (["--dev-share", "1"], "--dev-share 1: nobody would be in train; expected 0 or more, and less than 1"),
        (["--despite", "dose"], "no such gate"),
        (["--adapter"], "no weights to export"),
        (["--only-licence", "MIT"], "no row to export (33 under other licences"),
        (["--push", "no-owner"], "expected OWNER/NAME"),
        (["--push", "me/data"], "no HF_TOKEN in the environment"),
    ],
)
def test_6_wrong_calls_are_one_line(
    words: Sequence[str], told: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    result = command("--out", shared, "--to", tmp_path / "export", *words)
    assert result.returncode == 2
    assert told.split("(33")[0] in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "export").exists()


def test_6_a_command_tells_what_is_in_the_folder_and_refuses_to_overwrite_another(out: Path, tmp_path: Path) -> None:
    result = command("--out", out, "--to", tmp_path / "export")
    assert result.returncode == 0, result.stderr
    assert "prompt_completion" in result.stdout
    assert "licence of the whole: Apache-2.0" in result.stdout
    assert "never care" in result.stdout
    told = json.loads(command("--out", out, "--to", tmp_path / "export", "--json").stdout)
    assert told["configurations"] == json.loads((tmp_path / "export" / "export.json").read_text())["configurations"]
    (tmp_path / "export" / "mine.txt").write_text("mine")
    result = command("--out", out, "--to", tmp_path / "export")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "mine.txt is not of the export" in result.stderr
    result = command("--out", out, "--to", tmp_path / "export", "--force")
    assert result.returncode == 0, result.stderr
    assert "what was in the folder is in" in result.stdout
    assert (tmp_path / "export.before-1" / "mine.txt").read_text() == "mine"


def test_2_what_an_earlier_audit_was_given_is_not_forgotten(out: Path, tmp_path: Path) -> None:
    audited(out)
    record = json.loads((out / "audit.json").read_text())
    (out / "audit.json").write_text(json.dumps(record | {"wanted": {"data": ["own.jsonl"], "canaries": 1}}))
    export(out, tmp_path / "export")
    rows = lines(out / SFT)
    rewrite(out / SFT, [*rows, rows[0]])
    told = refused(out, tmp_path / "other")
    assert "audited with benchmark questions, canaries before, and rows have changed since" in told
    assert "--data ... --canary ..." in told


def test_2_a_leak_gate_that_nobody_did_is_no_pass(out: Path, tmp_path: Path) -> None:
    unseen = {"check": "prompt-leak", "status": "not done", "examined": 0, "findings": 0, "note": "no journal"}
    audited(out, gates=[GATE, unseen])
    assert "prompt-leak: no journal" in refused(out, tmp_path / "export")
    told = export(out, tmp_path / "export", despite=("prompt-leak",))
    assert "not audited: prompt-leak: no journal" in told["note"]
    assert "**Exported despite the audit gate `prompt-leak` (not done): no journal**" in card_of(tmp_path / "export")
    unguided = unseen | {"check": "guidance-leak", "note": NOTHING}
    audited(out, gates=[GATE, unseen | {"status": "pass"}, unguided])
    assert "not audited" not in export(out, tmp_path / "other")["note"]
