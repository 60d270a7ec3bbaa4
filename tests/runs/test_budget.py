"""A budget ends a run before it asks for more, keeps what was answered, and goes on counting when the run goes on."""

import re
from pathlib import Path

import pytest

from mentalarena.errors import BudgetSpent, ConfigError
from mentalarena.models.base import Usage
from mentalarena.runs.budget import Budget, Price
from mentalarena.settings import load_config
from mentalarena.stages.play import play
from mentalarena.stages.run import Json, opened

SCRIPTED = ("models.all.provider=scripted", "play.patients=8", "play.concurrency=3")


def played(out: Path, *more: str) -> tuple[Json | BudgetSpent, int]:
    """What came of it, and how many calls were paid."""
    with opened(load_config(None, [*SCRIPTED, *more]), out) as run:
        try:
            return play(run, 0, run.base), run.journal.paid
        except BudgetSpent as error:
            return error, run.journal.paid


def test_a_run_stops_at_its_budget_of_calls_and_goes_on_with_a_higher_one(tmp_path: Path) -> None:
    stopped, first = played(tmp_path / "run", "budget.calls=100")
    assert re.search(r"budget.calls: \d+ of 100 spent.*a higher budget goes on", str(stopped))
    assert first == 100, "calls that wait for their turn count, so not one too many is made"
    assert played(tmp_path / "run", "budget.calls=100")[1] == 0, "it counts what was spent before"
    counts, paid = played(tmp_path / "run", "budget.calls=100000")
    assert isinstance(counts, dict)
    assert counts["replayed"] >= first
    assert paid + first == played(tmp_path / "whole")[1], "nothing is paid twice"
    told = [(tmp_path / name / "iteration-00" / "episodes.jsonl").read_bytes() for name in ("run", "whole")]
    assert told[0] == told[1]


def test_tokens_and_money_are_limits_too(tmp_path: Path) -> None:
    assert "budget.tokens: " in str(played(tmp_path / "tokens", "budget.tokens=5000")[0])
    priced = 'prices={"scripted": {"prompt": 1, "new": 2}}'
    assert "budget.cost: " in str(played(tmp_path / "cost", "budget.cost=0.01", priced)[0])


def test_money_is_counted_by_the_price_of_a_million_tokens_of_the_base_of_a_trained_model() -> None:
    budget = Budget(cost=1.0, prices={"m": Price(prompt=2.0, new=10.0)})
    budget.spend("m@abc", Usage(250_000, 40_000))
    budget.check()
    assert budget.spent_cost == pytest.approx(0.9)
    budget.spend("free", Usage(10**9, 0))
    budget.check()
    budget.spend("m", Usage(50_000, 0))
    with pytest.raises(BudgetSpent, match=r"budget.cost: 1 of 1 spent"):
        budget.check()


def test_a_limit_of_money_without_a_price_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    config = load_config(None, ["models.all.provider=openai", "models.all.model=m", "budget.cost=1"])
    with pytest.raises(ConfigError, match=r'no price of \'m\'; expected prices."m"'), opened(config, tmp_path):
        pass
