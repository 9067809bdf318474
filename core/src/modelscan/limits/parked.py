"""Those who wait for a budget: calls under way hold what is left of it, and give some back when they end.

When that will be nobody knows. So they stand aside, and don't keep those from going on who need less of other things;
but nobody takes of the budget itself before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from modelscan.limits.counters import Counter
from modelscan.limits.queue import Lane, Line, Waiter


class Parked:
    """Lanes whose heads wait for a budget; by priority, then in the order in which they came to it."""

    def __init__(self) -> None:
        self._places: dict[Counter, list[tuple[int, int, Lane]]] = {}
        self._tickets = 0

    def __iter__(self) -> Iterator[Counter]:
        return iter(tuple(self._places))

    def __contains__(self, counter: Counter) -> bool:
        return counter in self._places

    def blocks(self, waiter: Waiter, now: float) -> Counter | None:
        """The budget that has no room for a waiter, or for which others wait whose turn comes first."""
        for counter, amount in waiter.needs:
            if not counter.quota.is_money or not counter.quota.blocks:
                continue
            if counter.free(now) < amount:
                return counter
            first = self._first(counter) if counter in self._places else None
            if first is not None and self._place(waiter) > first[:2]:
                return counter
        return None

    def add(self, counter: Counter, lane: Lane, waiter: Waiter) -> None:
        """Let a lane stand aside, whose head waits for a budget."""
        if not waiter.ticket:
            self._tickets += 1
            waiter.ticket = self._tickets
        lane.parked_at = counter
        lane.line.parked += 1
        heappush(self._places.setdefault(counter, []), (*self._place(waiter), lane))

    def remove(self, lane: Lane) -> None:
        """Bring a lane back into its line: its head has gone, or may go on."""
        lane.parked_at = None
        lane.line.parked -= 1
        lane.line.list_(lane)

    def wake(self, counter: Counter, now: float) -> dict[Line, None]:
        """Bring back as many as the budget has room for, and who will never fit; in which lines they stand."""
        free, settled = counter.free(now), counter.used - counter.open
        due: dict[Line, None] = {}
        while (first := self._first(counter)) is not None:
            lane = first[2]
            need = _need(lane, counter)
            if free < need <= counter.amount - settled and counter.quota.blocks:
                return due
            self.remove(lane)
            due[lane.line] = None
            free -= need
        return due

    def _first(self, counter: Counter) -> tuple[int, int, Lane] | None:
        places = self._places.get(counter, [])
        while places:
            _, ticket, lane = places[0]
            head = lane.head()
            if lane.parked_at is counter and head is not None and head.ticket == ticket:
                return places[0]
            heappop(places)
        self._places.pop(counter, None)
        return None

    def _place(self, waiter: Waiter) -> tuple[int, int]:
        return -waiter.demand.priority, waiter.ticket or self._tickets + 1


def _need(lane: Lane, counter: Counter) -> int:
    head = lane.head()
    return 0 if head is None else sum(amount for other, amount in head.needs if other is counter)
