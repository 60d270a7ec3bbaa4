"""The parts of a report that say what the run has found, as its summary tells it: results, curves, verifier, signals of play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentalarena.evaluation.therapist import TASKS
from mentalarena.evaluation.verifier import CHECKS
from mentalarena.export.results import Results
from mentalarena.report.blocks import Block, Figures, Note, Table
from mentalarena.report.curves import gain_panels, verifier_panels
from mentalarena.report.terminal import CONTROL_NOTE, collapses, p_value, percent, points_with_interval, with_interval

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


def _measured(summary: Json) -> list[Json]:
    return [one for one in summary["iterations"] if one.get("evaluation")]
