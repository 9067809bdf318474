"""Those who wait for a budget that calls under way hold: they stand aside, so that nobody else waits with them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from modelscan_limiter_redis.lines import Waiter

_SOON_S: Final = 0.001


class _Place:
    """Those who are short of one budget, in order, and who of them asks just now."""

    def __init__(self) -> None:
        self.waiters: OrderedDict[Waiter, None] = OrderedDict()
        self.asking: Waiter | None = None
        self.is_news = False  # something came back since it was asked
        self.timer: asyncio.TimerHandle | None = None


class Parking:
    """One of each budget's waiters asks at a time: `go_on` puts it back into its line."""

    def __init__(self, go_on: Callable[[Waiter], None]) -> None:
        self._go_on = go_on
        self._places: dict[str, _Place] = {}

    def park(self, waiter: Waiter, key: str, wait_s: float) -> None:
        """Stand aside until something of a budget may have come back: behind all others, or again in front."""
        if waiter.came_from != key:
            self.passed(waiter)
        place = self._places.setdefault(key, _Place())
        place.waiters[waiter] = None
        waiter.parked_at, waiter.came_from = key, ""
        if place.timer is None:
            place.timer = asyncio.get_running_loop().call_later(max(_SOON_S, wait_s), self._due, key)
        if place.asking is waiter:
            place.waiters.move_to_end(waiter, last=False)
            place.asking = None
            if place.is_news:
                self._next(key)

    def passed(self, waiter: Waiter) -> None:
        """A waiter has its answer, or wants none: the next one asks."""
        place = self._places.get(waiter.came_from)
        if place is not None and place.asking is waiter:
            place.asking = None
            self._next(waiter.came_from)
        waiter.came_from = ""

    def drop(self, waiter: Waiter) -> None:
        """A waiter is gone, wherever it stood."""
        place = self._places.get(waiter.parked_at)
        if place is not None:
            place.waiters.pop(waiter, None)
            self._tidy(waiter.parked_at)
        waiter.parked_at = ""
        self.passed(waiter)

    def came_back(self, keys: Iterable[str] | None) -> None:
        """Something may have come back of these budgets; None: of any."""
        for key in tuple(self._places) if keys is None else keys:
            self._next(key)

    def everybody(self) -> list[Waiter]:
        """All who stand aside."""
        return [waiter for place in self._places.values() for waiter in place.waiters]

    def clear(self) -> None:
        """Nobody stands aside any more."""
        for key, place in tuple(self._places.items()):
            place.waiters.clear()
            place.asking = None
            self._tidy(key)

    def _next(self, key: str) -> None:
        """Whoever has waited longest for a budget asks again."""
        place = self._places.get(key)
        if place is None:
            return
        place.is_news = place.asking is not None
        if place.asking is None and place.waiters:
            waiter, _ = place.waiters.popitem(last=False)
            place.asking = waiter
            waiter.parked_at, waiter.came_from = "", key
            self._go_on(waiter)
        self._tidy(key)

    def _due(self, key: str) -> None:
        self._places[key].timer = None
        self._next(key)

    def _tidy(self, key: str) -> None:
        place = self._places[key]
        if not place.waiters and place.asking is None:
            del self._places[key]
            if place.timer is not None:
                place.timer.cancel()
