"""Who waits, and in which order: by priority, then the tenants in turn, then as they came.

Waiters whose demands touch the same counters stand in one line; within it each tenant has a lane of its own. Whose turn
it is among the lanes, and among lines that share a counter, is start-time fair queueing (Goyal, Vin and Cheng, 1996): a
lane moves on by the largest share of any counter that it was granted, so tenants share a limit equally however much
each of them asks for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush, heapreplace
from typing import TYPE_CHECKING

from modelscan.contracts.limiter import Demand
from modelscan.limits.book import Needs
from modelscan.limits.counters import Counter

if TYPE_CHECKING:
    from modelscan.limits.lease import CountedLease

Granted = Callable[["CountedLease | Exception"], None]
_SPARE_LANES = 64


class Waiter:
    """One demand in line; `granted` hears of its lease, or why there is none.

    `ticket` is its place among those who wait for a budget, once it had to.
    """

    __slots__ = ("demand", "granted", "is_over", "lane", "needs", "number", "overtaken", "ticket", "until")

    lane: Lane

    def __init__(self, demand: Demand, needs: Needs, number: int, until: float, granted: Granted) -> None:
        self.demand = demand
        self.needs = needs
        self.number = number
        self.until = until
        self.granted = granted
        self.is_over = False
        self.overtaken = 0
        self.ticket = 0

    @property
    def share(self) -> float:
        """The largest part of any limit that it asks for."""
        limits = ((counter, amount) for counter, amount in self.needs if counter.quota.blocks)
        parts = (amount / max(1, counter.amount) for counter, amount in limits if not counter.quota.is_money)
        return max(parts, default=0.0)


class Lane:
    """The waiters of one tenant at one priority, in the order in which they came.

    `place` tells lanes apart whose turn it is equally: who came to it first. `parked_at` is the budget that its head
    waits for; meanwhile the lane isn't listed in its line.
    """

    __slots__ = ("_over", "_waiters", "is_listed", "line", "parked_at", "place", "priority", "turn")

    def __init__(self, line: Line, priority: int) -> None:
        self.line = line
        self.priority = priority
        self.turn = 0.0
        self.place = 0
        self.is_listed = False
        self.parked_at: Counter | None = None
        self._waiters: deque[Waiter] = deque()
        self._over = 0

    def __len__(self) -> int:
        return len(self._waiters) - self._over

    def __iter__(self) -> Iterator[Waiter]:
        return (waiter for waiter in tuple(self._waiters) if not waiter.is_over)

    def head(self) -> Waiter | None:
        """Who has waited longest; those who left are dropped on the way."""
        waiters = self._waiters
        while waiters and waiters[0].is_over:
            waiters.popleft()
            self._over -= 1
        return waiters[0] if waiters else None

    def append(self, waiter: Waiter) -> None:
        waiter.lane = self
        self._waiters.append(waiter)

    def left(self, waiter: Waiter) -> None:
        """A waiter has gone. Its place isn't searched for: it is dropped in front, or once half of them are empty."""
        waiter.is_over = True
        self._over += 1
        if self._over * 2 > len(self._waiters):
            self._waiters = deque(each for each in self._waiters if not each.is_over)
            self._over = 0


class Line:
    """The lanes whose demands touch the same counters and gates."""

    def __init__(self, counters: tuple[Counter, ...], gates: tuple[str, ...]) -> None:
        self.counters = counters
        self.gates = gates
        self.wake_at: float | None = None
        self.parked = 0
        self.begun: dict[int, float] = {}  # by priority: the turn of the lane that was granted last
        self._lanes: dict[tuple[int, str], Lane] = {}
        self._order: list[tuple[int, float, int, Lane]] = []
        self._places = 0
        self._most_lanes = _SPARE_LANES

    def add(self, waiter: Waiter) -> bool:
        """Put a waiter at the end of its lane; whether it is the first there."""
        priority = waiter.demand.priority
        lane = self._lanes.get((priority, waiter.demand.tenant))
        if lane is None:
            if len(self._lanes) > self._most_lanes:
                self._forget_lanes()
            lane = self._lanes[priority, waiter.demand.tenant] = Lane(self, priority)
        is_first = not len(lane)
        lane.append(waiter)
        if is_first:
            self._move(lane, max(lane.turn, self.begun.get(priority, 0.0)))
            self.list_(lane)
        return is_first

    def list_(self, lane: Lane) -> None:
        """Put a lane in its place among those that may be next."""
        if not lane.is_listed:
            lane.is_listed = True
            heappush(self._order, _key(lane))

    def take_first(self) -> Waiter | None:
        """The waiter whose turn it is, its lane taken out of the order; `list_` puts it back."""
        waiter = self.first()
        if waiter is not None:
            heappop(self._order)
            waiter.lane.is_listed = False
        return waiter

    def first(self) -> Waiter | None:
        """The waiter whose turn it is."""
        order = self._order
        while order:
            _, _, place, lane = order[0]
            waiter = lane.head()
            if waiter is None:
                heappop(order)
                lane.is_listed = False
            elif place != lane.place:  # it was empty for a while, and has come back later in the turns
                heapreplace(order, _key(lane))
            else:
                return waiter
        return None

    def served(self, waiter: Waiter, turn: float) -> None:
        """A waiter has its lease: its lane has had its turn."""
        lane = waiter.lane
        self.begun[lane.priority] = turn
        self._move(lane, turn + waiter.share)

    def waiters(self) -> Iterator[Waiter]:
        """All of them."""
        for lane in tuple(self._lanes.values()):
            yield from lane

    def _move(self, lane: Lane, turn: float) -> None:
        self._places += 1
        lane.turn, lane.place = turn, self._places

    def _forget_lanes(self) -> None:
        """Drop the lanes in which nobody waits."""
        self._lanes = {known: lane for known, lane in self._lanes.items() if len(lane)}
        self._most_lanes = 2 * len(self._lanes) + _SPARE_LANES
        self._order = [key for key in self._order if len(key[3])]
        heapify(self._order)


def _key(lane: Lane) -> tuple[int, float, int, Lane]:
    return -lane.priority, lane.turn, lane.place, lane
