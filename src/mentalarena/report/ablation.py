"""Ablations in a terminal: an arm a line, beside the whole method, and what each arm learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentalarena.evaluation.therapist import TASKS
from mentalarena.evaluation.verifier import CHECKS
from mentalarena.report.tables import plain_table
from mentalarena.report.terminal import notice, p_value, percent, points_with_interval, with_interval
from mentalarena.training.rows import THERAPIST

MAIN = "main"
EXPLAINED = (
    "Probability of a right answer after one iteration, in %, with 95 % intervals over patients; with it the arm less "
    "`main`, in points, paired by patient, and p (permutation test, Holm over all comparisons told here)."
)
CAUTION = (
    "One training an arm: an interval tells of other patients, not of another seed. These are development patients: an arm that "
    "is chosen by this table needs held-out ones."
)


def ablation_rows(told: Mapping[str, Any]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Lines of the main table: name, number of the therapist's rows, and for each task a value and a difference from main."""
    found = []
    if base := told["base"]:
        tasks = [base["evaluation"][task] for task in TASKS]
        found.append(("constant answer", "", [(percent(one["constant_baseline"]), "") for one in tasks]))
        found.append(("base (untrained)", "", [(with_interval(one["probability"], one["ci95"]), "") for one in tasks]))
    for arm in told["arms"]:
        rows = str(sum(arm["rows"][kind] for kind in THERAPIST))
        cells = [("", "")] * len(TASKS)
        if own := arm["evaluation"]:
            cells = [
                (with_interval(own[task]["probability"], own[task]["ci95"]), difference(told, arm["name"], MAIN, task))
                for task in TASKS
            ]
        elif base:
            cells = [("no rows, not trained", ""), *cells[1:]]
        found.append((arm["name"], rows, cells))
    return found


def beside_rows(told: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The comparisons with another arm than main: `first - second`, and a difference a task."""
    pairs = dict.fromkeys((one["arm"], one["against"]) for one in told["comparisons"] if one["against"] != MAIN)
    return [(f"{arm} - {other}", [difference(told, arm, other, task) for task in TASKS]) for arm, other in pairs]


DATA_HEADINGS = (
    "diagnosed", "questions (95 %)", "rows", *(f"{kind} right %" for kind in THERAPIST), "replayed", "requests", "shared",
)  # fmt: skip


def data_rows(told: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What each arm learnt from: name and cells under `DATA_HEADINGS`."""
    found = []
    for arm in told["arms"]:
        talk = arm["questions"]
        cells = [
            f"{arm['diagnosed']} of {arm['episodes']}",
            f"{talk[0]:.1f} ({talk[1]:.1f}-{talk[2]:.1f})" if talk else "",
            " + ".join(str(arm["rows"][kind]) for kind in THERAPIST),
            *(_share(arm["labels_right"].get(kind)) for kind in THERAPIST),
            str(arm["rows"]["replayed"]),
            f"{arm['calls']['asked']:,}",
            f"{arm['calls']['shared']:,}",
        ]
        found.append((arm["name"], cells))
    return found


def verifier_rows(told: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """How often each model's verdicts are right, and by how many points that has moved: name and a cell for each check."""
    models = [("base (untrained)", told["base"]["evaluation"]), *((arm["name"], arm["evaluation"]) for arm in told["arms"])]
    return [(name, [_verdict(own, check) for check in CHECKS]) for name, own in models if own]


def ablation_table(told: Mapping[str, Any]) -> str:
    """All of it, with what must stand beside it."""
    text = ""
    if told["base"]:
        lines = [
            [name, rows, *("\n".join(part for part in cell if part) for cell in cells)]
            for name, rows, cells in ablation_rows(told)
        ]
        n = told["base"]["evaluation"][TASKS[0]]["n"]
        text += plain_table(["arm", "rows", *TASKS], lines, f"Ablations on {n} development patients")
        text += f"{EXPLAINED} {least(told)}\n\n"
        if beside := beside_rows(told):
            text += plain_table(["arms", *TASKS], _lines(beside), "Compared with what is alike but for one thing") + "\n"
        headings = ["model", *(f"{check} right %, change" for check in CHECKS)]
        text += plain_table(headings, _lines(verifier_rows(told)), "Patient and judge: verdicts that are right") + "\n"
    text += plain_table(["arm", *DATA_HEADINGS], _lines(data_rows(told)), "What was learnt from")
    text += "".join(f"{arm['name']}: {arm['what']}\n" for arm in told["arms"])
    return f"{text}{CAUTION if told['base'] else 'Nothing was trained.'}\n{notice(told)}\n"


def difference(told: Mapping[str, Any], arm: str, other: str, task: str) -> str:
    """An arm less another one in points, with interval and Holm's p; empty where they were not compared."""
    for one in told["comparisons"]:
        if (one["arm"], one["against"], one["task"]) == (arm, other, task):
            return f"{points_with_interval(one['difference'], one['ci95'])} p {p_value(one['p_holm'])}"
    return ""


def least(told: Mapping[str, Any]) -> str:
    """What the resamples keep p from telling."""
    if not told["least_p"]:
        return ""
    return f"No p can be below {p_value(told['least_p'])} here: more evaluation.resamples or fewer arms would let it."


def _lines(rows: Sequence[tuple[str, Sequence[str]]]) -> list[list[str]]:
    return [[name, *cells] for name, cells in rows]


def _share(told: Sequence[float] | None) -> str:
    return with_interval(told[0], told[1:]) if told else ""


def _verdict(evaluation: Mapping[str, Any], check: str) -> str:
    """How often a verdict is right, and by how many points that has moved from the base."""
    one = evaluation.get(f"verifier_{check}")
    if one is None:
        return ""
    moved = one["change_ci95"]
    change = f", {points_with_interval(one['change_vs_base'], moved)}" if moved else ""
    return with_interval(one["accuracy"], one["ci95"]) + change
