"""What the cards tell of a run: what fell is told too."""

from typing import Any

from mentalarena.evaluation.therapist import TASKS
from mentalarena.export.cards import render
from mentalarena.export.facts import fallen
from mentalarena.export.results import Results


def test_a_card_says_what_fell_who_was_met_and_which_p_is_the_least() -> None:
    def told(probability: float, accuracy: float, p: float | None) -> dict[str, Any]:
        keys = {"probability": probability, "accuracy": accuracy, "ci95": None, "accuracy_ci95": None, "n": 20}
        ps = {"p_vs_base_holm": p, "accuracy_p_vs_base_holm": p}
        return dict.fromkeys(TASKS, keys | ps | {"invalid": 0, "constant_baseline": 0.1})

    found = Results("held-out", {"base": told(0.2, 0.8, None), "own": told(0.5, 0.7, 0.006)}, (), ("base", "best"))
    facts = {
        "results": found, "tasks": ("diagnosis",), "own": "own", "at_floor": found.at_floor(999), "fallen": fallen(found, "own"),
        "resamples": 999, "has_control": False, "control_note": "", "notice": "",
    }  # fmt: skip
    card = render("results.md", facts)
    assert (
        "**In diagnosis the likeliest answer is right less often than the base's**: 70.0 % after 80.0 % (p .0060)." in card
    )
    assert "were met 2 times in this run: by `base`, `best`, once each." in card
    assert "A p of .0060 is the least that the resamples can give." in card
