"""What a refusal says: which limit, how much is needed, how long it would have taken."""

from __future__ import annotations

from math import inf

from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.errors import BudgetExceededError, LimitError, LimitExceededError
from modelscan.limits.refusals import described, shown


def beyond(demand: Demand, claim: Claim) -> LimitError:
    """One call that asks for more than there ever is."""
    if claim.quota.is_money:
        return broke(demand, claim, claim.quota.amount)
    needed, limit = shown(claim.quota, claim.amount), described(claim.quota)
    error = LimitExceededError(
        f"one call needs {needed}, and the limit is {limit}",
        advice="Ask for less in one call (a shorter prompt, a lower max_output_tokens), or raise the limit.",
    )
    return _about(error, demand)


def broke(demand: Demand, claim: Claim, left: int) -> LimitError:
    """A call that a budget can't afford any more."""
    quota = claim.quota
    could, has = shown(quota, claim.amount), shown(quota, left)
    return _about(BudgetExceededError(f"the call could cost {could}, and {described(quota)} has {has} left"), demand)


def never(demand: Demand, quota: Quota) -> LimitError:
    """A call that a quota which never resets has no room for."""
    error = LimitExceededError(
        f"too little is left of {described(quota)}, and it never resets", advice="Raise the limit.", retryable=False
    )
    return _about(error, demand)


def too_late(demand: Demand, wait_s: float = inf, quota: Quota | None = None) -> LimitError:
    """A call that would have to wait longer than it may; `inf` where that hangs on calls under way."""
    name = "a limit" if quota is None else f"the limit of {described(quota)}"
    often = "until calls under way are over" if wait_s == inf else f"about {wait_s:.1f} s"
    error = LimitExceededError(
        f"{name} leaves no room for the call: it would have to wait {often}, which is longer than it may",
        retry_after_s=None if wait_s == inf else wait_s,
    )
    return _about(error, demand)


def out_of_reach(demand: Demand, why: str) -> LimitError:
    """A call that may not go out while the shared limits can't be asked."""
    error = LimitError(
        f"the shared limits can't be asked: {why}",
        advice='Start the server, mend its URL, or choose what to do without it: on_loss = "share" or "open".',
    )
    return _about(error, demand)


def closed() -> LimitError:
    return LimitExceededError("the client was closed while the call waited for a limit")


def _about(error: LimitError, demand: Demand) -> LimitError:
    error.about(provider=demand.account.partition("/")[0], model=demand.model, account=demand.account)
    return error
