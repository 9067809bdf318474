"""One round of serving: who of those in lines that share counters is granted now, and who may pass whom.

Who waits is passed over only by demands that don't delay it. Of a demand that can't be met yet it is known when each
counter will have room for it if nothing more is taken, and how much will be left beside it: so much, and no more, may
be given to those behind it; and of the counters that it waits for only `OVERTAKES` times. The search in a line for such
demands ends after `LOOKS` of them, so what an event costs doesn't grow with the queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from math import inf
from typing import Final, Protocol

from modelscan.errors import ModelScanError
from modelscan.limits.book import Book
from modelscan.limits.counters import Counter
from modelscan.limits.parked import Parked
from modelscan.limits.queue import Lane, Line, Waiter

OVERTAKES: Final = 64
LOOKS: Final = 8


class Server(Protocol):
    """Whose waiters are served."""

    def grant(self, waiter: Waiter) -> None:
        """Give a waiter its lease."""
        ...

    def refuse(self, waiter: Waiter, error: ModelScanError) -> object:
        """Tell a waiter that it won't be granted."""
        ...


class Round:
    """What was found out of the lines so far at one moment; good for one `run`."""

    def __init__(self, lines: Iterable[Line], book: Book, parked: Parked, server: Server, now: float) -> None:
        self._lines = tuple(lines)
        self._book = book
        self._parked = parked
        self._server = server
        self._now = now
        self._slack: dict[Counter, int] = {}
        self._short: dict[Counter, list[Waiter]] = {}
        self._aside: dict[Line, list[Lane]] = {line: [] for line in self._lines}
        self._begun: dict[int, float] = {}
        for line in self._lines:
            for priority, turn in line.begun.items():
                self._begun[priority] = max(turn, self._begun.get(priority, 0.0))

    def run(self) -> None:
        """Grant, in turn, all that can be granted."""
        order: list[tuple[int, float, int, Line]] = []
        try:
            for line in self._lines:
                line.wake_at = None
                self._list(line, order)
            while order:
                line = heappop(order)[3]
                if not self._is_exhausted(line) and self._step(line):
                    self._list(line, order)
        finally:
            for line, lanes in self._aside.items():
                for lane in lanes:
                    line.list_(lane)

    def _list(self, line: Line, order: list[tuple[int, float, int, Line]]) -> None:
        first = line.first()
        if first is not None:
            heappush(order, (-first.lane.priority, self._turn(first.lane), first.number, line))

    def _turn(self, lane: Lane) -> float:
        """Where a lane stands: who couldn't go on for a while doesn't catch up on what it missed."""
        return max(lane.turn, self._begun.get(lane.priority, 0.0))

    def _is_exhausted(self, line: Line) -> bool:
        """Whether nothing may be taken any more, by anybody in this line, of a counter that all of them need."""
        slack = self._slack
        return any(slack.get(counter, 1) <= 0 for counter in line.counters)

    def _step(self, line: Line) -> bool:
        """Decide on the waiter whose turn it is; whether others of the line may be looked at after it."""
        waiter = line.take_first()
        if waiter is None:  # it has left since the line was looked at
            return False
        lane = waiter.lane
        refusal = self._book.never(waiter.demand, waiter.needs, self._now)
        if refusal is not None:
            line.list_(lane)
            self._server.refuse(waiter, refusal)
        elif not self._has_room(waiter, line):
            aside = self._aside[line]
            aside.append(lane)
            self._hold(waiter, line)
            return len(aside) < LOOKS and self._book.opens_at(line.gates) <= self._now
        elif (budget := self._parked.blocks(waiter, self._now)) is not None:
            self._parked.add(budget, lane, waiter)
        else:
            self._grant(waiter, line)
            line.list_(lane)
        return True

    def _has_room(self, waiter: Waiter, line: Line) -> bool:
        if self._book.gates and self._book.opens_at(line.gates) > self._now:
            return False
        slack = self._slack
        return all(
            counter.free(self._now) >= amount and slack.get(counter, amount) >= amount
            for counter, amount in waiter.needs
            if counter.quota.blocks and not counter.quota.is_money
        )

    def _hold(self, waiter: Waiter, line: Line) -> None:
        """Note what may be given to those behind a waiter without delaying it, and when it can go on."""
        now, slack = self._now, self._slack
        start = self._book.opens_at(line.gates)
        for counter, amount in waiter.needs:
            if counter.quota.is_money or not counter.quota.blocks:
                continue
            at, free = counter.earliest(amount, now)
            start = max(start, at)
            left = free - amount
            if at > now:
                self._short.setdefault(counter, []).append(waiter)
                if at == inf or waiter.overtaken >= OVERTAKES:
                    left = 0
            slack[counter] = min(left, slack.get(counter, left))
        if now < start < inf:
            line.wake_at = start if line.wake_at is None else min(start, line.wake_at)

    def _grant(self, waiter: Waiter, line: Line) -> None:
        turn = self._turn(waiter.lane)
        self._begun[waiter.lane.priority] = turn
        line.served(waiter, turn)
        passed: set[Waiter] = set()
        for counter, amount in waiter.needs:
            if counter in self._slack:
                self._slack[counter] -= amount
            passed.update(self._short.get(counter, ()))
        for other in passed:
            other.overtaken += 1
        self._server.grant(waiter)
