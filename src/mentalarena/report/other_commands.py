"""The parts of a report that say what other commands have left in the directory: analyse, audit, bias, ablate, benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mentalarena.analysis.signals import SIGNALS
from mentalarena.audit.record import AUDIT, FINDINGS, read_audit
from mentalarena.errors import DataError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.evaluation.verifier import CHECKS
from mentalarena.report import ablation
from mentalarena.report.analysis import NOTICE as SIGNALS_NOTICE
from mentalarena.report.analysis import signal_rows
from mentalarena.report.audit import NOTICE as AUDIT_NOTICE
from mentalarena.report.audit import SHOWN, gate_rows, verdict_line
from mentalarena.report.audit import meanings as audit_meanings
from mentalarena.report.bias import sections as bias_sections
from mentalarena.report.blocks import Block, Items, Note, Table
from mentalarena.report.terminal import p_value, percent, points_with_interval, with_interval
from mentalarena.runs.directory import each_of_jsonl, own_file, read_json, read_text


def analysed(out: Path) -> Sequence[Block]:
    """What `mentalarena analyse` has told of this directory."""
    path = own_file(out, "analysis.json")
    if path is None:
        return []
    told = read_json(path, "the file of `mentalarena analyse`; delete it")
    return [
        Table(
            "Signals, with 95 % intervals",
            ("signal", "what it is", *(f"iteration {one['iteration']}" for one in told["signals"])),
            [[name, SIGNALS[name], *cells] for name, cells in signal_rows(told)],
            "Over episodes, or over patients for what development patients brought. Chance: what 95 % of random "
            "partitions of the "
            f"same episodes stay below. {SIGNALS_NOTICE}",
            texts=(1,),
        ),
        Items([_decision(one) for one in told["decisions"]]),
    ]


def audits(out: Path) -> Sequence[Block]:
    """What `mentalarena audit` has told of this directory, and whether rows have changed since."""
    record = read_audit(out)
    if record is None:
        return [
            Note(
                "This run has not been audited for leaks, repetition, memorisation and clinical safety: `mentalarena "
                "audit`."
            )
        ]
    told = read_json(out / AUDIT, "the file of `mentalarena audit`; delete it")
    stale, meanings = record.stale(out), audit_meanings(told)
    count, first = Counter[str](), []
    for finding in each_of_jsonl(path) if (path := own_file(out, FINDINGS)) else ():
        count[finding["check"]] += 1
        if count[finding["check"]] <= SHOWN:
            row = f":{finding['row'] + 1}" if finding["row"] is not None else ""
            first.append([finding["check"], finding["verdict"], f"{finding['file']}{row}", finding["detail"]])
    blocks: list[Block] = [Note(f"{verdict_line(told)}.", "warning" if told["status"] == "failed" or stale else "")]
    if stale:
        blocks.append(Note("Rows have changed since: audit again.", "warning"))
    blocks.append(
        Table(
            "Checks",
            ("check", "status", "looked at", "found", "share (95 %)", "what it looks for, and notes"),
            [[*cells[:5], ". ".join(filter(None, (meanings[cells[0]], cells[5])))] for cells in gate_rows(told)],
            AUDIT_NOTICE,
            texts=(5,),
        )
    )
    if first:
        headings = ("check", "verdict", "where", "what")
        blocks.append(Table("The first findings of each check; all are in audit.jsonl", headings, first, texts=(1, 2, 3)))
    return blocks


def bias(out: Path) -> Sequence[Block]:
    """What `mentalarena bias` has found in this directory."""
    path = own_file(out, "bias.json")
    if path is None:
        return []
    told = bias_sections(read_json(path, "the file of `mentalarena bias`; delete it"))
    tables = [
        Table(f"Table {n}", one.headings, one.rows, one.note, names=one.names) for n, one in enumerate(told["tables"], 1)
    ]
    return [Note(told["summary"]), *tables, Note(told["notice"], "warning")]


def ablations(out: Path) -> Sequence[Block]:
    """What `mentalarena ablate` has told of this directory."""
    path = own_file(out, "ablation.json")
    if path is None:
        return []
    told = read_json(path, "the file of `mentalarena ablate`; delete it")
    blocks: list[Block] = []
    if told["base"]:
        headings = [heading for task in TASKS for heading in (f"{task} %", "less main, points")]
        n = told["base"]["evaluation"]["diagnosis"]["n"]
        blocks.append(
            Table(
                f"Ablations on {n} development patients",
                ("arm", "rows", *headings),
                [
                    [name, rows, *(part for cell in cells for part in cell)]
                    for name, rows, cells in ablation.ablation_rows(told)
                ],
                f"{ablation.EXPLAINED} {ablation.least(told)}",
            )
        )
        if beside := ablation.beside_rows(told):
            rows = [[name, *cells] for name, cells in beside]
            headings = ["arms", *(f"{task}, points" for task in TASKS)]
            blocks.append(Table("Compared with what is alike but for one thing", headings, rows))
        verdicts = [[name, *cells] for name, cells in ablation.verifier_rows(told)]
        headings = ["model", *(f"{check} right %, change" for check in CHECKS)]
        blocks.append(Table("Patient and judge: verdicts that are right", headings, verdicts))
    blocks.append(
        Table(
            "What was learnt from",
            ("arm", *ablation.DATA_HEADINGS, "what it is"),
            [
                [name, *cells, arm["what"]]
                for (name, cells), arm in zip(ablation.data_rows(told), told["arms"], strict=True)
            ],
            "Rows: diagnoses, treatments, medicines. Shared: requests that base or an arm above had made too; they "
            "were asked once. " + (ablation.CAUTION if told["base"] else "Nothing was trained."),
            texts=(1 + len(ablation.DATA_HEADINGS),),
        )
    )
    return blocks


def benchmarks(out: Path) -> Sequence[Block]:
    """The records of `mentalarena benchmarks run` in this directory."""
    import json

    path = own_file(out, "benchmarks/results.json")
    try:
        found = json.loads(read_text(path)) if path else []
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; expected the records of `mentalarena benchmarks run`") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: torn or invalid JSON; expected the records of `mentalarena benchmarks run`") from None
    if not found:
        return []
    rows = [
        [b["benchmark"], f"{b['scoring']}, {b['prompting']}", str(b["iteration"]), str(b["n"]),
         with_interval(b["accuracy"], b["ci95"]), f"{percent(b['constant_baseline'])} {b['constant_answer']}", b["mark"],
         with_interval(b["balanced_accuracy"], b["balanced_accuracy_ci95"]), with_interval(b["macro_f1"], b["macro_f1_ci95"]),
         percent(b["invalid"]),
         "" if b["change_vs_base"] is None else points_with_interval(b["change_vs_base"], b["change_ci95"]),
         p_value(b["p_vs_base_holm"]), "" if b["least_effect"] is None else percent(b["least_effect"])]
        for b in found
    ]  # fmt: skip
    headings = (
        "set", "asked by", "iteration", "n", "accuracy % (95 %)", "constant answer %", "mark", "balanced % (95 %)",
        "macro F1 % (95 %)", "invalid %", "change, points (95 %)", "p (Holm)", "least effect, points",
    )  # fmt: skip
    note = (
        "Marks: what the accuracy is worth beside the best constant answer (McNemar's exact test, 5 %). Change and p: "
        "against the "
        "untrained model on the same questions (Tango's interval, McNemar's exact test, Holm over all comparisons "
        "here). Accuracy: "
        "Wilson's interval."
    )
    return [Table("Closed questions", headings, rows, note, names=2)]


def _decision(one: Mapping[str, Any]) -> str:
    told = f"After iteration {one['iteration']} the rule of signals says {'stop' if one['stop'] else 'go on'}: {one['reason']}."
    if one["next_change"]:
        told += " The next model's score changed by {:+.3f} ({:+.3f} to {:+.3f}).".format(*one["next_change"])
    return told
