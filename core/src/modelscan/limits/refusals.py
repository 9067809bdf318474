"""The words in which a demand is refused: which limit, how much of it there is, how long it would have taken."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING, Final

from modelscan.accounting.exact import of_nano
from modelscan.contracts.limiter import Demand, Quota
from modelscan.errors import BudgetExceededError, LimitExceededError

if TYPE_CHECKING:
    from modelscan.limits.counters import Counter

_TIMES: Final = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def beyond(demand: Demand, counter: Counter, amount: int) -> LimitExceededError:
    """One call that asks for more than there ever is."""
    return LimitExceededError(
        f"one call needs {shown(counter.quota, amount)}, and the limit is {described(counter.quota)}",
        provider=demand.account.partition("/")[0],
        model=demand.model,
        account=demand.account,
        advice="Ask for less in one call (a shorter prompt, a lower max_output_tokens), or raise the limit.",
    )


def broke(demand: Demand, counter: Counter, amount: int) -> BudgetExceededError:
    """A call that a budget can't afford any more."""
    left = max(0, counter.amount - counter.used + counter.open)
    return BudgetExceededError(
        f"the call could cost {shown(counter.quota, amount)}, and {described(counter.quota)} has "
        f"{shown(counter.quota, left)} left",
        provider=demand.account.partition("/")[0],
        model=demand.model,
        account=demand.account,
    )


def too_late(demand: Demand, wait_s: float, limit: Counter | None) -> LimitExceededError:
    """A call that would have to wait longer than it may."""
    name = "a limit" if limit is None else f"the limit of {described(limit.quota)}"
    often = "until calls under way are over" if isinf(wait_s) else f"about {wait_s:.1f} s"
    return LimitExceededError(
        f"{name} leaves no room for the call: it would have to wait {often}, which is longer than it may",
        provider=demand.account.partition("/")[0],
        model=demand.model,
        account=demand.account,
        retry_after_s=None if isinf(wait_s) else wait_s,
    )


def described(quota: Quota) -> str:
    """A limit in words: `500 requests a minute`.

    >>> described(Quota(key="k", kind="rate", unit="requests", amount=500, window_s=60))
    '500 requests a minute'
    """
    amount = shown(quota, quota.amount)
    if quota.kind == "gauge":
        return f"{amount} at once"
    if quota.kind == "rate":
        return f"{amount} " + (f"a {_TIMES[int(quota.window_s)]}" if quota.window_s in _TIMES else _seconds(quota))
    if quota.is_money:
        amount = f"the budget of {amount}"
    return amount if quota.period == "total" else f"{amount} a {quota.period}"


def shown(quota: Quota, amount: int) -> str:
    """An amount with its unit; money as what it is."""
    if quota.is_money:
        return f"{of_nano(amount):f} {quota.unit}"
    return f"{amount:,} {'calls' if quota.unit == 'concurrent' else quota.unit.replace('_', ' ')}"


def _seconds(quota: Quota) -> str:
    return f"in {quota.window_s:g} s"
