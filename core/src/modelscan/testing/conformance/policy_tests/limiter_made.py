"""What the suites of limiters share: a limiter that is closed after its test, and quotas that no other test uses."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Literal

import pytest

from modelscan.contracts.limiter import Claim, Demand, Lease, Limiter, Quota
from modelscan.errors import LimitError
from modelscan.plugins import Plugins
from modelscan.testing.conformance.policy_tests.made import MadeByName
from modelscan.testing.conformance.suite import not_declared

WINDOW_S = 0.3
"""Of the rates that tests wait for."""
SOON_S = 2.0
"""More than anything takes that waits for less than a window."""


class MadeLimiter(MadeByName):
    """Limiters are made for one test, and closed. `counts` says that they hold the quotas of a demand."""

    counts: ClassVar[bool] = False

    @pytest.fixture
    async def made(self) -> AsyncIterator[Any]:
        """A fresh limiter."""
        given = type(self).limiter  # type: ignore[attr-defined]  # what the author of the suite says
        factory: Callable[..., Limiter] = Plugins().limiter(given) if isinstance(given, str) else given
        limiter = factory(**type(self).options)
        yield limiter
        await limiter.close()

    @pytest.fixture
    def holding(self, made: Limiter) -> Limiter:
        """The same, of a limiter that holds quotas."""
        if not type(self).counts:
            not_declared("the limiter doesn't say that it holds quotas (`counts = True`)")
        return made


class Quotas:
    """Quotas of one account that no other test has."""

    def __init__(self) -> None:
        self.account = f"provider/{os.urandom(6).hex()}"

    def rate(self, amount: int, *, window_s: float = WINDOW_S, unit: str = "requests", blocks: bool = True) -> Quota:
        key = f"{self.account}/{unit}"
        return Quota(
            key=key, kind="rate", unit=unit, amount=amount, account=self.account, window_s=window_s, blocks=blocks
        )

    def gauge(self, amount: int) -> Quota:
        key = f"{self.account}/concurrent"
        return Quota(key=key, kind="gauge", unit="concurrent", amount=amount, account=self.account)

    def calendar(self, amount: int, *, unit: str = "requests", period: Literal["year", "total"] = "total") -> Quota:
        key = f"{self.account}/{period}/{unit}"
        return Quota(key=key, kind="calendar", unit=unit, amount=amount, account=self.account, period=period)


def demand(*claims: tuple[Quota, int], may_wait: bool = True, tenant: str = "", priority: int = 0) -> Demand:
    """A demand for so much of each quota."""
    return Demand(
        account=claims[0][0].account,
        model="model",
        claims=tuple(Claim(quota, amount) for quota, amount in claims),
        gates=(claims[0][0].account,),
        tenant=tenant,
        priority=priority,
        may_wait=may_wait,
    )


async def granted(limiter: Limiter, *claims: tuple[Quota, int]) -> Lease:
    """A lease that must be had without waiting."""
    return await limiter.reserve(demand(*claims, may_wait=False))


async def refusal(limiter: Limiter, *claims: tuple[Quota, int]) -> LimitError:
    """Why a demand that doesn't wait isn't granted; it must not be."""
    try:
        await limiter.reserve(demand(*claims, may_wait=False))
    except LimitError as error:
        return error
    raise AssertionError(f"more is granted than {', '.join(quota.key for quota, _ in claims)} hold")


async def used(limiter: Limiter, quota: Quota) -> int:
    """What is taken of a quota."""
    return (await limiter.standing([quota]))[0].used


def seconds() -> float:
    """The loop's clock."""
    return asyncio.get_running_loop().time()


def arrived(lease: Lease) -> Lease:
    """Sent, and the response's head is here."""
    lease.sent()
    lease.arrived()
    return lease
