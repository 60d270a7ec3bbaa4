"""A ranking and a cross table in a terminal, with what must stand beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentalarena.report.tables import plain_table
from mentalarena.report.terminal import notice, p_value, percent, points_with_interval, with_interval

TITLES = {
    ("therapist", "answers"): "Therapists: probability of a right answer, with the base model's patients",
    ("patient", "answers"): "Patients: probability of a right answer that the base model's therapist comes to with them",
    ("patient", "verdicts"): "Patients: share of their own verdicts that are right",
}
BASELINES = {"answers": "the best constant answers score", "verdicts": "a coin that keeps to what it said scores"}
MARK = "*"


def ranking_tables(found: Mapping[str, Any]) -> str:
    """Ranking and pairs, for each measure."""
    text = ""
    for name, measure in found["measures"].items():
        text += _ranking(TITLES[found["as"], name], measure)
        text += (
            f"On {measure['n']} {_split(found)} patients; {BASELINES[name]} {percent(measure['constant_baseline'])} %.\n\n"
        )
        text += _pairs(measure)
        text += (
            f"{MARK} p below .05 after Holm's correction (pairs: {len(measure['pairs'])}). Differences in points, paired by "
            f"patient.\nWon: scores of a patient that differ by more than {100 * found['tie']:g} points.\n\n"
        )
    return text + _looks(found) + f"{notice(found)}\n"


def cross_table(found: Mapping[str, Any]) -> str:
    """Patients in rows, therapists in columns: probability of a right answer in per cent, with its interval."""
    headings = ["patient \\ therapist", *found["therapists"]]
    rows = [
        [name, *(with_interval(cell["probability"], cell["ci95"]) for cell in row)]
        for name, row in zip(found["patients"], found["cells"], strict=True)
    ]
    text = plain_table(headings, rows, "Each as patient (rows) against each as therapist: probability of a right answer, %")
    text += f"On {found['n']} {_split(found)} patients; {BASELINES['answers']} {percent(found['constant_baseline'])} %. "
    return f"{text}All cells share them.\n{_looks(found)}{notice(found)}\n"


def _ranking(title: str, measure: Mapping[str, Any]) -> str:
    answers = "invalid" in measure["ranking"][0]
    parts = list(measure["ranking"][0]["tasks" if answers else "checks"])
    headings = ["rank", "ranks\n95 %", "name", "strength\n(95 %)", "score %\n(95 %)", *(f"{part}\n%" for part in parts)]
    rows = []
    for row in measure["ranking"]:
        low, high = row["ranks95"]
        bounds = row["strength_ci95"]
        strength = f"{row['strength']:+.2f} ({bounds[0]:+.2f} to {bounds[1]:+.2f})"
        shown = [percent(value) for value in row["tasks" if answers else "checks"].values()]
        shown += [percent(row["invalid"]), "exact" if row["exact"] else "drawn"] if answers else []
        ranks = str(low) if low == high else f"{low}-{high}"
        rows.append([str(row["rank"]), ranks, row["name"], strength, with_interval(row["score"], row["ci95"]), *shown])
    return plain_table([*headings, *(["invalid\n%", "\nhow"] if answers else [])], rows, title, left=("name",))


def _pairs(measure: Mapping[str, Any]) -> str:
    rows = []
    for pair in measure["pairs"]:
        low, high = pair["ci95"]
        rows.append(
            [
                f"{pair['first']} - {pair['second']}",
                points_with_interval(pair["difference"], (low, high)),
                p_value(pair["p"]),
                p_value(pair["p_holm"]) + (f" {MARK}" if pair["significant"] else "  "),
                f"{pair['wins']} / {pair['ties']} / {pair['losses']}",
            ]
        )
    headings = ["pair", "difference (95 %)", "p", "p (Holm)  ", "won / tied / lost"]
    return plain_table(headings, rows)


def _split(found: Mapping[str, Any]) -> str:
    return str(found["split"]).replace("_", "-")


def _looks(found: Mapping[str, Any]) -> str:
    count = found["held_out_looks"]
    if count is None:
        return ""
    return f"Held-out patients of this run were met {count} times: a set that is met often is no longer held out.\n"
