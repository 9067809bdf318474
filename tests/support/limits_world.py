"""An engine of the limits in virtual time, and a provider that counts at its door what comes in.

A call comes to the provider at some moment between `sent` and `arrived`; there it counts, in a closed rolling window,
at any moment or by the provider's calendar. Times are multiples of 1/64 s, which floats hold exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import Literal

from modelscan.contracts.limiter import Claim, Demand, Quota, Watcher
from modelscan.limits.calendar import period_of
from modelscan.limits.counters import Counter, Rate
from modelscan.limits.engine import Engine
from modelscan.limits.lease import CountedLease
from modelscan.limits.memory import SteadyWallClock
from modelscan.limits.queue import Waiter

NEW_YEAR_S = 1_767_225_600.0  # 2026-01-01 in UTC

Ending = Literal["settled", "cut", "lost", "unsent", "crashed"]


@dataclass(frozen=True)
class Journey:
    """What a granted call goes through, in seconds after one another, and what it was worth at the provider.

    `cut` breaks after the head, `lost` never gets one, `unsent` can't connect, `crashed` never ends.
    """

    to_server_s: float = 0.0
    to_head_s: float = 0.0
    to_end_s: float = 0.0
    worths: tuple[int, ...] | None = None
    ending: Ending = "settled"


@dataclass
class Call:
    """One demand on its way."""

    demand: Demand
    journey: Journey
    asked_at: float
    lease: CountedLease | None = None
    error: Exception | None = None
    waiter: Waiter | None = None
    granted_at: float = inf
    counted_at: float = inf
    over_at: float = inf
    is_cancelled: bool = False

    @property
    def is_decided(self) -> bool:
        return self.lease is not None or self.error is not None or self.is_cancelled

    def worth_of(self, quota: Quota) -> tuple[int, int]:
        """What it was worth at the provider, and what had been reserved for it."""
        amounts = [claim.amount for claim in self.demand.claims]
        worths = self.journey.worths or amounts
        pairs = zip(self.demand.claims, worths, amounts, strict=True)
        mine = [(worth, amount) for claim, worth, amount in pairs if claim.quota.key == quota.key]
        return sum(worth for worth, _ in mine), sum(amount for _, amount in mine)


@dataclass
class World:
    """Time, an engine, the calls that were made of it, and their fates."""

    longest_wait_s: float = inf
    watch: Watcher | None = None
    now: float = 1024.0
    calls: list[Call] = field(default_factory=list)
    off_s: float = 0.0
    """How far the machine's clock is off the provider's."""
    was_clock_set: bool = False

    def __post_init__(self) -> None:
        clock = SteadyWallClock(lambda: self.true_wall() + self.off_s, lambda: self.now)
        self.engine = Engine(
            lambda: self.now, clock.late, longest_wait_s=self.longest_wait_s, watch=self.watch, early=clock.early
        )
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = 0

    def true_wall(self) -> float:
        """The provider's clock."""
        return NEW_YEAR_S + self.now

    def call(self, demand: Demand, journey: Journey = Journey(), *, is_cancelled_on_grant: bool = False) -> Call:
        """Ask for a lease, and go on the journey when there is one."""
        call = Call(demand, journey, self.now)
        self.calls.append(call)

        def granted(outcome: CountedLease | Exception) -> None:
            assert not call.is_decided
            if isinstance(outcome, Exception):
                call.error = outcome
            elif is_cancelled_on_grant:
                call.is_cancelled = True
                outcome.release()
            else:
                self._start(call, outcome)

        lease = self.engine.try_now(demand, self.now)
        if lease is not None:
            granted(lease)
        else:
            call.waiter = self.engine.enqueue(demand, self.now, granted)
        return call

    def cancel(self, call: Call) -> None:
        """The caller loses interest while it waits."""
        if call.waiter is not None and not call.is_decided:
            call.is_cancelled = True
            self.engine.lines.leave(call.waiter, self.now)

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self._numbers += 1
        heappush(self._events, (moment, self._numbers, action))

    def run(self, seconds: float) -> None:
        """Let time pass: whatever falls due in it happens, in order."""
        until = self.now + seconds
        while True:
            wake = self.engine.lines.wake_at(self.now)
            moment = min(inf if wake is None else wake, self._events[0][0] if self._events else inf)
            if moment > until:
                break
            self.now = max(self.now, moment)
            if self._events and self._events[0][0] <= self.now:
                heappop(self._events)[2]()
            else:
                self.engine.lines.tick(self.now)
                after = self.engine.lines.wake_at(self.now)
                assert after is None or after > self.now, "a timer that would go off again and again"
        self.now = until

    def _start(self, call: Call, lease: CountedLease) -> None:
        journey, ending = call.journey, call.journey.ending
        call.lease, call.granted_at = lease, self.now
        lease.sent()
        at_server = self.now + journey.to_server_s
        at_head = at_server + journey.to_head_s
        at_end = at_head + journey.to_end_s
        if ending == "unsent":
            self.at(at_server, lease.release)
            return
        call.counted_at = at_server
        if ending != "lost":
            self.at(at_head, lease.arrived)
        if ending != "crashed":
            call.over_at = at_end
            self.at(at_end, lambda: self._end(call, lease))

    def _end(self, call: Call, lease: CountedLease) -> None:
        if call.journey.ending == "settled":
            lease.settle(call.journey.worths or [claim.amount for claim in call.demand.claims])
        else:
            lease.forfeit("bound")

    def over_admitted(self, quota: Quota) -> int:
        """By how much the provider's door saw the amount passed, beyond what calls were worth more than reserved."""
        seen = [
            (call.counted_at, call.over_at, *call.worth_of(quota))
            for call in self.calls
            if call.counted_at <= self.now and any(claim.quota.key == quota.key for claim in call.demand.claims)
        ]
        moments = [(at, 1, min(worth, amount)) for at, _, worth, amount in seen]
        moments += [
            (_leaves_at(quota, at, over), 2 if quota.kind == "rate" else 0, -min(worth, amount))
            for at, over, worth, amount in seen
        ]
        level = most = 0
        for _, _, change in sorted(moments):
            level += change
            most = max(most, level)
        return most - quota.amount

    def counter(self, quota: Quota) -> Counter:
        return self.engine.book.counters[quota.key]

    def check_books(self) -> None:
        """Every counter holds what its entries hold, and knows what is waited for."""
        for key, counter in self.engine.book.counters.items():
            leases = [call.lease for call in self.calls if call.lease is not None]
            entries = [
                entry
                for lease in leases
                if lease.state in ("reserved", "sent", "arrived")
                for entry in lease.entries
                if entry.counter is counter
            ]
            assert counter.is_under_way() == bool(entries), key
            undated = [entry for entry in entries if counter.quota.kind != "rate" or entry.bucket is None]
            assert counter.open == sum(entry.amount for entry in undated), key
            assert counter.used >= counter.open, key
            if isinstance(counter, Rate):
                held = sum(bucket.worth for bucket in counter._buckets)
                assert counter.used == held + counter.open + counter._foreign, key
            claims = [claim for call in self.calls if not call.is_decided for claim in call.demand.claims]
            assert counter.waiting == sum(claim.amount for claim in claims if claim.quota.key == key), key
        assert self.engine.lines.waiting == sum(not call.is_decided for call in self.calls)

    def check_nobody_is_forgotten(self) -> None:
        """Of those lines that share counters, one at least can't go on: else a wake-up was lost."""
        lines, seen = self.engine.lines, set()
        for line in lines._lines.values():
            if line in seen:
                continue
            together = lines._together({line: None})
            seen.update(together)
            firsts = [first for each in together if (first := each.first()) is not None]
            assert not firsts or not all(self._could_go(first) for first in firsts), [each.demand for each in firsts]

        for budget in lines._parked:
            place = lines._parked._first(budget)
            head = None if place is None else place[2].head()
            assert head is None or budget.free(self.now) < max(
                amount for other, amount in head.needs if other is budget
            )

    def _could_go(self, waiter: Waiter) -> bool:
        if self.engine.book.opens_at(waiter.demand.gates) > self.now:
            return False
        if self.was_clock_set and any(counter.quota.period == "minute" for counter, _ in waiter.needs):
            return False  # it is looked at again when it was to be by the clock of before
        return all(counter.free(self.now) >= amount for counter, amount in waiter.needs if counter.quota.blocks)


