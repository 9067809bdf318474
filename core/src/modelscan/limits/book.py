"""The book of all counters and gates: what is taken, and what can never be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Final

from modelscan.contracts.limiter import Demand, Quota, Watcher
from modelscan.errors import ModelScanError
from modelscan.limits.counters import Counter, Entry, Rate, WallClock, counter_for
from modelscan.limits.refusals import beyond, broke

Needs = Sequence[tuple[Counter, int]]
"""What a demand claims of which counter."""

_MOST_COUNTERS: Final = 1024


class Book:
    """Counters by key, and the moments at which gates open.

    `altered` are the counters whose amounts were changed while somebody waited: whoever serves the lines clears it.
    """

    def __init__(
        self, clock: Callable[[], float], wall: WallClock, watch: Watcher | None, early: WallClock | None = None
    ) -> None:
        self.counters: dict[str, Counter] = {}
        self.gates: dict[str, float] = {}
        self.altered: list[Counter] = []
        self._clock = clock
        self._wall = wall
        self._early = early or wall
        self._watch = watch
        self._most = _MOST_COUNTERS

    def counter(self, quota: Quota) -> Counter:
        """The quota's counter, which from now on holds the quota's amount."""
        counter = self.counters.get(quota.key)
        if counter is None or counter.quota.kind != quota.kind:
            if len(self.counters) >= self._most:
                self._prune()
            counter = self.counters[quota.key] = self._empty(quota)
        elif counter.quota is not quota:
            if counter.waiting and counter.quota != quota:
                self.altered.append(counter)
            counter.become(quota)
        return counter

    def needs(self, demand: Demand) -> Needs:
        """The demand's claims, with their counters."""
        return [(self.counter(claim.quota), claim.amount) for claim in demand.claims]

    def take(self, entries: Sequence[Entry]) -> None:
        """Count these entries as taken."""
        for entry in entries:
            counter, amount = entry.counter, entry.amount
            counter.open += amount
            counter.used = used = counter.used + amount
            if used >= counter.warned_from:
                self._warn(counter, used, amount)
            elif counter.is_warned:
                counter.is_warned = False

    def _warn(self, counter: Counter, used: int, amount: int) -> None:
        """Tell of a counter that is 80% taken. Of a budget only what is spent counts: a call sets aside its bound."""
        if counter.is_warned and used - amount >= counter.warned_from:
            return
        if counter.quota.is_money:
            used -= counter.open
            if used < counter.warned_from:
                return
        counter.is_warned = True
        if self._watch is not None:
            self._watch(counter.quota, used)

    def opens_at(self, gates: tuple[str, ...]) -> float:
        """When the last of these gates opens; in the past where none is shut."""
        return max((self.gates.get(gate, 0.0) for gate in gates), default=0.0)

    def never(self, demand: Demand, needs: Needs, now: float) -> ModelScanError | None:
        """Why a demand can't be granted, however long it waits: a budget's next period is not waited for."""
        for counter, amount in needs:
            if not counter.quota.blocks:
                continue
            if counter.quota.is_money:
                counter.free(now)
                if counter.used - counter.open + amount > counter.amount:
                    return broke(demand, counter, amount)
            elif amount > counter.amount:
                return beyond(demand, counter, amount)
        return None

    def tightest(self, needs: Needs, now: float) -> Counter | None:
        """The counter that keeps a demand waiting longest."""
        late = [(_earliest(counter, amount, now), counter) for counter, amount in needs if counter.quota.blocks]
        return max(late, key=lambda each: each[0])[1] if late else None

    def wait_s(self, demand: Demand, now: float) -> float:
        """Seconds until the demand could be granted as things stand, those in line before it included."""
        needs = self.needs(demand)
        if self.never(demand, needs, now) is not None:
            return inf
        starts = [self.opens_at(demand.gates)]
        starts += [_earliest(counter, amount, now) for counter, amount in needs if counter.quota.blocks]
        return max(0.0, max(starts) - now)

    def hold_full(self, window_s: float) -> None:
        """Begin anew with every counter taken in full: rates for a window, gauges for so long, all else to its reset.

        Entries of before have nothing to do with the new counters.
        """
        now = self._clock()
        self.altered = []
        for key, counter in tuple(self.counters.items()):
            self.counters[key] = fresh = self._empty(counter.quota)
            fresh.observe(fresh.amount, None if isinstance(fresh, Rate) else window_s, now)

    def _empty(self, quota: Quota) -> Counter:
        return counter_for(quota, self._wall, self._early)

    def _prune(self) -> None:
        """Drop the counters in which nothing is: a budget for every user makes many."""
        now = self._clock()
        kept = {}
        for key, counter in self.counters.items():
            counter.free(now)
            if counter.used or counter.waiting or counter.is_under_way():
                kept[key] = counter
        self.counters = kept
        self._most = 2 * len(kept) + _MOST_COUNTERS


def _earliest(counter: Counter, amount: int, now: float) -> float:
    """When so much will be free behind those who wait already; a rough guess where more than all of it waits."""
    ahead = max(0, counter.waiting)
    start, _ = counter.earliest(min(amount + ahead, counter.amount), now)
    if counter.quota.kind == "rate":
        if start == inf:  # it hangs on calls under way, whose heads may come at any moment
            start = now + counter.quota.window_s
        start += max(0, amount + ahead - 1) // max(1, counter.amount) * counter.quota.window_s
    return start
