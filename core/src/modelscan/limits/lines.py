"""The lines before the counters: who joins, who leaves, who has waited too long, and when to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final

from modelscan.contracts.limiter import Demand
from modelscan.errors import ModelScanError
from modelscan.limits.book import Book, Needs
from modelscan.limits.counters import Counter
from modelscan.limits.lease import CountedLease
from modelscan.limits.parked import Parked
from modelscan.limits.queue import Line, Waiter
from modelscan.limits.refusals import too_late
from modelscan.limits.rounds import Round

_SPARE: Final = 128


class Lines:
    """All lines; `lease` makes the lease of whoever is granted, `served` is called after each round."""

    def __init__(
        self, book: Book, lease: Callable[[Needs], CountedLease], served: Callable[[], None] | None = None
    ) -> None:
        self._book = book
        self._lease = lease
        self._served = served
        self._lines: dict[tuple[tuple[Counter, ...], tuple[str, ...]], Line] = {}
        self._at: dict[Counter, dict[Line, None]] = {}
        self._parked = Parked()
        self._woken: dict[Counter, None] = {}
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
        if not demand.may_wait or waiter.until <= now or self._is_too_late(waiter, line, now):
            self._too_late(waiter, now)
        elif waiter.until < inf:
            heappush(self._deadlines, (waiter.until, waiter.number, waiter))

    def leave(self, waiter: Waiter, now: float) -> None:
        """A waiter has lost interest."""
        if not waiter.is_over:
            self.serve(self._leave(waiter, now), now)

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
        for counter in self._parked:
            due |= self._wake(counter, now)
        self.serve(due, now)
        while self._deadlines and self._deadlines[0][0] <= now:
            waiter = heappop(self._deadlines)[2]
            if not waiter.is_over:
                self._too_late(waiter, now)

    def changed(self, counters: Iterable[Counter], now: float) -> None:
        """Something came back, or is known to: whoever waited for it may go on."""
        due: dict[Line, None] = {}
        for counter in counters:
            due |= self._at.get(counter, {})
            if counter in self._parked:
                due |= self._wake(counter, now)
        if due:
            self.serve(due, now)

    def refuse_all(self, error: ModelScanError, now: float) -> None:
        """Nobody will be granted anything any more."""
        for line in tuple(self._lines.values()):
            for waiter in line.waiters():
                self._leave(waiter, now)
                waiter.granted(error)

    def serve(self, due: dict[Line, None], now: float) -> None:
        """Grant what can be granted in these lines and in those that they share a counter with."""
        self._due |= due
        if self._is_serving:  # a lease that ended as it was granted: what it gave back is looked at after this
            return
        self._is_serving = True
        try:
            while self._due:
                lines, self._due = self._together(self._due), {}
                Round(lines, self._book, self._parked, self, now).run()
                for line in lines:
                    self._close(line)
                woken, self._woken = self._woken, {}
                for counter in woken:  # whoever it was kept for may have to wait for something else
                    self._due |= self._wake(counter, now)
        finally:
            self._is_serving = False
        if self._served is not None:
            self._served()

    def grant(self, waiter: Waiter) -> None:
        """Give a waiter its lease."""
        self._gone(waiter)
        waiter.granted(self._lease(waiter.needs))

    def refuse(self, waiter: Waiter, error: ModelScanError) -> None:
        """Tell a waiter of a line that is served that it won't be granted."""
        self._gone(waiter)
        waiter.granted(error)

    def _too_late(self, waiter: Waiter, now: float) -> None:
        due = self._leave(waiter, now)  # first: nobody waits behind itself
        wait_s, limit = self._book.wait_s(waiter.demand, now), self._book.tightest(waiter.needs, now)
        waiter.granted(too_late(waiter.demand, wait_s, limit=limit))
        self.serve(due, now)

    def _leave(self, waiter: Waiter, now: float) -> dict[Line, None]:
        """Take out a waiter; the lines in which that may matter to others: if it held them up."""
        lane = waiter.lane
        was_head = lane.head() is waiter
        self._gone(waiter)
        if not was_head:
            return {}
        due: dict[Line, None] = {lane.line: None}
        budget = lane.parked_at
        if budget is not None:
            self._parked.remove(lane)
            due |= self._wake(budget, now)
        return due

    def _wake(self, budget: Counter, now: float) -> dict[Line, None]:
        """Bring back those for whom a budget has room now."""
        due = self._parked.wake(budget, now)
        if due:
            self._woken[budget] = None
        return due

    def _gone(self, waiter: Waiter) -> None:
        waiter.lane.left(waiter)
        self.waiting -= 1
        for counter, amount in waiter.needs:
            counter.waiting -= amount
        if len(self._deadlines) > 2 * self.waiting + _SPARE:
            self._deadlines = [each for each in self._deadlines if not each[2].is_over]
            heapify(self._deadlines)

    def _together(self, due: dict[Line, None]) -> list[Line]:
        """The lines that are due, and all that are joined to them by counters."""
        found = dict(due)
        seen: set[Counter] = set()
        lines = list(due)
        for line in lines:
            for counter in line.counters:
                if counter not in seen:
                    seen.add(counter)
                    lines += [other for other in self._at.get(counter, {}) if other not in found]
                    found |= self._at.get(counter, {})
        return lines

    def _close(self, line: Line) -> None:
        """Forget a line in which nobody waits."""
        if line.parked or line.first() is not None:
            return
        self._lines.pop((line.counters, line.gates), None)
        for counter in line.counters:
            lines = self._at.get(counter, {})
            lines.pop(line, None)
            if not lines:
                self._at.pop(counter, None)

    def _is_too_late(self, waiter: Waiter, line: Line, now: float) -> bool:
        """Whether a deadline surely comes before the start of whoever is first in line."""
        if line.first() is not waiter or line.wake_at is None or line.wake_at <= waiter.until:
            return False
        return not any(counter.may_shrink() and counter.free(now) < amount for counter, amount in waiter.needs)

    def _line(self, demand: Demand, needs: Needs) -> Line:
        """The line for a demand. Budgets don't part lines: there may be one for every user."""
        counters = tuple(counter for counter, _ in needs if not counter.quota.is_money and counter.quota.blocks)
        line = self._lines.get((counters, demand.gates))
        if line is None:
            line = self._lines[counters, demand.gates] = Line(counters, demand.gates)
            for counter in counters:
                self._at.setdefault(counter, {})[line] = None
        return line
