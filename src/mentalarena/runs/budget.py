"""What a run may spend: a hard stop before the next call, with everything that was answered kept.

Spending counts distinct answers of the journal, so that a resumed run goes on counting. Calls that are in flight when the limit
is reached are finished and kept: the limit is overshot by these at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mentalarena.errors import BudgetSpent
from mentalarena.models.base import Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of a model, in the currency of the provider, for a million tokens."""

    prompt: float
    new: float

    def of(self, usage: Usage) -> float:
        return (usage.prompt_tokens * self.prompt + usage.new_tokens * self.new) / MILLION


@dataclass
class Budget:
    """Limits (0: none) and what has been spent. A model without a price costs nothing."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    prices: Mapping[str, Price] = field(default_factory=dict)
    spent: Usage = field(default_factory=Usage)
    spent_cost: float = 0.0

    def check(self) -> None:
        """Raises `BudgetSpent` when a limit is reached: to be called before each call that is paid for."""
        used = {
            "calls": (self.spent.calls, self.calls),
            "tokens": (self.spent.prompt_tokens + self.spent.new_tokens, self.tokens),
            "cost": (round(self.spent_cost, 6), self.cost),
        }
        for name, (spent, limit) in used.items():
            if limit and spent >= limit:
                raise BudgetSpent(
                    f"budget.{name}: {spent:g} of {limit:g} spent; what was answered is kept: the same command with a higher "
                    "budget goes on"
                )

    def spend(self, model: str, usage: Usage, calls: int = 1) -> None:
        """Count answers of a model."""
        self.spent += Usage(usage.prompt_tokens, usage.new_tokens, calls)
        if price := self.price(model):
            self.spent_cost += price.of(usage)

    def price(self, model: str) -> Price | None:
        """Of a model, or of the base of a trained one."""
        return self.prices.get(model) or self.prices.get(model.split("@")[0])
