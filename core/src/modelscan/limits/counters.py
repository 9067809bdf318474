"""Counters: how much of a quota is taken, when it comes back, and what each entry in it is worth.

What a reply will use isn't known when it is admitted, so an entry goes through three steps: it is taken, `date`d when
the response's head is here, and it `end`s with what it was worth after all. No counter reads a clock: `now` is a moment
of a clock that only goes forward, in seconds. Calendar quotas ask for seconds since 1970 as well: a `WallClock` twice,
once as it may be late and once as it may be early, where a machine's clock isn't to be trusted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf, nextafter
from typing import Final

import msgspec

from modelscan.contracts.limiter import Quota
from modelscan.limits.calendar import period_of

BUCKETS: Final = 256
"""So many entries of a rate are kept apart; more are joined while they lie within this part of a window."""
_WARN_AT: Final = 0.8
_SOON_S: Final = 1.0  # nobody tells when another program's call ends

WallClock = Callable[[], float]


class Counter:
    """What all kinds have. `used` may exceed `amount`: that is debt.

    `open` is the part that has no date yet (rates) or no known worth (all others); `waiting` is what those in line ask
    for.
    """

    __slots__ = (
        "_foreign",
        "_foreign_until",
        "amount",
        "is_warned",
        "open",
        "quota",
        "used",
        "waiting",
        "warned_from",
    )

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.amount = quota.amount
        self.warned_from = _WARN_AT * quota.amount
        self.used = 0
        self.open = 0
        self.waiting = 0
        self.is_warned = False
        self._foreign = 0  # what others have taken, by the provider's word, until a moment
        self._foreign_until = inf

    def become(self, quota: Quota) -> None:
        """Hold another amount, over another window or period, from now on."""
        self.quota = quota
        self.amount = quota.amount
        self.warned_from = _WARN_AT * quota.amount

    def may_shrink(self) -> bool:
        """Whether what calls under way have taken may turn out to be less: a request is one however it ends."""
        return self.is_under_way() and self.quota.unit != "requests"

    def is_under_way(self) -> bool:
        """Whether calls under way have taken of it."""
        return self.open > 0

    def free(self, now: float) -> int:
        """What may still be taken at this moment; negative for debt."""
        raise NotImplementedError

    def date(self, entry: Entry, now: float) -> None:
        """The head of the entry's response is here. Only rates ask when that was."""

    def end(self, entry: Entry, worth: int, now: float) -> None:
        """The entry's call is over, and was worth this much."""
        raise NotImplementedError

    def release(self, entry: Entry, now: float) -> None:
        """The entry's call never was."""
        self.end(entry, 0, now)

    def earliest(self, amount: int, now: float) -> tuple[float, int]:
        """When so much will be free if nothing more is taken, and how much will be free then.

        `inf` where that hangs on calls under way.
        """
        raise NotImplementedError

    def observe(self, used: int, reset_s: float | None, now: float) -> None:
        """The provider counts so much as taken; what isn't ours of it comes back at the reset."""
        raise NotImplementedError

    def next_s(self, now: float) -> float | None:
        """Seconds until something comes back by itself; None where nothing will."""
        raise NotImplementedError

    def _forget_foreign(self) -> None:
        self.used -= self._foreign
        self._foreign, self._foreign_until = 0, inf


class Entry(msgspec.Struct, eq=False):  # a Struct, since one is made for each claim of each call
    """What one lease has taken of one counter.

    In a rate it is also a bucket: `worth` is what is in it, joined entries included, `at` the date of the last of them
    and `first` of the first.
    """

    counter: Counter
    amount: int
    bucket: Entry | None = None
    at: float = 0.0
    first: float = 0.0
    worth: int = 0


