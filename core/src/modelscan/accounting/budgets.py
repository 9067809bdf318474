"""Budgets: which of them a call draws on, what is left of them, and what a program's own contexts draw from each other.

A budget is a quota of money, counted in billionths by the same limiter that holds the rates. What was spent before this
process comes from the ledger, once for each budget and period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from uuid import uuid4

import attrs

from modelscan.accounting.exact import nano_within
from modelscan.contracts.limiter import CalendarPeriod, Lease, Quota
from modelscan.errors import ConfigurationError
from modelscan.types.context import CallContext
from modelscan.types.limits import Budget

BUDGETS: Final = "budgets"
"""The account under which a shared store keeps the quotas of all budgets together."""

PERIODS: Final[Mapping[str, CalendarPeriod]] = {
    "hour": "hour",
    "day": "day",
    "week": "week",
    "month": "month",
    "total": "total",
    "session": "total",
}
"""What a period is called in a quota: a session's key lives no longer than its client, so it never resets."""


@attrs.frozen
class Drawn:
    """A budget that a call draws on. `is_lasting`: what other processes spent before counts as well."""

    budget: Budget
    quota: Quota
    is_lasting: bool


@attrs.define(eq=False)
class Allotment:
    """Money that a context has set aside from the budgets around it, the innermost of which may be one itself."""

    lease: Lease
    claims: int
    amount: int
    outer: Allotment | None = None
    spent: int = 0
    open: int = 0

    def __attrs_post_init__(self) -> None:
        if self.outer is not None:
            self.outer.open += self.amount

    def close(self) -> None:
        """Give back what nobody spent; what calls under way may still cost stays spent."""
        used = self.spent + self.open
        self.lease.settle((used,) * self.claims)
        if self.outer is not None:
            self.outer.open -= self.amount
            self.outer.spent += used


class BudgetBook:
    """The budgets of one client."""

    def __init__(self, budgets: Sequence[Budget] = ()) -> None:
        self._session = uuid4().hex
        self._budgets = tuple(budgets)
        self.currency = budgets[0].currency if budgets else "USD"
        self._check(budgets)
        if any(budget.is_allotment for budget in budgets):
            raise ConfigurationError(
                "an allotment is taken from the budgets around it, and around a client's own there are none",
                advice="Open it with client.context(budgets=[...]); it ends with the block.",
            )
        self._made: dict[tuple[str, Budget], Drawn] = {}
        self._always: tuple[tuple[Drawn, ...], tuple[Drawn, ...]] | None = None
        self.allotments: dict[str, Allotment] = {}

    def __bool__(self) -> bool:
        return bool(self._budgets)

    def close(self, budgets: Sequence[Budget]) -> None:
        """The context that opened these has ended: what its allotments had left goes back to those around them."""
        for budget in budgets:
            allotment = self.allotments.pop(budget.name, None)
            if allotment is not None:
                allotment.close()

    def path(self, context: CallContext) -> tuple[Budget, ...]:
        """The client's budgets, then those of the contexts around the call, outermost first."""
        return (*self._budgets, *context.budgets) if context.budgets else self._budgets

    def per_call(self, context: CallContext) -> Iterator[Budget]:
        """The budgets that hold for each call by itself."""
        return (budget for budget in self.path(context) if budget.per == "call")

    def drawn(self, context: CallContext) -> tuple[tuple[Drawn, ...], tuple[Drawn, ...]]:
        """What a call draws on, and what the allotment that it draws on was drawn from itself.

        Beyond an allotment nothing is drawn: its whole amount is taken already.
        """
        if self._always is not None and not context.budgets:
            return self._always
        self._check(context.budgets)
        counted = [budget for budget in self.path(context) if budget.per != "call"]
        path = tuple(self._drawn(budget, context) for budget in counted)
        last = last_allotment(path) or 0
        found = path[last:], path[:last]
        if not context.budgets and not any(budget.scope for budget in counted):
            self._always = found
        return found

    def _check(self, budgets: Sequence[Budget]) -> None:
        for budget in budgets:
            if budget.currency != self.currency:
                raise ConfigurationError(
                    f"a budget in {budget.currency} stands beside one in {self.currency}",
                    advice="Write all budgets of a client in one currency; prices are converted at dated rates.",
                )
            if budget.is_allotment and budget.per == "call":
                raise ConfigurationError("an allotment is for many calls, and this one is for each (per='call')")

    def _drawn(self, budget: Budget, context: CallContext) -> Drawn:
        scope = "/".join(f"{name}={context.value_of(name)}" for name in budget.scope)
        found = self._made.get((scope, budget))
        if found is None:
            if len(self._made) >= _MOST_KEPT:
                self._made.clear()
            found = self._made[scope, budget] = self._make(budget, scope)
        return found

    def _make(self, budget: Budget, scope: str) -> Drawn:
        is_own = budget.per == "session" or (budget.per == "total" and not budget.name)
        name = budget.name or f"{budget.amount}{budget.currency}/{budget.per}"
        key = f"budget|{name}|{budget.per}|{scope}" + (f"|{self._session}" if is_own else "")
        quota = Quota(
            key=key,
            kind="calendar",
            unit=budget.currency,
            amount=nano_within(budget.amount),
            account=BUDGETS,
            period=PERIODS[budget.per],
            blocks=budget.hard,
        )
        return Drawn(budget, quota, is_lasting=not is_own)


_MOST_KEPT: Final = 4096


def last_allotment(path: Sequence[Drawn]) -> int | None:
    """The place of the innermost allotment of a path; None where there is none."""
    return max((place for place, each in enumerate(path) if each.budget.is_allotment), default=None)


def opened(budgets: Sequence[Budget]) -> tuple[Budget, ...]:
    """Budgets as a context opens them: one without a name is another each time."""
    return tuple(budget if budget.name else attrs.evolve(budget, name=f"context-{uuid4().hex}") for budget in budgets)


def shown_key(quota: Quota) -> str:
    """A budget's name and scope, for people: `feature=faq` of `team`."""
    _, name, _, scope, *_ = quota.key.split("|")
    return f"{name} ({scope})" if scope else name


def affordable(left: int, cost: Callable[[int], int], most: int) -> int:
    """The most output tokens, up to `most`, that `left` billionths pay for; -1 where not even none are affordable.

    `cost` gives the most that a call with so many costs; it never falls as they grow.
    """
    if cost(most) <= left:
        return most
    if cost(0) > left:
        return -1
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= left else (low, middle)
    return low
