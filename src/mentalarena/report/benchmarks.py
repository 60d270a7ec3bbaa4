"""Benchmarks in a terminal: what there is, and numbers that never stand alone."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
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


CARE = "Questions about people's health: research, never care; no number here says that a model may advise anyone.\n"


def scores_table(found: Sequence[Record]) -> str:
    """Accuracy with its interval beside the best constant answer, classes counted alike, and the base model."""
    rows = []
    for r in found:
        least = "" if r["least_effect"] is None else f"{100 * r['least_effect']:.1f}"
        rows.append(
            (
                r["benchmark"],
                {"loglikelihood": "log-lik.", "generation": "written"}[r["scoring"]] + f", {r['prompting']}",
                str(r["iteration"]),
                str(r["n"]),
                with_interval(r["accuracy"], r["ci95"]),
                f"{percent(r['constant_baseline'])} {_named(r, r['constant_answer'])}",
                _mark(r),
                with_interval(r["balanced_accuracy"], r["balanced_accuracy_ci95"]),
                with_interval(r["macro_f1"], r["macro_f1_ci95"]),
                percent(r["invalid"]),
                _change(r),
                p_value(r["p_vs_base_holm"]),
                least,
            )
        )
    headings = ("set", "asked by", "iter.", "n", "accuracy %\n(95 %)", "constant\nanswer %", "mark", "balanced %\n(95 %)",
                "macro F1 %\n(95 %)", "invalid\n%", "change to base\npoints (95 %)", "p\n(Holm)", "least\neffect")  # fmt: skip
    columns = len(headings) if any(row[10] for row in rows) else 10
    numbers = (2, 3, 4, 7, 8, 9, 10, 11, 12)
    text = _table(headings[:columns], [row[:columns] for row in rows], numbers, "Closed questions")
    text += "".join(dict.fromkeys(note for r in found for note in _notes(r)))
    text += "Mark: what the accuracy is worth beside the best constant answer (McNemar's exact test, 5 %, unadjusted).\n"
    if columns > 10:
        text += (
            "p: against the base model on the same questions (McNemar's exact test), Holm-adjusted over all comparisons in this\n"
            "directory; least effect: the gain in points that so many questions find in 8 of 10 cases at the first step of that\n"
            "adjustment, if two models err independently.\n"
        )
    return text + CARE


def _notes(r: Record) -> list[str]:
    """What a reader of a record's numbers should know."""
    found = [f"{r['benchmark']}: {r['note']}\n"] if r["note"] else []
    if r["distinct"] < r["n"]:
        found.append(
            f"{r['benchmark']}: {r['distinct']} different prompts among {r['n']} questions; intervals are a little narrow.\n"
        )
    asked = f"{r['benchmark']}, {r['scoring']}, iteration {r['iteration']}"
    if r["problems"]:
        found.append(
            f"{asked}: {percent(r['problems'])} % refused, too long or cut off (invalid; the samples say which).\n"
        )
    if r["prompting"] == "medprompt":
        found.append(
            f"{asked}: {r['examples_shown']:.1f} examples a question, those that the model reasoned rightly about.\n"
        )
    return found


def _named(r: Record, label: str) -> str:
    return str(r["labels"].get(label, label))


def _mark(r: Record) -> str:
    label = r["mark"].removeprefix("always ")
    return r["mark"] if label == r["mark"] else f"always {_named(r, label)}"


def _change(r: Record) -> str:
    if r["change_vs_base"] is None:
        return ""
    low, high = (100 * bound for bound in r["change_ci95"])
    return f"{100 * r['change_vs_base']:+.1f} ({low:+.1f} to {high:+.1f})"


def reproduction_table(found: Record) -> str:
    """The paper's rows, the constant answer, and the models that were run: each counted by our parser and by the paper's rule."""
    sets = found["sets"]
    rows = [[row["model"], *(_paper_cell(row["cells"][name]) for name in sets)] for row in found["paper"]]
    constant = [
        f"{percent(s['constant_baseline'])} {s['constant_answer']}" if "n" in s else "no file" for s in sets.values()
    ]
    rows.append(["constant answer (of all questions)", *constant])
    for row in found["ours"]:
        cells = [row["cells"][name] for name in sets]

        def line(title: str, tell: Callable[[Record], str], cells: Sequence[Record | None] = cells) -> list[str]:
            return [title, *(tell(cell) if cell else "" for cell in cells)]

        told = f"{row['model']} (iteration {row['iteration']}): parsed"
        rows.append(line(told, lambda c: with_interval(c["accuracy"], c["ci95"])))
        rows.append(line("   mark", _mark))
        rows.append(line("   invalid", lambda c: percent(c["invalid"])))
        rows.append(line("   balanced", lambda c: with_interval(c["balanced_accuracy"], c["balanced_accuracy_ci95"])))
        rows.append(line("   macro F1", lambda c: with_interval(c["macro_f1"], c["macro_f1_ci95"])))
        rows.append(line("   by the paper's substring rule", lambda c: percent(c["substring_accuracy"])))
        if row["iteration"]:
            rows.append(line("   change to base, points", _change))
            rows.append(line("   p (Holm)", lambda c: p_value(c["p_vs_base_holm"])))
            rows.append(line("   least effect, points", lambda c: f"{100 * (c['least_effect'] or math.inf):.1f}"))
    headings = ("accuracy, %", *(f"{name.removesuffix('_psychosis')}\nn {s.get('n', '?')}" for name, s in sets.items()))
    text = _table(headings, rows, tuple(range(1, len(headings))), "The paper's table, arXiv 2410.06845")
    if found["limit"]:
        text += f"Your model was asked the first {found['limit']} questions of each set alone.\n"
    text += "".join(f"not run: {s['missing']}\n" for s in sets.values() if "missing" in s)
    return (
        f"{text}The paper's rows are its own numbers, not run here. °: Wilson's 95 % interval is not above the constant answer;\n"
        "?: the set's file is not at hand. Asked in the wording and with the system prompt of the published evaluation,\n"
        "greedily, 256 new tokens; CAMS, dreaddit and Irf, for which it has no code, in the same wording. Its substring\n"
        f"rule counts the empty answer as right where options have letters.\n{CARE}"
    )


def _paper_cell(cell: Record) -> str:
    return f"{100 * cell['accuracy']:.2f}" + {True: " ", False: "°", None: "?"}[cell["above_constant"]]


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
    console = Console(file=io.StringIO(), width=400)  # nothing may be cut
    console.print(table)
    lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"
