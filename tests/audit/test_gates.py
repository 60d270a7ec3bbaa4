"""Gates and what an audit leaves: nothing passes because nobody looked."""

import json
from pathlib import Path

import pytest

from mentalarena.audit.findings import Finding, Verdict
from mentalarena.audit.gates import CHECKS, LEFT_OUT, Gate, first_of, gates_of, held_back, status_of
from mentalarena.audit.record import read_audit, record_of, write_audit
from mentalarena.errors import ConfigError, DataError


def gate(check: str, *verdicts: Verdict) -> Gate:
    made = Gate(check, examined=9)
    for row, verdict in enumerate(verdicts):
        made.add(Finding("anything", str(row), "what", verdict), "sft.jsonl", row)
    return made


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (gate("crisis"), "pass"),
        (gate("crisis", "look"), "pass"),
        (gate("crisis", "look", "held back"), "held back"),
        (gate("crisis", "held back", "failed"), "failed"),
        (gate("prompt-leak", "held back"), "failed"),
        (gate("memorisation", "look"), "pass"),
        (Gate("crisis", not_done="why"), "not done"),
        (Gate("duplicates", fails=True), "failed"),
    ],
)
def test_a_gates_status_is_its_worst_finding(made: Gate, status: str) -> None:
    assert made.status == status
    assert made.as_dict()["status"] == status


def test_all_gates_together_are_as_bad_as_the_worst_and_one_not_done_says_nothing() -> None:
    missing = Gate("evidence", not_done="why")
    assert status_of([missing, gate("crisis")]) == "pass"
    assert status_of([missing, gate("crisis", "held back")]) == "held back"
    assert status_of([gate("crisis", "held back"), gate("memorisation", "failed")]) == "failed"
    assert missing.as_dict()["note"] == "why"


def test_rows_are_held_back_once_and_those_to_look_at_are_not() -> None:
    two = [gate("crisis", "held back", "look"), gate("evidence", "held back", "look", "held back")]
    two[0].add(Finding("", "a", "no row", "failed"), "journal.sqlite")
    assert held_back(two) == {"sft.jsonl": [0, 2]}
    assert [placed.finding.verdict for placed in first_of(two[0].found, 2)] == ["failed", "held back"]


def test_a_check_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="no such check"):
        gates_of(CHECKS, ["everything"])
    gates = gates_of(CHECKS, ["crisis"])
    assert [name for name, one in gates.items() if not one.not_done] == ["crisis"]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_audit(tmp_path) is None
    gates = [gate("crisis", "held back", "look"), Gate("evidence", not_done="why")]
    write_audit(tmp_path, record_of(gates, {}), gates)
    record = read_audit(tmp_path)
    assert record
    assert (record.status, record.held_back("sft.jsonl")) == ("held back", frozenset([0]))
    assert [one["status"] for one in record.gates] == ["held back", "not done"]
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {
        "check": "crisis", "item": "0", "detail": "what", "verdict": "held back", "file": "sft.jsonl", "row": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"version": 2, "status": "pass", "gates": [], "held_back": {}, "files": {}}',
        '{"version": 1, "status": "fine", "gates": [], "held_back": {}, "files": {}}',
        '{"version": 1, "status": "pass", "gates": [{}], "held_back": {}, "files": {}}',
        '{"version": 1, "status": "pass", "gates": 3, "held_back": {}, "files": {}}',
        '{"version": 1, "status": "pass", "gates": [], "held_back": {"a": ["x"]}, "files": {}}',
        '{"version": 1, "status": "pass", "gates": [], "held_back": [], "files": {}}',
        '{"version": 1, "status": "pass", "gates": [], "held_back": {"a": [1e999]}, "files": {}}',
        '{"version": 1, "status": "pass", "gates": [], "held_back": {}, "files": {}, "wanted": 3}',
    ],
)
def test_a_record_that_is_none_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "audit.json").write_text(text)
    with pytest.raises(DataError) as error:
        read_audit(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'audit.json'}: ")
    assert "\n" not in str(error.value)


def test_what_nobody_did_is_no_pass() -> None:
    missing, left = Gate("evidence", not_done="why"), Gate("crisis", not_done=LEFT_OUT)
    assert status_of([left, missing]) == "not done"
    assert status_of([left, missing, gate("duplicates")]) == "not done"  # it was asked for
    assert status_of([left, gate("duplicates")]) == "pass"
    assert status_of([left, missing, gate("memorisation", "failed")]) == "failed"


def test_a_record_tells_what_was_wanted_and_an_old_one_wants_nothing(tmp_path: Path) -> None:
    write_audit(tmp_path, record_of([gate("crisis")], {}, {"data": ["medqa"]}), [])
    record = read_audit(tmp_path)
    assert record
    assert record.wanted == {"data": ["medqa"]}
    told = json.loads((tmp_path / "audit.json").read_text())
    del told["wanted"]
    (tmp_path / "audit.json").write_text(json.dumps(told))
    record = read_audit(tmp_path)
    assert record
    assert record.wanted == {}
