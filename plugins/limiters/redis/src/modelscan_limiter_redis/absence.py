"""What holds while the server can't be asked, and what it is told when it can again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from math import inf
from typing import Final, Literal

import msgspec

from modelscan.contracts.limiter import Claim, Demand, Limiter, Quota, Standing
from modelscan.errors import BudgetExceededError, LimitExceededError
from modelscan.plugins import Plugins
from modelscan_limiter_redis.courier import Courier
from modelscan_limiter_redis.journal import Journal
from modelscan_limiter_redis.leases import Keeper, RedisLease
from modelscan_limiter_redis.operations import KEPT_S, Keep, Restore, Step
from modelscan_limiter_redis.queue import Queue
from modelscan_limiter_redis.refusals import beyond, out_of_reach, too_late
from modelscan_limiter_redis.shares import Shares

OnLoss = Literal["share", "closed", "open"]
POLICIES: Final[tuple[OnLoss, ...]] = ("share", "closed", "open")
_LOCAL: Final = {"share": "memory", "open": "unlimited"}
_SLICE_S: Final = 0.5  # what is left of a share changes as earlier leases end, and a local queue doesn't see that
_log = logging.getLogger("modelscan")


class Absence:
    """One time without the server, from its loss to its return.

    `share` keeps to this process's part of each limit, by a limiter of its own; `open` holds nothing back. Both note
    what they granted, so that the server hears of it.
    """

    def __init__(self, courier: Courier, queue: Queue, keeper: Keeper, on_loss: OnLoss, longest_wait_s: float) -> None:
        self._courier = courier
        self._queue = queue
        self._keeper = keeper
        self._longest_wait_s = longest_wait_s
        self._is_over = asyncio.Event()
        self._leases: dict[int, RedisLease] = {}
        self._journal = Journal()
        self._shares = Shares(courier.domains.values(), lambda: courier.server.time_s) if on_loss == "share" else None
        self._local: Limiter | None = None
        self._ending: asyncio.Task[None] | None = None
        is_known = courier.was_there  # else nobody can say with how many others the limits are shared
        if on_loss == "open" or (on_loss == "share" and is_known):
            options = {"wall": lambda: courier.server.time_s} if on_loss == "share" else {}
            self._local = Plugins().limiter(_LOCAL[on_loss])(**options)
        does = {"share": "each process keeps to its share of every limit", "open": "no limit is held"}
        _log.warning(
            "the shared limits can't be asked: %s; until they can, %s",
            courier.why_lost,
            does[on_loss] if self._local is not None else "every call is refused",
        )

    async def lease(self, demand: Demand) -> RedisLease | None:
        """A lease on this process's own account; None when the server can be asked again. Raises as `reserve` does."""
        now = asyncio.get_running_loop().time
        until = min(inf if demand.deadline is None else demand.deadline, now() + self._longest_wait_s)
        parts = self._queue.parts(demand)
        if self._local is None:
            raise out_of_reach(demand, self._courier.why_lost)
        while not self._is_over.is_set():
            reduced, short = self._reduced(demand)
            try:
                if short is not None:
                    raise too_late(demand, _SLICE_S, short)
                local = await self._local.reserve(
                    msgspec.structs.replace(reduced, deadline=min(until, now() + _SLICE_S))
                )
            except BudgetExceededError:
                raise
            except LimitExceededError as error:
                wait_s = _SLICE_S if error.retry_after_s is None else error.retry_after_s
                if not self._is_over.is_set() and (not demand.may_wait or now() + min(wait_s, _SLICE_S) > until):
                    raise
                await self._wait(min(wait_s, _SLICE_S))
            else:
                number = self._queue.number()
                lease = RedisLease(self._keeper, self._courier.holder, number, demand.claims, parts, local)
                self._leases[number] = lease
                return lease
        return None

    async def wait_time(self, demand: Demand) -> float:
        if self._local is None:
            return inf
        reduced, short = self._reduced(demand)
        return _SLICE_S if short is not None else await self._local.wait_time(reduced)

    async def standing(self, quotas: Sequence[Quota]) -> Sequence[Standing]:
        """What this process knows to be taken."""
        if self._local is None:
            return [Standing(used=0) for _ in quotas]
        found = await self._local.standing(quotas)
        if self._shares is None:
            return found
        shares = self._shares
        return [
            msgspec.structs.replace(one, used=one.used + shares.known(quota))
            for one, quota in zip(found, quotas, strict=True)
        ]

    def pause(self, gate: str, seconds: float) -> None:
        if self._local is not None:
            self._local.pause(gate, seconds)

    def has_arrived(self, lease: RedisLease) -> None:
        if lease.local is not None:
            lease.local.arrived()

    def has_ended(self, lease: RedisLease, amounts: Sequence[int] | None) -> None:
        """A lease ended, whoever granted it."""
        at = lease.arrived_at or time.monotonic()
        worth = [claim.amount for claim in lease.claims] if amounts is None else amounts
        if lease.local is None:
            if self._shares is not None:
                self._shares.has_ended(lease, worth, at)
            return
        if amounts is None:
            lease.local.forfeit("bound")
        else:
            lease.local.settle(amounts)
        self._leases.pop(lease.number, None)
        for claim, amount in zip(lease.claims, worth, strict=True):
            self._journal.add(claim.quota, amount, at)

    def was_released(self, lease: RedisLease) -> None:
        if lease.local is not None:
            lease.local.release()
            self._leases.pop(lease.number, None)
        elif self._shares is not None:
            self._shares.has_ended(lease, [0] * len(lease.claims), time.monotonic())

    def hand_over(self, lease: RedisLease) -> None:
        """From now on the server holds this lease: it is told when it can be."""
        lease.local = None
        self._leases.pop(lease.number, None)
        for part in lease.parts:
            part.domain.leases[lease.number] = lease
            self._courier.tell(part.domain, Restore(lease.number, part.claims))
            if lease.arrived_at is not None:
                self._courier.tell(part.domain, Step("a", lease.holder, lease.number, at=lease.arrived_at))

    def reconcile(self) -> None:
        """The server is there again: tell it what was granted meanwhile, and what of it is under way.

        The others come back at other moments. Until they have, what may be theirs is kept back.
        """
        for lease in tuple(self._leases.values()):
            self.hand_over(lease)
        if self._shares is not None:
            until = time.monotonic() + KEPT_S
            for quota, share in self._shares.all():
                self._courier.tell(self._courier.domain(quota.account), Keep(quota, share, quota.amount - share, until))
        for report in self._journal.reports():
            self._courier.tell(self._courier.domain(report.quota.account), report)
        _log.warning("the shared limits can be asked again: %s", self._courier.server.address)
        self._ending = asyncio.get_running_loop().create_task(self.end())

    async def end(self) -> None:
        """Whoever waits here waits no more."""
        self._is_over.set()
        if self._local is not None:
            await self._local.close()

    def _reduced(self, demand: Demand) -> tuple[Demand, Quota | None]:
        """The demand, with this process's share for each limit, and the limit of which too little is left for now."""
        if self._shares is None:
            return demand, None
        claims: list[Claim] = []
        short: Quota | None = None
        for claim in demand.claims:
            quota = claim.quota
            whole, left = self._shares.of(quota)
            if quota.blocks and claim.amount > whole:
                raise beyond(demand, Claim(msgspec.structs.replace(quota, amount=whole), claim.amount))
            if quota.blocks and claim.amount > left:
                short = quota
            claims.append(Claim(msgspec.structs.replace(quota, amount=left), claim.amount))
        return msgspec.structs.replace(demand, claims=tuple(claims)), short

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._is_over.wait()
        except TimeoutError:
            return
