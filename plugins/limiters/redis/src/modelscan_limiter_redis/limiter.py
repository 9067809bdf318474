"""The limiter `redis`: limits and budgets that processes and machines share."""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from collections.abc import Sequence
from math import inf
from typing import Any, Final

from modelscan.contracts.limiter import Demand, Quota, Standing, Watcher
from modelscan.errors import ConfigurationError, LimitError
from modelscan_limiter_redis.absence import POLICIES, Absence, OnLoss
from modelscan_limiter_redis.courier import Courier
from modelscan_limiter_redis.domains import Domain
from modelscan_limiter_redis.leases import RedisLease, token_of, told
from modelscan_limiter_redis.lines import Part, Waiter
from modelscan_limiter_redis.names import detached_name
from modelscan_limiter_redis.operations import AwayError, Detach, Look, Observe, Pause, Stand, Step
from modelscan_limiter_redis.queue import Queue
from modelscan_limiter_redis.refusals import closed
from modelscan_limiter_redis.server import EXACT_BELOW, Server

LONGEST_WAIT_S: Final = 600.0
TTL_S: Final = 30.0
DETACHED_TTL_S: Final = 2 * 86400.0
_TIMEOUT_S: Final = 2.0
_MOST_GATES: Final = 10_000


class RedisLimiter:
    """Holds limits together with every process that uses the same server and prefix.

    `url` is `redis://...` or `rediss://...`. It, `prefix` and `on_loss` come from the environment where they aren't
    given: `MODELSCAN_REDIS_URL`, `MODELSCAN_REDIS_PREFIX`, `MODELSCAN_REDIS_ON_LOSS`. A process that isn't heard of
    for `ttl_s` is taken for dead: its leases end as if forfeited. `on_loss` says what happens while the server can't be
    asked: `share` (this process keeps to its part of each limit), `closed` (calls are refused) or `open` (nothing is
    held back). `longest_wait_s` bounds any wait; `watch` hears when a quota is 80% taken.
    """

    name = "redis"

    def __init__(
        self,
        *,
        url: str | None = None,
        prefix: str | None = None,
        ttl_s: float = TTL_S,
        on_loss: OnLoss | None = None,
        longest_wait_s: float = LONGEST_WAIT_S,
        watch: Watcher | None = None,
    ) -> None:
        policy = on_loss or os.environ.get("MODELSCAN_REDIS_ON_LOSS") or "share"
        if policy not in POLICIES:
            raise ConfigurationError(f"on_loss is one of {', '.join(POLICIES)}, not {policy!r}")
        if ttl_s <= 0:
            raise ConfigurationError(f"ttl_s is a positive number of seconds, not {ttl_s}")
        self._url = url or os.environ.get("MODELSCAN_REDIS_URL") or "redis://127.0.0.1:6379/0"
        self._prefix = prefix or os.environ.get("MODELSCAN_REDIS_PREFIX") or "modelscan"
        self._ttl_s = ttl_s
        self._on_loss: OnLoss = policy
        self._longest_wait_s = longest_wait_s
        self._watch = watch
        self._begin()
        _every.add(self)

    def __repr__(self) -> str:
        return f"RedisLimiter({self._courier.server.address}, prefix={self._prefix!r})"

    def _begin(self) -> None:
        server = Server(self._url, _TIMEOUT_S)
        self._is_closed = False
        self._absence: Absence | None = None
        self._gates: dict[str, str] = {}
        self._pauses: dict[str, float] = {}
        self._queue = Queue(lambda: self._courier, self._granted, self._longest_wait_s)
        self._courier = Courier(server, self, prefix=self._prefix, ttl_s=self._ttl_s, watch=self._watch)

    def forked(self) -> None:
        """This is another process now: connections and leases are its parent's."""
        self._begin()

    # --- The contract ------------------------------------------------------------------------------------------------

    async def reserve(self, demand: Demand) -> RedisLease:
        while not self._is_closed:
            if demand.gates:
                self._know_gates(demand)
            absence = self._absence
            if absence is None:
                try:
                    return await self._queue.lease(demand)
                except AwayError:
                    continue
            lease = await absence.lease(demand)
            if lease is not None:
                return lease
        raise closed()

    def attach(self, token: bytes) -> RedisLease:
        found = told(token)
        parts = [
            Part(self._courier.domain(account), tuple(found.claims[each] for each in places), (), places)
            for account, places in found.parts
        ]
        lease = RedisLease(self, found.holder, found.number, found.claims, parts)
        lease.state = found.state
        return lease

    async def wait_time(self, demand: Demand) -> float:
        if self._is_closed:
            raise closed()
        if self._absence is not None:
            return await self._absence.wait_time(demand)
        try:
            parts = self._queue.parts(demand)
        except LimitError:
            return inf
        questions = [(part, _future()) for part in parts]
        for part, answer in questions:
            self._courier.tell(part.domain, Look(part.claims, part.gates, answer))
        try:
            return max([_wait_s(await answer) for _, answer in questions], default=0.0)
        except AwayError:
            return await self.wait_time(demand)

    def observe(self, quota: Quota, used: int, reset_s: float | None) -> None:
        until = None if reset_s is None else time.monotonic() + reset_s
        self._courier.tell(self._courier.domain(quota.account), Observe(quota, min(used, EXACT_BELOW - 1), until))

    def pause(self, gate: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        account = self._gates.get(gate)
        if account is None:  # whose it is will be seen when somebody wants to go through
            now = time.monotonic()
            self._pauses = {known: opens for known, opens in self._pauses.items() if opens > now}
            self._pauses[gate] = max(until, self._pauses.get(gate, 0.0))
        else:
            self._courier.tell(self._courier.domain(account), Pause(gate, until))
        if self._absence is not None:
            self._absence.pause(gate, seconds)

    async def standing(self, quotas: Sequence[Quota]) -> Sequence[Standing]:
        if self._is_closed:
            raise closed()
        if self._absence is not None:
            return await self._absence.standing(quotas)
        questions = [(quota, _future()) for quota in quotas]
        for quota, answer in questions:
            self._courier.tell(self._courier.domain(quota.account), Stand(quota, answer))
        try:
            return [self._stands(quota, *(await answer)) for quota, answer in questions]
        except AwayError:
            return await self.standing(quotas)

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.refuse_all(closed)
        if self._absence is not None:
            await self._absence.end()
        await self._courier.close()

    # --- What the queue and the courier tell -------------------------------------------------------------------------

    def prepare(self) -> None:
        self._queue.prepare()

    def came_back(self, domain: Domain, keys: Sequence[str] | None = None) -> None:
        self._queue.came_back(domain, keys)

    def lost(self, why: str) -> None:
        self._absence = Absence(self._courier, self._queue, self, self._on_loss, self._longest_wait_s)
        self._queue.refuse_all(AwayError)

    def found(self) -> None:
        absence, self._absence = self._absence, None
        if absence is not None:
            absence.reconcile()

    def _granted(self, waiter: Waiter) -> RedisLease:
        lease = RedisLease(self, self._courier.holder, waiter.number, waiter.demand.claims, waiter.parts)
        now = lease.granted_at
        for part in waiter.parts:
            part.domain.leases[waiter.number] = lease
            part.domain.used_at = now
        return lease

    # --- What leases tell --------------------------------------------------------------------------------------------

    def has_arrived(self, lease: RedisLease) -> None:
        if lease.local is None:
            self._tell(lease, "a")
        if self._absence is not None:
            self._absence.has_arrived(lease)

    def has_ended(self, lease: RedisLease, amounts: Sequence[int] | None) -> None:
        if lease.local is None:
            self._tell(lease, "s", amounts)
        if self._absence is not None:
            self._absence.has_ended(lease, amounts)

    def was_released(self, lease: RedisLease) -> None:
        if lease.local is None:
            self._tell(lease, "x")
        if self._absence is not None:
            self._absence.was_released(lease)

    def carry(self, lease: RedisLease) -> bytes:
        if self._absence is not None and lease.local is not None:
            self._absence.hand_over(lease)
        if lease.holder != self._courier.holder:  # it has a token already
            return token_of(lease, lease.holder)
        name = detached_name(lease.holder, lease.number)
        for part in lease.parts:
            self._courier.tell(part.domain, Detach(lease.number, name, int(DETACHED_TTL_S * 1e6)))
            part.domain.leases.pop(lease.number, None)
        return token_of(lease, name)

    # --- Within ------------------------------------------------------------------------------------------------------

    def _tell(self, lease: RedisLease, code: str, amounts: Sequence[int] | None = None) -> None:
        for part in lease.parts:
            mine = None if amounts is None else [amounts[place] for place in part.places]
            self._courier.tell(part.domain, Step(code, lease.holder, lease.number, mine, domain=part.domain))

    def _know_gates(self, demand: Demand) -> None:
        """Remember whose gates these are; those that were shut before anybody knew are shut now."""
        gates = self._gates
        for gate in demand.gates:
            if gate in gates and gate not in self._pauses:
                continue
            if len(gates) >= _MOST_GATES:
                gates.clear()
            gates[gate] = demand.account
            until = self._pauses.pop(gate, None)
            if until is not None:
                self._courier.tell(self._courier.domain(demand.account), Pause(gate, until))

    def _stands(self, quota: Quota, used: int, under_way: int, reset_us: int) -> Standing:
        reset_s = None if reset_us < 0 else reset_us / 1e6
        return Standing(used=used, open=under_way, reset_s=reset_s, waiting=self._queue.waiting(quota.key))


def _future() -> asyncio.Future[Any]:  # an answer of the script's: what it is depends on the question
    return asyncio.get_running_loop().create_future()


def _wait_s(answer: int | list[Any]) -> float:
    if isinstance(answer, int):
        return 0.0
    why, _, wait_us, _ = answer
    return wait_us / 1e6 if why in ("wait", "short", "stale") else inf


_every: weakref.WeakSet[RedisLimiter] = weakref.WeakSet()


def _after_fork() -> None:
    for limiter in tuple(_every):
        limiter.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork)
