"""What a run has asked for: calls, tokens and money by stage, seconds where a stage keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mentalarena.errors import MentalArenaError
from mentalarena.models.base import Usage
from mentalarena.report.blocks import Block, Note, Table
from mentalarena.runs.budget import Budget, Price
from mentalarena.runs.journal import spent_in
from mentalarena.runs.shards import JOURNAL
from mentalarena.stages.estimate import stage_of

STAGES: Mapping[str, str] = {
    "play": "play of the arm main",
    "rehearse": "rehearsal of the verifier",
    "evaluate": "evaluation of therapists",
    "verify": "checks of the verifier",
}
"""Stages by the journal's names, as people call them."""


def costs(out: Path, summary: Mapping[str, Any], prices: Mapping[str, Any]) -> Sequence[Block]:
    """Tables of what was asked for, from the journal; `prices` as the settings have them."""
    if not (out / JOURNAL).is_file():
        return [Note("There is no journal here, so nothing can be told of calls and tokens.", "quiet")]
    try:
        asked, answered = spent_in(out / JOURNAL)
    except MentalArenaError as error:
        return [Note(str(error), "quiet")]
    budget = Budget(prices={name: Price(float(one["prompt"]), float(one["new"])) for name, one in prices.items()})
    priced = any(budget.price(model) for model in answered)
    by_stage, money = dict[str, Usage](), dict[str, float]()
    for (place, model), usage in asked.items():
        stage, price = stage_of(place), budget.price(model)
        by_stage[stage] = by_stage.get(stage, Usage()) + usage
        money[stage] = money.get(stage, 0.0) + (price.of(usage) if price else 0.0)
    headings = ("calls", "prompt tokens", "new tokens", *(("cost",) if priced else ()))
    rows = [
        [_named(stage), *_counts(usage), *([f"{money[stage]:.2f}"] if priced else [])]
        for stage, usage in sorted(by_stage.items(), key=lambda pair: -pair[1].calls)
    ]
    models = []
    for model, usage in sorted(answered.items(), key=lambda pair: -pair[1].calls):
        price = budget.price(model)
        cost = [f"{price.of(usage):.2f}" if price else "no price"] if priced else []
        models.append([model or "unnamed", *_counts(usage), *cost])
        budget.spend(model, usage, usage.calls)
    models.append(["together", *_counts(budget.spent), *([f"{budget.spent_cost:.2f}"] if priced else [])])
    seconds = sum((one.get("play") or {}).get("seconds", 0) for one in summary["iterations"])
    spent = f" {seconds:,.0f} seconds of play of main (the other stages keep no time)." if seconds else ""
    note = "Money: by `prices`, in the provider's currency." if priced else "No price of these models is set (`prices`)."
    return [
        Table(
            "Asked for, by stage",
            ("stage", *headings),
            rows,
            f"Every request at its place, also where an equal one had been answered and was not asked again.{spent}",
        ),
        Table(
            "Answered, by model, equal requests once",
            ("model", *headings),
            models,
            f"{note} Training is not in it.",
        ),
    ]


def _named(stage: str) -> str:
    arm, _, play = stage.rpartition("/")
    return f"{play} of the arm {arm}" if arm else STAGES.get(stage, stage)


def _counts(usage: Usage) -> list[str]:
    return [f"{usage.calls:,}", f"{usage.prompt_tokens:,}", f"{usage.new_tokens:,}"]
