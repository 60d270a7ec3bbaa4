"""Benchmarks in a terminal: what there is, and numbers that never stand alone."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from mentalarena.report.terminal import p_value, percent, with_interval

Record = Mapping[str, Any]
SHOWN = 4
"""Labels whose shares are shown; the rest is in the JSON."""


def catalogue_table(found: Sequence[Record]) -> str:
    """One line a benchmark; label shares of what is at hand."""
    rows = []
    for entry in found:
        shares, labels = entry["label_shares"] or {}, entry.get("labels") or {}
        told = [f"{labels.get(label, label)} {percent(share)}" for label, share in list(shares.items())[:SHOWN]]
        where = "problem" if entry["problem"] else "local" if entry["file"] else "hub" if entry["hub"] else ""
        where = where or ("lm-eval" if entry["harness"] else "-")
        size = entry["questions"] or entry["size"]
        rows.append(
            (entry["name"], f"{size:,}" if size else "", where, entry["licence"], ", ".join(told) or entry["title"])
        )
    text = _table(("name", "questions", "from", "licence", "share of each right answer, %, or what it is"), rows, (1,))
    text += "".join(f"{entry['name']}: {entry['problem']}\n" for entry in found if entry["problem"])
    text += "".join(f"{entry['name']}: {entry['note']}\n" for entry in found if entry["note"] and entry["file"])
    return text + "local: lies in --data; hub: is downloaded from there when it is asked for. Sources: --json.\n"


def scores_table(found: Sequence[Record]) -> str:
    """Accuracy with its interval beside the best constant answer, classes counted alike, and the base model."""
    rows = []
    for r in found:
        change = ""
        if r["change_vs_base"] is not None:
            low, high = (100 * bound for bound in r["change_ci95"])
            change = f"{100 * r['change_vs_base']:+.1f} ({low:+.1f} to {high:+.1f})"
        rows.append(
            (
                r["benchmark"],
                {"loglikelihood": "log-lik.", "generation": "written"}[r["scoring"]] + f", {r['prompting']}",
                str(r["iteration"]),
                str(r["n"]),
                with_interval(r["accuracy"], r["ci95"]),
                f"{percent(r['constant_baseline'])} {r['constant_answer']}"[:18],
                r["mark"],
                with_interval(r["balanced_accuracy"], r["balanced_accuracy_ci95"]),
                with_interval(r["macro_f1"], r["macro_f1_ci95"]),
                percent(r["invalid"]),
                change,
                p_value(r["p_vs_base_holm"]),
                "" if r["least_effect"] is None else f"{100 * r['least_effect']:.1f}",
            )
        )
    headings = ("set", "asked by", "iter.", "n", "accuracy %\n(95 %)", "constant\nanswer %", "mark", "balanced %\n(95 %)",
                "macro F1 %\n(95 %)", "invalid\n%", "change to base\npoints (95 %)", "p\n(Holm)", "least\neffect")  # fmt: skip
    numbers = (2, 3, 4, 7, 8, 9, 10, 11, 12)
    columns = len(headings) if any(row[10] for row in rows) else 10
    text = _table(headings[:columns], [row[:columns] for row in rows], numbers, "Closed questions")
    text += "".join(f"{r['benchmark']}: {r['note']}\n" for n, r in enumerate(found) if r["note"] and _first(found, n))
    return (
        f"{text}Mark: what the accuracy is worth beside the best constant answer (McNemar's exact test, 5 %).\n"
        "p: against the base model on the same questions (McNemar's exact test), Holm-adjusted over all comparisons in this\n"
        "directory; least effect: the gain in points that so many questions find in 8 of 10 cases, if two models err\n"
        "independently.\n"
        "Questions about people's health: research, never care; no number here says that a model may advise anyone.\n"
    )


def reproduction_table(found: Record) -> str:
    """The paper's rows, the constant answer, and the models that were run: each counted by our parser and by the paper's rule."""
    sets = found["sets"]
    rows = [[row["model"], *(_paper_cell(row["cells"][name]) for name in sets)] for row in found["paper"]]
    constant = [
        f"{percent(s['constant_baseline'])} {s['constant_answer']}" if "n" in s else "no file" for s in sets.values()
    ]
    rows.append(["constant answer", *constant])
    for row in found["ours"]:
        told = f"{row['model']} (iteration {row['iteration']})"
        cells = [row["cells"][name] for name in sets]
        rows.append([f"{told}: parsed", *(with_interval(c["accuracy"], c["ci95"]) if c else "not run" for c in cells)])
        rows.append(["   invalid", *(percent(c["invalid"]) if c else "" for c in cells)])
        rows.append(["   balanced", *(percent(c["balanced_accuracy"]) if c else "" for c in cells)])
        rows.append(["   by the paper's rule", *(percent(c["substring_accuracy"]) if c else "" for c in cells)])
        if any(c and c["mark"] for c in cells):
            rows.append(["   mark", *(c["mark"] if c else "" for c in cells)])
    headings = ("accuracy, %", *(f"{name.removesuffix('_psychosis')}\nn {s.get('n', '?')}" for name, s in sets.items()))
    text = _table(headings, rows, tuple(range(1, len(headings))), "The paper's table, arXiv 2410.06845")
    if found["limit"]:
        text += f"Only the first {found['limit']} questions of each set were asked.\n"
    text += "".join(f"not run: {s['missing']}\n" for s in sets.values() if "missing" in s)
    return (
        f"{text}The paper's rows are its own numbers, not run here; °: the 95 % interval is not above the constant answer.\n"
        "Asked as the published evaluation asks (its system prompt and wording, greedy, 256 new tokens); CAMS, dreaddit and\n"
        "Irf, for which it has no code, in the same wording. Its rule counts the empty answer as right where options have\n"
        "letters.\n"
        "Questions about people's health: research, never care; no number here says that a model may advise anyone.\n"
    )


def _paper_cell(cell: Record) -> str:
    return f"{100 * cell['accuracy']:.2f}" + ("°" if cell["above_constant"] is False else " ")


def _first(found: Sequence[Record], number: int) -> bool:
    return all(r["benchmark"] != found[number]["benchmark"] for r in found[:number])


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int], title: str = "") -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    return str(console.file.getvalue())  # type: ignore[attr-defined]