def _leaves_at(quota: Quota, counted_at: float, over_at: float) -> float:
    """Until when a call counts: in a window that moment is within."""
    if quota.kind == "gauge":
        return over_at
    if quota.kind == "rate":
        return counted_at + quota.window_s
    return period_of(quota.period, quota.zone, quota.anchor, NEW_YEAR_S + counted_at)[1] - NEW_YEAR_S


def demand(*claims: tuple[Quota, int], tenant: str = "", priority: int = 0, **other: object) -> Demand:
    """A demand for some model, of these quotas."""
    taken = tuple(Claim(quota, amount) for quota, amount in claims)
    return Demand(account="a/default", model="m", claims=taken, tenant=tenant, priority=priority, **other)  # type: ignore[arg-type]


def rate(amount: int, window_s: float = 64.0, *, unit: str = "requests", key: str = "") -> Quota:
    """So much in any window."""
    return Quota(key=key or unit, kind="rate", unit=unit, amount=amount, window_s=window_s)


def gauge(amount: int, *, key: str = "gauge") -> Quota:
    """So many at once."""
    return Quota(key=key, kind="gauge", unit="concurrent", amount=amount)


def budget(amount: int, *, key: str = "budget", period: Literal["hour", "day", "total"] = "total") -> Quota:
    """So much money."""
    return Quota(key=key, kind="calendar", unit="USD", amount=amount, period=period)


def outcomes(calls: Sequence[Call]) -> list[str]:
    """What became of calls, in words."""
    return [
        "lease" if call.lease else "cancelled" if call.is_cancelled else type(call.error).__name__ for call in calls
    ]
