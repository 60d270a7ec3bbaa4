"""What a run may spend: a hard stop before the next call, with everything that was answered kept.

Spending counts distinct answers of the journal, so that a resumed run goes on counting. A limit of calls is kept to the call.
What calls on the way will use in tokens and money nobody knows: these limits are overshot by them at most. Shards that are
played at the same time cannot see each other's spending: each has a share of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    on_the_way: int = 0
    """Calls that were let through and are not answered yet: many may still wait for their turn at a server."""
    shares: int = 1
    """How many share the whole limit with this one."""

    def check(self) -> None:
        """Raises `BudgetSpent` when a limit is reached: to be called before each call that is paid for."""
        used = {
            "calls": (self.spent.calls + self.on_the_way, self.calls),
            "tokens": (self.spent.prompt_tokens + self.spent.new_tokens, self.tokens),
            "cost": (round(self.spent_cost, 6), self.cost),
        }
        for name, (spent, limit) in used.items():
            if limit and spent >= limit:
                whose = f" (the share of one of {self.shares} shards)" if self.shares > 1 else ""
                raise BudgetSpent(
                    f"budget.{name}: {spent:g} of {limit:g}{whose} spent; what was answered is kept: the same command with a "
                    "higher budget goes on"
                )

    def spend(self, model: str, usage: Usage, calls: int = 1) -> None:
        """Count answers of a model."""
        self.spent += Usage(usage.prompt_tokens, usage.new_tokens, calls)
        if price := self.price(model):
            self.spent_cost += price.of(usage)

    def share(self, count: int, own: Iterable[tuple[str, Usage]] = ()) -> Budget:
        """The budget of one of `count` shards: an equal share of what is left, at least one call or token, beside what it has
        spent of its `own` before (model, usage with calls) and still counts."""
        before = Budget(prices=self.prices)
        for model, usage in own:
            before.spend(model, usage, usage.calls)
        tokens, own_tokens = (used.prompt_tokens + used.new_tokens for used in (self.spent, before.spent))
        return Budget(
            self.calls and before.spent.calls + max((self.calls - self.spent.calls) // count, 1),
            self.tokens and own_tokens + max((self.tokens - tokens) // count, 1),
            self.cost and before.spent_cost + max((self.cost - self.spent_cost) / count, 1e-9),
            self.prices,
            shares=count,
        )

    def price(self, model: str) -> Price | None:
        """Of a model, or of the base of a trained one."""
        return self.prices.get(model) or self.prices.get(model.split("@")[0])
