"""What tests with real keys may cost, and that they need a key at all.

pytestmark = [*e2e("openai")]

async def test_a_real_answer(test_budget):
    async with AsyncClient() as client:
        reply = test_budget.spent(await client.chat("Say hi.", model="openai/gpt-4o-mini", max_output_tokens=5))
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

import attrs
import pytest

from modelscan.types.money import Cost, Money, total_of

_PER_TEST: Final = Money(Decimal("0.01"))
_PER_RUN: Final = "0.25"


class Costly(Protocol):
    """Whatever has a cost: a reply of any kind."""

    @property
    def cost(self) -> Cost:
        """What it cost."""
        ...


R = TypeVar("R", bound=Costly)


@attrs.define
class RunBudget:
    """What all tests of a run may spend together."""

    limit: Money
    spent: Money = attrs.field(factory=lambda: Money(Decimal(0)))

    @classmethod
    def from_environment(cls) -> RunBudget:
        """`E2E_BUDGET` in US dollars, else a quarter."""
        return cls(Money(Decimal(os.environ.get("E2E_BUDGET", _PER_RUN))))

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left."""
        return self.spent >= self.limit


@attrs.define
class Spending:
    """What one test has spent."""

    run: RunBudget
    limit: Money = _PER_TEST
    total: Money = attrs.field(factory=lambda: Money(Decimal(0)))

    def spent(self, reply: R) -> R:
        """The reply, its cost noted. Raises `AssertionError` once the test or the run has spent more than it may.

        A reply without a known price counts as all that the test may spend: what can't be known isn't free.
        """
        cost = reply.cost.total or self.limit
        self.total = self.total + cost
        self.run.spent = self.run.spent + cost
        self.check()
        return reply

    def check(self) -> None:
        """Raises `AssertionError` where more was spent than allowed."""
        assert self.total <= self.limit, f"the test has spent {self.total}, and may spend {self.limit}"
        assert self.run.spent <= self.run.limit, f"the run has spent {self.run.spent} of {self.run.limit} (E2E_BUDGET)"


def e2e(provider: str) -> list[pytest.MarkDecorator]:
    """Marks for tests that need a real key of a provider: they are skipped where there is none, and say so."""
    from modelscan.plugins import Plugins

    names = Plugins().provider(provider).connection.env
    is_there = any(os.environ.get(name) for name in names)
    reason = f"it needs a real key of {provider}: set {' or '.join(names)}"
    return [pytest.mark.e2e, pytest.mark.skipif(not is_there, reason=reason)]


def assert_cost_within(replies: Costly | Iterable[Costly], most: str | Money) -> None:
    """Fail unless the replies together cost at most that much; one without a known price fails too."""
    limit = Money(Decimal(most)) if isinstance(most, str) else most
    each: list[Any] = list(replies) if isinstance(replies, Iterable) else [replies]
    unknown = [reply for reply in each if reply.cost.total is None]
    assert not unknown, f"{len(unknown)} of {len(each)} replies have no known cost: {unknown[0].cost.note}"
    total = total_of([reply.cost.total for reply in each], limit.currency)
    assert total <= limit, f"{total} were spent, {limit} are allowed"
