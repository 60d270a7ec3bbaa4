"""The parts of a report that say what was found: results, curves, verifier, signals, audits, and what other commands left."""

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
from mentalarena.export.results import Results
from mentalarena.report import ablation
from mentalarena.report.analysis import NOTICE as SIGNALS_NOTICE
from mentalarena.report.analysis import signal_rows
from mentalarena.report.audit import NOTICE as AUDIT_NOTICE
from mentalarena.report.audit import SHOWN, gate_rows, verdict_line
from mentalarena.report.audit import meanings as audit_meanings
from mentalarena.report.bias import sections as bias_sections
from mentalarena.report.blocks import Block, Figures, Items, Note, Table
from mentalarena.report.curves import gain_panels, verifier_panels
from mentalarena.report.terminal import CONTROL_NOTE, collapses, p_value, percent, points_with_interval, with_interval
from mentalarena.runs.directory import each_of_jsonl, own_file, read_json, read_text

Json = Mapping[str, Any]


def result(summary: Json, found: Results | None, resamples: int) -> Sequence[Block]:
    """Held-out patients: base, best and control, and what differs."""
    held_out = summary.get("held_out")
    if not held_out:
        return [Note("No held-out patient has been met.")]
    names = {"base": "base", "best": f"best (iteration {summary['best_iteration']})"}
    if summary.get("control"):
        names["control"] = f"control ({summary['control']['kind']})"
    both = [(task, name, held_out[key][task]) for task in TASKS for key, name in names.items() if key in held_out]
    probable = Table(
        "Held-out patients: probability of a right answer",
        ("task", "model", "probability % (95 %)", "p (Holm)", "constant answer %", "log loss", "patients"),
        [
            [task, name, with_interval(f["probability"], f["ci95"]), p_value(f["p_vs_base_holm"]),
             percent(f["constant_baseline"]), "" if f["log_loss"] is None else f"{f['log_loss']:.2f}", str(f["n"])]
            for task, name, f in both
        ],
        "Probability: of stating a right answer after an own interview with a patient played by the base model. "
        "Intervals: bootstrap "
        "over patients. p: against the base, paired by patient (permutation test), Holm-adjusted over this table. "
        "Constant answer: "
        "what always saying the most frequent name would have. Log loss in nats."
        + (f" {CONTROL_NOTE}" if summary.get("control") else ""),
        names=2,
    )  # fmt: skip
    likeliest = Table(
        "Held-out patients: how often the likeliest answer is right",
        ("task", "model", "right % (95 %)", "p (Holm)", "invalid %"),
        [
            [task, name, with_interval(f["accuracy"], f["accuracy_ci95"]), p_value(f["accuracy_p_vs_base_holm"]),
             percent(f["invalid"])]
            for task, name, f in both
        ],
        "Wilson's intervals; McNemar's exact test against the base, Holm-adjusted over this table. Invalid: the "
        "probability of an "
        "answer that is no single name of the clinic.",
        names=2,
    )  # fmt: skip
    return [probable, *([_differences(found, summary, resamples)] if found and found.differences else []), likeliest]


def _differences(found: Results, summary: Json, resamples: int) -> Table:
    floor = found.at_floor(resamples)
    least = f" A p of {p_value(floor)} is the least that {resamples} resamples can give." if floor else ""
    return Table(
        f"The model of iteration {summary['best_iteration']} less the others, on the same held-out patients",
        ("less", "task", "points (95 %)", "p (Holm)", "likeliest right, points (95 %)", "p (Holm)"),
        [
            [one.against, one.task, points_with_interval(one.points.mean, (one.points.low, one.points.high)),
             p_value(one.p_holm),
             points_with_interval(one.right.mean, (one.right.low, one.right.high)) if one.right else "",
             p_value(one.right_p_holm)]
            for one in found.differences
        ],
        "Paired by patient. Each column of p is Holm-adjusted over this table, which asks of the control too; so a p "
        "here may "
        f"be another than above. Intervals are not adjusted.{least}",
        names=2,
    )  # fmt: skip


