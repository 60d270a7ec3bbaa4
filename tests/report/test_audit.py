"""An audit in a terminal."""

from mentalarena.audit.findings import Finding
from mentalarena.audit.gates import Gate
from mentalarena.audit.record import record_of
from mentalarena.evaluation.statistics import Interval
from mentalarena.report.audit import SHOWN, WIDTH, audit_table


def test_each_gate_has_a_line_the_first_findings_are_shown_and_models_text_cannot_write_to_the_terminal() -> None:
    gate = Gate("crisis", examined=40, note="share of [bold]dialogues[/nothing]", share=Interval(0.25, 0.1, 0.4))
    for row in range(9):
        gate.add(Finding("", f"row\x1b[2J{row}", "said\n\x07 " + "so " * 200, "held back"), "sft.jsonl", row)
    gates = [gate, Gate("evidence", not_done="nobody knows")]
    text = audit_table(record_of(gates, {"sft.jsonl": "0"}), gates)
    assert not [c for c in text if c != "\n" and not c.isprintable()]
    assert "25.0% (10.0% to 40.0%)" in text
    assert "share of [bold]dialogues[/nothing]" in text
    assert text.count("held back  sft.jsonl:") == SHOWN
    assert f"and {9 - SHOWN} more" in text
    assert max(map(len, text.splitlines())) <= max(WIDTH, 250)
    assert "HELD BACK: 9 rows held back in 1 file; not done: evidence" in text
    assert "evidence: nobody knows" in text
    assert "40 episodes and rows" in text
    assert "sft.jsonl:1  " in text  # lines from 1
    assert "sft.jsonl:0  " not in text
