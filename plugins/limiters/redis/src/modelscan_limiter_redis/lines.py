"""Those of this process who wait: in one line whoever claims of the same quotas, in order within it.

A line asks for as many as were granted at once lately. Once one has to wait only the first of the line asks, when the
server said that it may fit, or when something came back; so however many wait, one of each line asks at a time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from modelscan.contracts.limiter import Claim, Demand

if TYPE_CHECKING:
    from modelscan_limiter_redis.domains import Domain
    from modelscan_limiter_redis.leases import RedisLease

WIDEST: Final = 64
OVERTAKES: Final = 8


class Part(NamedTuple):
    """What of a demand one account's quotas have to grant; `places` are those of its claims among all of the demand."""

    domain: Domain
    claims: tuple[Claim, ...]
    gates: tuple[str, ...]
    places: tuple[int, ...]


class Waiter:
    """One demand on its way to a lease. `granted` counts the parts that it has.

    `parked_at` is the budget for which it stands aside, `came_from` the one for which it last did, `refusals` how often
    it was at the head of its line and somebody else was quicker.
    """

    __slots__ = (
        "came_from",
        "demand",
        "future",
        "granted",
        "is_over",
        "number",
        "parked_at",
        "parts",
        "refusals",
        "timer",
    )

    def __init__(self, demand: Demand, parts: Sequence[Part], number: int, future: asyncio.Future[RedisLease]) -> None:
        self.demand = demand
        self.parts = parts
        self.number = number
        self.future = future
        self.granted = 0
        self.is_over = False
        self.parked_at = ""
        self.came_from = ""
        self.refusals = 0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def is_overtaken(self) -> bool:
        """Whether it has been overtaken so often that it goes before all others now."""
        return self.refusals >= OVERTAKES

    def end(self) -> None:
        """It has its answer, or doesn't want one any more."""
        self.is_over = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


Lane = OrderedDict[Waiter, None]
LineKey = tuple[str, tuple[str, ...], tuple[str, ...]]
"""An account, the keys of the quotas that may refuse, and gates. Budgets don't part lines: each user may have one."""


class Line:
    """Waiters by priority, then tenants in turn, then as they came."""

    __slots__ = (
        "_tiers",
        "asking",
        "domains",
        "is_blocked",
        "key",
        "keys",
        "number",
        "refused",
        "size",
        "timer",
        "wait_s",
        "width",
    )

    def __init__(self, number: int, key: LineKey, domains: Sequence[Domain]) -> None:
        self.number = number
        self.key = key
        self.keys = frozenset(key[1])
        self.domains = domains
        self.wait_s = 0.0
        self.size = 0
        self.asking = 0
        self.width = WIDEST
        self.is_blocked = False
        self.refused: list[Waiter] = []
        self.timer: asyncio.TimerHandle | None = None
        self._tiers: dict[int, OrderedDict[str, Lane]] = {}
        for domain in domains:
            domain.lines[self] = None

    def close(self) -> None:
        """Nobody will ever wait in it again."""
        self.hold(None)
        for domain in self.domains:
            domain.lines.pop(self, None)

    def first(self) -> Waiter | None:
        """Whose turn it is."""
        if not self._tiers:
            return None
        lanes = self._tiers[max(self._tiers)]
        return next(iter(next(iter(lanes.values()))))

    def add(self, waiter: Waiter) -> bool:
        """Put a waiter at the end of its lane; whether it is the first of all."""
        priority, tenant = waiter.demand.priority, waiter.demand.tenant
        is_first = not self._tiers or priority > max(self._tiers)
        self._lane(priority, tenant)[waiter] = None
        self.size += 1
        return is_first

    def take(self, count: int) -> list[Waiter]:
        """Take out the first ones, in order."""
        taken: list[Waiter] = []
        while self._tiers and len(taken) < count:
            priority = max(self._tiers)
            tier = self._tiers[priority]
            tenant, lane = next(iter(tier.items()))
            taken.append(lane.popitem(last=False)[0])
            if lane:
                tier.move_to_end(tenant)
            else:
                self._drop_lane(priority, tenant)
        self.size -= len(taken)
        return taken

    def put_back(self, waiters: Sequence[Waiter]) -> None:
        """Give the ones that were taken out last their places again."""
        for waiter in reversed(waiters):
            priority, tenant = waiter.demand.priority, waiter.demand.tenant
            lane = self._lane(priority, tenant)
            lane[waiter] = None
            lane.move_to_end(waiter, last=False)
            self._tiers[priority].move_to_end(tenant, last=False)
        self.size += len(waiters)

    def drop(self, waiter: Waiter) -> bool:
        """Take one out, wherever it stands; False where it isn't in line."""
        priority, tenant = waiter.demand.priority, waiter.demand.tenant
        tier = self._tiers.get(priority)
        lane = None if tier is None else tier.get(tenant)
        if lane is None or waiter not in lane:
            return False
        del lane[waiter]
        self.size -= 1
        if not lane:
            self._drop_lane(priority, tenant)
        return True

    def hold(self, timer: asyncio.TimerHandle | None) -> None:
        """Ask no more until the timer; None: ask again."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer
        self.is_blocked = timer is not None

    def everybody(self) -> list[Waiter]:
        """All who wait in it."""
        return [waiter for tier in self._tiers.values() for lane in tier.values() for waiter in lane]

    def _lane(self, priority: int, tenant: str) -> Lane:
        tier = self._tiers.get(priority)
        if tier is None:
            tier = self._tiers[priority] = OrderedDict()
        lane = tier.get(tenant)
        if lane is None:
            lane = tier[tenant] = OrderedDict()
        return lane

    def _drop_lane(self, priority: int, tenant: str) -> None:
        tier = self._tiers[priority]
        del tier[tenant]
        if not tier:
            del self._tiers[priority]
