"""The labelled cases, and how an audit does on them. data/README.md says what each kind is."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mentalarena.audit import crisis
from mentalarena.audit.contamination import Held
from mentalarena.audit.duplicates import duplicates
from mentalarena.audit.leakage import leaks
from mentalarena.audit.memorisation import recalled

DATA = Path(__file__).parent / "data"
Case = Mapping[str, Any]


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]


def _contaminated(case: Case) -> bool:
    return bool(Held({str(n): text for n, text in enumerate(case["benchmark"])}).findings({"row": case["row"]}))


def _unmet(case: Case) -> bool:
    return crisis.unmet([(line["role"], line["text"]) for line in case["lines"]]) is not None


DETECTORS: Mapping[str, tuple[str, Callable[[Case], bool]]] = {
    "leak": ("leak", lambda case: bool(leaks(case["prompt"], case["profile"], case["said"]))),
    "guidance": ("leak", lambda case: bool(leaks(case["guidance"], case["profile"], case["said"]))),
    "contamination": ("contaminated", _contaminated),
    "duplicates": ("duplicate", lambda case: bool(duplicates({"a": case["a"], "b": case["b"]}))),
    "canaries": ("memorised", lambda case: recalled(case["output"], case["seed"]) is not None),
}
"""Each kind of case: the label, and whether the audit finds it."""


def figures(name: str) -> tuple[int, int, int, int]:
    """Found of what is there, and false alarms of what is not: (found, there, alarms, absent)."""
    kind = re.sub(r"_held_out$|_frozen(_\d)?$", "", name)
    if kind == "crisis":  # the label has two halves; the other tests of this gate are in test_crisis.py
        told = [(case["risk"] and not case["met"], _unmet(case)) for case in cases(name)]
    else:
        label, detect = DETECTORS[kind]
        told = [(bool(case[label]), detect(case)) for case in cases(name)]
    there = [found for wanted, found in told if wanted]
    absent = [found for wanted, found in told if not wanted]
    return sum(there), len(there), sum(absent), len(absent)


def main() -> None:
    """Print recall and false alarms with 95 % Wilson intervals: python -m tests.audit.cases leak crisis_frozen ..."""
    import sys

    from statsmodels.stats.proportion import proportion_confint

    for name in sys.argv[1:]:
        found, there, alarms, absent = figures(name)
        told = []
        for what, count, of in (("recall", found, there), ("false alarms", alarms, absent)):
            low, high = proportion_confint(count, of, method="wilson")
            told.append(f"{what} {count}/{of} = {count / of:.3f} [{low:.3f}, {high:.3f}]")
        print(f"{name}: {', '.join(told)}")


if __name__ == "__main__":
    main()
