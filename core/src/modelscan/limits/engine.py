"""The engine of the limits: all that a demand claims is taken in one step, or its maker waits in line.

It is pure: time comes in as an argument and leases go out by a call, so that a test can let a week pass in a second.
`modelscan.limits.memory` puts it on an event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from modelscan.contracts.limiter import Demand, Quota, Standing, Watcher
from modelscan.errors import ModelScanError
from modelscan.limits.book import Book, Needs
from modelscan.limits.carrying import token_of, told
from modelscan.limits.counters import Entry, WallClock
from modelscan.limits.lease import CountedLease
from modelscan.limits.lines import Lines
from modelscan.limits.queue import Granted, Waiter

_FORKED_S: Final = 60.0


class Engine:
    """Counters, and the lines before them. `clock` only goes forward; `wall` gives seconds since 1970.

    Where the machine's clock may be wrong, `wall` is as it may be late and `early` as it may be early.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wall: WallClock = time.time,
        *,
        longest_wait_s: float = inf,
        watch: Watcher | None = None,
        served: Callable[[], None] | None = None,
        early: WallClock | None = None,
    ) -> None:
        self.clock = clock
        self.book = Book(clock, wall, watch, early)
        self._served = served
        self.lines = Lines(self.book, self._lease, served)
        self._longest_wait_s = longest_wait_s
        self._carried: dict[bytes, CountedLease] = {}
        self._numbers = 0

    def try_now(self, demand: Demand, now: float) -> CountedLease | None:
        """A lease if there is room and nobody waits for it; else None, and nothing is taken."""
        book = self.book
        if book.gates and book.opens_at(demand.gates) > now:
            return None
        counters = book.counters
        entries: list[Entry] = []
        for claim in demand.claims:
            quota = claim.quota
            counter = counters.get(quota.key)
            if counter is None or counter.quota is not quota:
                counter = book.counter(quota)
            amount = claim.amount
            if (counter.free(now) < amount or counter.waiting) and quota.blocks:
                return None
            entries.append(Entry(counter, amount))
        book.take(entries)
        if book.altered:
            self._heed(now)
        return CountedLease(self, entries)

    def enqueue(self, demand: Demand, now: float, granted: Granted) -> Waiter | None:
        """Wait in line; None where that was over at once: `granted` has heard of it.

        What can never be granted, or not in time, is an error at once, and so is any wait of a demand that may not.
        """
        needs = self.book.needs(demand)
        refusal = self.book.never(demand, needs, now)
        if refusal is not None:
            granted(refusal)
            return None
        self._numbers += 1
        longest = now + self._longest_wait_s
        until = longest if demand.deadline is None else min(longest, demand.deadline)
        waiter = Waiter(demand, needs, self._numbers, until, granted)
        self.lines.join(waiter, now)
        self._heed(now)
        return None if waiter.is_over else waiter

    def changed(self, entries: Sequence[Entry], now: float) -> None:
        """What these entries hold has changed: whoever waited for it may go on."""
        if self.lines.waiting:
            self.lines.changed([entry.counter for entry in entries], now)

    def dated(self, entries: Sequence[Entry], now: float) -> None:
        """It is known now when some of this comes back: whoever waits for it needs a timer."""
        if self.lines.waiting:
            self.lines.changed([entry.counter for entry in entries if entry.bucket is not None], now)

    def observe(self, quota: Quota, used: int, reset_s: float | None, now: float) -> None:
        """The provider's own count."""
        counter = self.book.counter(quota)
        counter.observe(used, reset_s, now)
        self._heed(now)
        if self.lines:
            self.lines.changed((counter,), now)

    def pause(self, gate: str, seconds: float, now: float) -> None:
        """Shut a gate for a while; never for less than it already is."""
        gates = {name: until for name, until in self.book.gates.items() if until > now}
        self.book.gates = {**gates, gate: max(now + seconds, gates.get(gate, 0.0))}

    def standing(self, quota: Quota, now: float) -> Standing:
        """How a quota stands."""
        counter = self.book.counter(quota)
        self._heed(now)
        free = counter.free(now)
        return Standing(
            used=counter.amount - free, open=counter.open, reset_s=counter.next_s(now), waiting=counter.waiting
        )

    def wait_s(self, demand: Demand, now: float) -> float:
        """Seconds until the demand could be granted as things stand."""
        wait_s = self.book.wait_s(demand, now)
        self._heed(now)
        return wait_s

    def forked(self) -> None:
        """This is another process now, and what its parent has under way it will never hear of.

        Every rate counts as taken for one window, and all else as taken; who waits there waits for nothing here.
        """
        self._carried = {}
        self.book.hold_full(_FORKED_S)
        self.abandon()

    def abandon(self) -> None:
        """Forget everybody who waits: whoever would have told them is gone."""
        for counter in self.book.counters.values():
            counter.waiting = 0
        self.lines = Lines(self.book, self._lease, self._served)

    def carry(self, lease: CountedLease) -> bytes:
        """A token for a lease that lives on under it."""
        carried = CountedLease(self, lease.entries)
        carried.state = lease.state
        token = token_of(carried)
        self._carried[token] = carried
        return token

    def attach(self, token: bytes, now: float) -> CountedLease:
        """The lease behind a token; one of another process is taken on with all that it reserved."""
        known = self._carried.pop(token, None)
        if known is not None:
            return known
        state, claims = told(token)
        lease = self._lease([(self.book.counter(claim.quota), claim.amount) for claim in claims])
        self._heed(now)
        lease.state = state
        if state == "arrived":
            for entry in lease.entries:
                entry.counter.date(entry, now)
        return lease

    def refuse_all(self, error: ModelScanError, now: float) -> None:
        """Nobody will be granted anything any more."""
        self.lines.refuse_all(error, now)

    def _heed(self, now: float) -> None:
        """Amounts were changed while somebody waited: see whom that helps, or who asks for too much now."""
        altered, self.book.altered = self.book.altered, []
        if altered:
            self.lines.changed(altered, now)

    def _lease(self, needs: Needs) -> CountedLease:
        now = self.clock()
        for counter, _ in needs:
            counter.free(now)
        entries = [Entry(counter, amount) for counter, amount in needs]
        self.book.take(entries)
        return CountedLease(self, entries)