class Rate(Counter):
    """At most so much in any window: an entry counts from when it is taken until a window after its date."""

    __slots__ = ("_buckets", "_unsettled", "_window_s")

    def __init__(self, quota: Quota) -> None:
        super().__init__(quota)
        self._window_s = quota.window_s
        self._buckets: deque[Entry] = deque()
        self._unsettled = 0  # how many entries have a date and haven't ended

    def become(self, quota: Quota) -> None:
        super().become(quota)
        self._window_s = quota.window_s

    def is_under_way(self) -> bool:
        return self.open > 0 or self._unsettled > 0

    def free(self, now: float) -> int:
        buckets = self._buckets
        # An entry at the window's very edge still counts: the provider's window may be closed at both ends.
        while buckets and buckets[0].at < now - self._window_s:
            gone = buckets.popleft()
            self.used -= gone.worth
            gone.at = inf  # whatever ends later finds that it counts no more
        if self._foreign_until < now:
            self._forget_foreign()
        return self.amount - self.used

    def date(self, entry: Entry, now: float) -> None:
        self.open -= entry.amount
        self._unsettled += 1
        buckets = self._buckets
        if len(buckets) >= BUCKETS and now - buckets[-1].first <= self._window_s / BUCKETS:
            entry.bucket = bucket = buckets[-1]
            bucket.at = now
            bucket.worth += entry.amount
            return
        entry.bucket = entry
        entry.at = entry.first = now
        entry.worth = entry.amount
        buckets.append(entry)

    def end(self, entry: Entry, worth: int, now: float) -> None:
        if entry.bucket is None:
            self.date(entry, now)
        self._unsettled -= 1
        bucket = entry.bucket
        if worth != entry.amount and bucket is not None and bucket.at != inf:
            more = worth - entry.amount
            self.used += more
            bucket.worth += more

    def release(self, entry: Entry, now: float) -> None:
        self.used -= entry.amount
        self.open -= entry.amount

    def earliest(self, amount: int, now: float) -> tuple[float, int]:
        free = self.free(now)
        if free >= amount:
            return now, free
        owed, until = self._foreign, self._foreign_until
        for bucket in self._buckets:
            leaves = bucket.at + self._window_s
            if owed and until <= leaves:
                free, owed = free + owed, 0
                if free >= amount:
                    return _after(until, now), free
            free += bucket.worth
            if free >= amount:
                return _after(leaves, now), free
        free += owed
        return _after(until, now) if free >= amount else inf, free

    def observe(self, used: int, reset_s: float | None, now: float) -> None:
        self.free(now)
        more = max(0, used - (self.used - self._foreign))
        if more < self._foreign and self.open:  # a snapshot doesn't know what was sent since
            return
        self.used += more - self._foreign
        self._foreign = more
        self._foreign_until = (
            now + (self._window_s if reset_s is None else min(reset_s, self._window_s)) if more else inf
        )

    def next_s(self, now: float) -> float | None:
        self.free(now)
        first = self._buckets[0].at + self._window_s if self._buckets else inf
        soonest = min(first, self._foreign_until)
        return None if soonest == inf else max(0.0, soonest - now)


class Gauge(Counter):
    """At most so much under way at any moment."""

    __slots__ = ()

    def free(self, now: float) -> int:
        if self._foreign_until < now:
            self._forget_foreign()
        return self.amount - self.used

    def end(self, entry: Entry, worth: int, now: float) -> None:
        self.used -= entry.amount
        self.open -= entry.amount

    def earliest(self, amount: int, now: float) -> tuple[float, int]:
        free = self.free(now)
        if free >= amount:
            return now, free
        free += self._foreign
        return _after(self._foreign_until, now) if free >= amount else inf, free

    def observe(self, used: int, reset_s: float | None, now: float) -> None:
        self.free(now)
        if used > self.used:
            self._foreign += used - self.used
            self._foreign_until = now + (_SOON_S if reset_s is None else reset_s)
            self.used = used

    def next_s(self, now: float) -> float | None:
        self.free(now)
        return None if self._foreign_until == inf else self._foreign_until - now


class Calendar(Counter):
    """At most so much from one reset to the next. A call that a reset comes upon counts before it and after.

    Where the two clocks differ, so does all that is taken between the reset by the one and the reset by the other:
    while either of them is right, no period of the provider's holds more than the amount.
    """

    __slots__ = ("_early", "_ends", "_settled", "_wall")

    def __init__(self, quota: Quota, wall: WallClock, early: WallClock) -> None:
        super().__init__(quota)
        self._wall = wall
        self._early = early
        self._settled: int | None = None  # what was over and done with when the earlier clock saw the reset
        self._ends = self._end_of_period()

    def become(self, quota: Quota) -> None:
        had = self.quota
        super().become(quota)
        if (quota.period, quota.zone, quota.anchor) != (had.period, had.zone, had.anchor):
            self._ends = self._end_of_period()

    def free(self, now: float) -> int:
        ends = self._ends
        if self._settled is None and self._early() >= ends:
            self._settled = self.used - self.open
        if self._settled is not None and self._wall() >= ends:
            self.used -= self._settled
            self._settled = None
            self._ends = self._end_of_period()
        return self.amount - self.used

    def end(self, entry: Entry, worth: int, now: float) -> None:
        self.free(now)
        self.open -= entry.amount
        self.used += worth - entry.amount

    def earliest(self, amount: int, now: float) -> tuple[float, int]:
        free = self.free(now)
        if free >= amount:
            return now, free
        after = self.amount - (self.open if self._settled is None else self.used - self._settled)
        return (_after(now + self._ends - self._wall(), now), after) if after >= amount else (inf, after)

    def observe(self, used: int, reset_s: float | None, now: float) -> None:
        self.free(now)
        self.used = max(self.used, used)

    def next_s(self, now: float) -> float | None:
        self.free(now)
        return None if self._ends == inf else max(0.0, self._ends - self._wall())

    def _end_of_period(self) -> float:
        quota = self.quota
        return period_of(quota.period, quota.zone, quota.anchor, self._wall())[1]


def counter_for(quota: Quota, wall: WallClock, early: WallClock) -> Counter:
    """An empty counter of the quota's kind; `early` is the wall clock as it may be early, `wall` as it may be late."""
    if quota.kind == "rate":
        return Rate(quota)
    return Gauge(quota) if quota.kind == "gauge" else Calendar(quota, wall, early)


def _after(moment: float, now: float) -> float:
    """Just after a moment that surely lies ahead, whatever was lost in rounding."""
    return nextafter(max(moment, now), inf)
