"""How well do the normalisers read free answers? Precision and recall on answers that were frozen before the code.

`answers` to `answers_6` were looked at and mended by; `answers_held_out` never was: its figure is the one for new answers.

    python benchmarks/naming.py
"""

from __future__ import annotations

import json
from pathlib import Path

from mentalarena.clinic.naming import normalise_diagnosis, normalise_medicine
from mentalarena.evaluation.statistics import share_interval

DATA = Path(__file__).parents[1] / "tests" / "clinic" / "data"
SEEN = {"answers_held_out": "never mended by"}
NORMALISERS = {"diagnosis": normalise_diagnosis, "medicine": normalise_medicine}


def main() -> None:
    shares = f"{'precision % (95 %)':24} {'recall % (95 %)':24}"
    print(f"{'rules were':18} {'kind':10} {'n':>4}  {shares} {'no name, reason right':>22}")
    for file in sorted(DATA.glob("answers*.jsonl"), key=lambda path: (path.stem == "answers_held_out", path.stem)):
        told = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for kind, normalise in NORMALISERS.items():
            answers = [a for a in told if a["kind"] == kind]
            found = [normalise(a["text"]) for a in answers]
            pairs = [(set(f.entries), set(a["entries"])) for f, a in zip(found, answers, strict=True)]
            precise = [name in wanted for got, wanted in pairs for name in got]
            recalled = [name in got for got, wanted in pairs for name in wanted]
            reasons = [f.reason == a["reason"] for f, a in zip(found, answers, strict=True) if not a["entries"]]
            right = f"{sum(reasons)} of {len(reasons)}"
            seen = SEEN.get(file.stem, "mended by")
            print(f"{seen:18} {kind:10} {len(answers):4}  {_share(precise):24} {_share(recalled):24} {right:>22}")


def _share(right: list[bool]) -> str:
    interval = share_interval(right)
    return f"{100 * interval.mean:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


if __name__ == "__main__":
    main()
