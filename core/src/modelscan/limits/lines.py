"""Serving those who wait: who is granted next, and who may pass whom.

Who waits is passed over only by demands that don't delay it. Of a demand that can't be met yet it is known when the
counters will have room for it if nothing more is taken, and how much will be left beside it: so much, and no more, may
be given to those behind it, and only `OVERTAKES` times. A line's search for such demands ends after `LOOKS` of them, so
what an event costs doesn't grow with the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final

from modelscan.contracts.limiter import Demand
from modelscan.errors import ModelScanError
from modelscan.limits.book import Book, Needs
from modelscan.limits.counters import Counter
from modelscan.limits.lease import CountedLease
from modelscan.limits.queue import Lane, Line, Waiter
from modelscan.limits.refusals import too_late

OVERTAKES: Final = 64
LOOKS: Final = 8
_LINES: Final = 128


class Lines:
    """All lines; `lease` makes the lease of whoever is granted, `served` is called after each round."""

    def __init__(
        self, book: Book, lease: Callable[[Needs], CountedLease], served: Callable[[], None] | None = None
    ) -> None:
        self._book = book
        self._lease = lease
        self._served = served
        self._lines: dict[tuple[tuple[str, ...], tuple[str, ...]], Line] = {}
        self._at: dict[Counter, dict[Line, None]] = {}
        self._parked: dict[Counter, deque[Lane]] = {}
        self._deadlines: list[tuple[float, int, Waiter]] = []
        self._due: dict[Line, None] = {}
        self._is_serving = False
        self.waiting = 0

    def __bool__(self) -> bool:
        return self.waiting > 0

    def join(self, waiter: Waiter, now: float) -> None:
        """Stand in line; it may be over at once."""
        demand = waiter.demand
        line = self._line(demand, waiter.needs)
        self.waiting += 1
        for counter, amount in waiter.needs:
            counter.waiting += amount
        if line.add(waiter):
            self.serve({line: None}, now)
        if waiter.is_over:
            return
        if not demand.may_wait or self._is_too_late(waiter, line):
            self._too_late(waiter, now)
        elif waiter.until < inf:
            heappush(self._deadlines, (waiter.until, waiter.number, waiter))

    def leave(self, waiter: Waiter, now: float) -> None:
        """A waiter has lost interest."""
        if waiter.is_over:
            return
        was_first = waiter.lane.head() is waiter
        self._leave(waiter)
        if was_first:
            self.serve({waiter.lane.line: None}, now)
        if len(self._deadlines) > 2 * self.waiting + _LINES:
            self._deadlines = [each for each in self._deadlines if not each[2].is_over]
            heapify(self._deadlines)

    def wake_at(self, now: float) -> float | None:
        """When `tick` has something to do; None while nothing but a call's end can change anything."""
        moments = [line.wake_at for line in self._lines.values() if line.wake_at is not None]
        while self._deadlines and self._deadlines[0][2].is_over:
            heappop(self._deadlines)
        if self._deadlines:
            moments.append(self._deadlines[0][0])
        resets = (counter.next_s(now) for counter in self._parked)
        moments += [now + reset for reset in resets if reset is not None]
        return min(moments, default=None)

    def tick(self, now: float) -> None:
        """Grant what time has made possible, and refuse who has waited too long."""
        due = {line: None for line in self._lines.values() if line.wake_at is not None and line.wake_at <= now}
        for counter in tuple(self._parked):
            due |= self._unpark(counter, now)
        self.serve(due, now)
        while self._deadlines and self._deadlines[0][0] <= now:
            waiter = heappop(self._deadlines)[2]
            if not waiter.is_over:
                self._too_late(waiter, now)
                self.serve({waiter.lane.line: None}, now)

    def changed(self, counters: Iterable[Counter], now: float) -> None:
        """Something came back: whoever waited for it may go on."""
        due: dict[Line, None] = {}
        for counter in counters:
            due |= self._at.get(counter, {})
            if counter in self._parked:
                due |= self._unpark(counter, now)
        self.serve(due, now)

    def refuse_all(self, error: ModelScanError) -> None:
        """Nobody will be granted anything any more."""
        for line in tuple(self._lines.values()):
            for waiter in tuple(line.waiters()):
                self.refuse(waiter, error)

    def serve(self, due: dict[Line, None], now: float) -> None:
        """Grant what can be granted in these lines and in those that they share a counter with."""
        if self._is_serving:  # a lease that ended as it was granted: what it gave back is looked at after this
            self._due |= due
            return
        self._is_serving = True
        self._due = due
        try:
            while self._due:
                lines, self._due = self._together(self._due), {}
                slack: dict[Counter, int] = {}
                held: list[Waiter] = []
                for line in lines:
                    self._advance(line, now, slack, held)
        finally:
            self._is_serving = False
        if self._served is not None:
            self._served()

    def _together(self, due: dict[Line, None]) -> list[Line]:
        lines = dict(due)
        for line in due:
            for counter in line.counters:
                lines |= self._at.get(counter, {})
        firsts = [(first, line) for line in lines if (first := line.first()) is not None]
        for line in set(lines).difference(line for _, line in firsts):
            self._close(line)
        firsts.sort(key=lambda each: (-each[0].demand.priority, each[0].number))
        return [line for _, line in firsts[:_LINES]]

    def _advance(self, line: Line, now: float, slack: dict[Counter, int], held: list[Waiter]) -> None:
        """Grant a line's waiters in turn until none of those looked at can be."""
        aside: list[Lane] = []
        line.wake_at = None
        while len(aside) < LOOKS and (lane := line.next_lane()) is not None:
            waiter = lane.head()
            assert waiter is not None  # noqa: S101 - an empty lane isn't anybody's turn
            refusal = self._book.never(waiter.demand, waiter.needs, now)
            if refusal is not None:
                line.list_(lane)
                self.refuse(waiter, refusal)
            elif not self._has_room(waiter, line, now, slack):
                aside.append(lane)
                self._hold(waiter, line, now, slack)
                held.append(waiter)
                if any(slack[counter] <= 0 for counter in line.counters) or now < self._book.opens_at(line.gates):
                    break
            elif (short := self._short_of(waiter, now)) is not None:
                self._parked.setdefault(short, deque()).append(lane)
                line.parked += 1
            else:
                self._grant(waiter, slack, held)
                line.list_(lane)
        for lane in aside:
            line.list_(lane)
        if line.first() is None:
            self._close(line)

    def _has_room(self, waiter: Waiter, line: Line, now: float, slack: dict[Counter, int]) -> bool:
        if self._book.gates and self._book.opens_at(line.gates) > now:
            return False
        return all(
            counter.free(now) >= amount and slack.get(counter, amount) >= amount
            for counter, amount in waiter.needs
            if counter.quota.blocks and not counter.quota.is_money
        )

    def _short_of(self, waiter: Waiter, now: float) -> Counter | None:
        """The budget that calls under way hold, and the waiter has to wait for."""
        money = ((counter, amount) for counter, amount in waiter.needs if counter.quota.is_money)
        short = (counter for counter, amount in money if counter.quota.blocks and counter.free(now) < amount)
        return next(short, None)

    def _hold(self, waiter: Waiter, line: Line, now: float, slack: dict[Counter, int]) -> None:
        """Note what may be given to those behind a waiter without delaying it, and when it can go on."""
        start = self._book.opens_at(line.gates)
        for counter, amount in waiter.needs:
            if counter.quota.is_money or not counter.quota.blocks:
                continue
            at, free = counter.earliest(amount, now)
            start = max(start, at)
            left = 0 if at == inf or waiter.overtaken >= OVERTAKES else free - amount
            slack[counter] = min(left, slack.get(counter, left))
        if now < start < inf:
            line.wake_at = start if line.wake_at is None else min(start, line.wake_at)

    def _grant(self, waiter: Waiter, slack: dict[Counter, int], held: list[Waiter]) -> None:
        for counter, amount in waiter.needs:
            if counter in slack:
                slack[counter] -= amount
        for other in held:
            if any(counter is mine for counter, _ in other.needs for mine, _ in waiter.needs):
                other.overtaken += 1
        self._leave(waiter, is_served=True)
        waiter.granted(self._lease(waiter.needs))

    def _too_late(self, waiter: Waiter, now: float) -> None:
        wait_s, limit = self._book.wait_s(waiter.demand, now), self._book.tightest(waiter.needs, now)
        self.refuse(waiter, too_late(waiter.demand, wait_s, limit=limit))

    def refuse(self, waiter: Waiter, error: ModelScanError) -> None:
        self._leave(waiter)
        waiter.granted(error)

    def _leave(self, waiter: Waiter, *, is_served: bool = False) -> None:
        line = waiter.lane.line
        if is_served:
            line.served(waiter)
        else:
            waiter.lane.left(waiter)
        self.waiting -= 1
        for counter, amount in waiter.needs:
            counter.waiting -= amount

    def _unpark(self, counter: Counter, now: float) -> dict[Line, None]:
        """Those who have waited longest for a budget try again: as many as it has room for, and who never will fit."""
        lanes = self._parked[counter]
        free, settled = counter.free(now), counter.used - counter.open
        due: dict[Line, None] = {}
        while lanes:
            waiter = lanes[0].head()
            need = 0 if waiter is None else sum(amount for other, amount in waiter.needs if other is counter)
            if free < need <= counter.amount - settled:
                return due
            lane = lanes.popleft()
            lane.line.parked -= 1
            lane.line.list_(lane)
            due[lane.line] = None
            free -= need
        del self._parked[counter]
        return due

    def _close(self, line: Line) -> None:
        """Forget a line in which nobody waits."""
        if line.parked:
            return
        self._lines.pop((tuple(counter.quota.key for counter in line.counters), line.gates), None)
        for counter in line.counters:
            lines = self._at.get(counter, {})
            lines.pop(line, None)
            if not lines:
                self._at.pop(counter, None)

    def _is_too_late(self, waiter: Waiter, line: Line) -> bool:
        """Whether a deadline surely comes before the start of whoever is first in line."""
        return line.first() is waiter and line.wake_at is not None and line.wake_at > waiter.until

    def _line(self, demand: Demand, needs: Needs) -> Line:
        """The line for a demand. Budgets don't part lines: there may be one for every user."""
        counters = tuple(counter for counter, _ in needs if not counter.quota.is_money and counter.quota.blocks)
        key = (tuple(counter.quota.key for counter in counters), demand.gates)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(counters, demand.gates)
            for counter in counters:
                self._at.setdefault(counter, {})[line] = None
        return line
