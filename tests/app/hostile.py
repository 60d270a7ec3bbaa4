"""Texts that try to be more than text, and a run directory in which every text is one of them."""

from __future__ import annotations

import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any

TEXTS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "</title></script><script>window.pwned=1</script>",
    '"><svg onload=window.pwned=1> <a href="javascript:window.pwned=1">go on</a>',
    "{{7*7}} ${7*7} {{constructor.constructor('window.pwned=1')()}} `${window.pwned=1}`",
    "'; window.pwned=1; ' style=position:fixed onmouseover=window.pwned=1 autofocus onfocus=window.pwned=1 x='",
    "[go on](javascript:window.pwned=1) ![x](http://elsewhere.example/x.png) <iframe srcdoc='<script>parent.pwned=1</script>'>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt; __html v-html=window.pwned=1 :key=window.pwned=1",
    "\u202egnp.exe\u202c \u0000\u0007\u001b[31mred\u001b[0m \ufeff\u2028\u2029 \ud83d\ude00",
    "long " + "wordwithoutend" * 200,
)
NAME = "<img src=x onerror=window.pwned=1> {{7*7}} 'a' \"b\" #?&%2e%2e;"
"""Of a run directory and an arm: all that a name of a folder may hold."""
KEPT = ("role", "component", "kind", "step", "id")
"""Keys whose values decide how a record is read."""


def evil(record: Any, numbers: Any, key: str = "") -> Any:
    """A record with one of the texts added to every text in it."""
    if isinstance(record, str):
        return record if key in KEPT else f"{record} {TEXTS[next(numbers) % len(TEXTS)]}"
    if isinstance(record, list):
        return [evil(one, numbers, key) for one in record]
    return {k: evil(v, numbers, k) for k, v in record.items()} if isinstance(record, dict) else record


def hostile_run(finished: Path, folder: Path) -> Path:
    """A copy of a finished run, hostile in its name, episodes, ids, an arm, settings, summary, progress and report."""
    out, numbers = folder / NAME, count()
    shutil.copytree(finished, out, symlinks=True)
    episodes = out / "iteration-00" / "episodes.jsonl"
    records = [json.loads(line) for line in episodes.read_text("utf-8").splitlines()]
    for number, record in enumerate(records):
        told = evil(record, numbers)
        told["id"] = f"00-{number:02d} {TEXTS[number % len(TEXTS)]}"
        told["patient_id"], told["principles"] = record["patient_id"], TEXTS[number % len(TEXTS)]
        told["problems"] = [{"step": TEXTS[0], "role": "judge", "kind": "unreadable", "detail": TEXTS[number % len(TEXTS)]}]
        records[number] = told
    text = "".join(json.dumps(record) + "\n" for record in records)
    episodes.write_text(text, "utf-8")
    arm = out / "arms" / NAME / "iteration-00"
    arm.mkdir(parents=True)
    (arm / "episodes.jsonl").write_text(text, "utf-8")
    for name in ("summary.json", "progress.json", "analysis.json"):
        told = json.loads((out / name).read_text("utf-8"))
        state = told.get("state")
        told = evil(told, numbers)
        if state:
            told["state"] = "stopped"
        (out / name).write_text(json.dumps(told), "utf-8")
    config = json.loads((out / "config.json").read_text("utf-8"))
    for role in ("patient", "therapist", "judge"):
        config["models"][role]["model"] = TEXTS[1]
    (out / "config.json").write_text(json.dumps(config), "utf-8")
    report = "<script>window.pwned=1</script><img src=http://elsewhere.example/x.png onerror=window.pwned=1><h1>Report</h1>"
    (out / "report.html").write_text(report, "utf-8")
    return out