def curves(summary: Json) -> Sequence[Block]:
    """Development by iteration, held-out beside it."""
    measured = _measured(summary)
    if not measured:
        return []
    rows = [
        [f"{one['iteration']}{' (best)' if one['iteration'] == summary['best_iteration'] else ''}",
         *(with_interval(one["evaluation"][t]["probability"], one["evaluation"][t]["ci95"]) for t in TASKS)]
        for one in measured
    ]  # fmt: skip
    note = (
        "Left: development patients by iteration, 0 is the untrained base (a ring). Right: held-out patients, base (a "
        "ring), control "
        "(a square), best (a dot). Bars: 95 % intervals over patients. Dashed: the best constant answer."
    )
    return [
        Figures(gain_panels(summary), note),
        Table(
            "Development patients, who steer the loop: probability of a right answer, % (95 %)", ("iteration", *TASKS), rows
        ),
    ]


def verifier(summary: Json) -> Sequence[Block]:
    """Whether patient and judge give right verdicts, and whether training has eroded them."""
    measured = _measured(summary)
    made = [c for c in CHECKS if measured and f"verifier_{c}" in measured[0]["evaluation"]]
    if not made:
        return []
    both = [(check, one["iteration"], one["evaluation"][f"verifier_{check}"]) for check in made for one in measured]
    rows = [
        [check, str(iteration), with_interval(told["accuracy"], told["ci95"]),
         points_with_interval(told["change_vs_base"], told["change_ci95"]) if told.get("change_ci95") else "", str(told["n"])]
        for check, iteration, told in both
    ]  # fmt: skip
    return [
        Note("The loop learns from the verdicts of its patient and judge, so their quality bounds what it can learn."),
        Figures(verifier_panels(summary), "Bars: 95 % intervals over patients. Dashed: what a coin would have."),
        Table(
            "Right verdicts by the references, on development patients",
            ("check", "iteration", "right % (95 %)", "change from the base, points (95 %)", "patients"),
            rows,
            "Choice: how often the patient chooses its own disorder against any other; confusable: against one that "
            "it is easily "
            "taken for; health: how often the suitable one of two proposals gets the higher score.",
            names=2,
        ),
    ]


def collapsed(summary: Json) -> Sequence[Block]:
    """A warning where play has collapsed into itself."""
    warning = collapses(summary).strip()
    return [Note(warning, "warning")] if warning else []


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


def signals(summary: Json) -> Sequence[Block]:
    """Play, and the rows that were made of it."""
    blocks: list[Block] = []
    played = [one for one in summary["iterations"] if one.get("play")]
    if played:
        names = ("episodes", "diagnosed", "problems", "prompt_tokens", "new_tokens", "seconds")
        headings = ("iteration", *(name.replace("_", " ") for name in names))
        rows = [[str(one["iteration"]), *(f"{one['play'].get(name, 0):,}" for name in names)] for one in played]
        blocks.append(Table("Play", headings, rows))
    made = [one for one in played if one.get("rows")]
    if made:
        kinds = list(dict.fromkeys(kind for one in made for kind in one["rows"]))
        rows = [
            [str(one["iteration"]), *(str(one["rows"].get(kind, 0)) for kind in kinds),
             f"{one['perplexity']:.2f}" if one.get("perplexity") else ""]
            for one in made
        ]  # fmt: skip
        note = "Perplexity: of the therapist's new rows under the model before. Other kinds replay patient and judge."
        blocks.append(Table("Training rows by kind", ("iteration", *kinds, "perplexity"), rows, note))
    return blocks


def _decision(one: Json) -> str:
    told = f"After iteration {one['iteration']} the rule of signals says {'stop' if one['stop'] else 'go on'}: {one['reason']}."
    if one["next_change"]:
        told += " The next model's score changed by {:+.3f} ({:+.3f} to {:+.3f}).".format(*one["next_change"])
    return told


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


def _measured(summary: Json) -> list[Json]:
    return [one for one in summary["iterations"] if one.get("evaluation")]
