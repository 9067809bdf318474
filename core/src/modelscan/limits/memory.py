"""The built-in limiter `memory`: the engine on an event loop, for the calls of one client."""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Final

from modelscan.contracts.limiter import Demand, Quota, Standing, Watcher
from modelscan.errors import LimitExceededError
from modelscan.hookspecs import hookimpl
from modelscan.limits.counters import WallClock
from modelscan.limits.engine import Engine
from modelscan.limits.lease import CountedLease

LONGEST_WAIT_S: Final = 600.0


class SteadyWallClock:
    """Seconds since 1970 that no change of the machine's clock takes forward: a quota must not reset early.

    A clock that is set back is followed; one that is set forward isn't, while this object lives. Time that the machine
    slept counts where the system tells of it.
    """

    def __init__(self) -> None:
        self._clock = getattr(time, "CLOCK_BOOTTIME", None)
        self._ahead_s = time.time() - self._steady()

    def __call__(self) -> float:
        return min(time.time(), self._ahead_s + self._steady())

    def _steady(self) -> float:
        return time.monotonic() if self._clock is None else time.clock_gettime(self._clock)


class MemoryLimiter:
    """Holds every limit for the calls of one event loop; knows nothing of other processes.

    `longest_wait_s` bounds any wait, `watch` hears when a quota is 80% taken. A process that is forked off finds every
    rate taken for one window: it can't know what its parent still sends.
    """

    name = "memory"

    def __init__(
        self,
        *,
        longest_wait_s: float = LONGEST_WAIT_S,
        watch: Watcher | None = None,
        clock: Callable[[], float] | None = None,
        wall: WallClock | None = None,
    ) -> None:
        self._engine = Engine(
            clock or time.monotonic,
            wall or SteadyWallClock(),
            longest_wait_s=longest_wait_s,
            watch=watch,
            served=self._set_timer,
        )
        self._clock = self._engine.clock
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        _every.add(self)

    async def reserve(self, demand: Demand) -> CountedLease:
        now = self._clock()
        lease = self._engine.try_now(demand, now)
        if lease is not None and not self._is_closed:
            return lease
        return await self._waited(demand, now)

    async def _waited(self, demand: Demand, now: float) -> CountedLease:
        if self._is_closed:
            raise _closed()
        future: asyncio.Future[CountedLease] = asyncio.get_running_loop().create_future()
        given: list[CountedLease] = []

        def granted(outcome: CountedLease | Exception) -> None:
            if isinstance(outcome, CountedLease):
                given.append(outcome)
                if not future.done():
                    future.set_result(outcome)
            elif not future.done():
                future.set_exception(outcome)

        waiter = self._engine.enqueue(demand, now, granted)
        self._set_timer()
        try:
            return await future
        except asyncio.CancelledError:
            if given:
                given[0].release()
            elif waiter is not None:
                self._engine.lines.leave(waiter, self._clock())
            raise

    def attach(self, token: bytes) -> CountedLease:
        return self._engine.attach(token, self._clock())

    async def wait_time(self, demand: Demand) -> float:
        return self._engine.book.wait_s(demand, self._clock())

    def observe(self, quota: Quota, used: int, reset_s: float | None) -> None:
        self._engine.observe(quota, used, reset_s, self._clock())

    def pause(self, gate: str, seconds: float) -> None:
        self._engine.pause(gate, seconds, self._clock())

    async def standing(self, quotas: Sequence[Quota]) -> Sequence[Standing]:
        now = self._clock()
        return [self._engine.standing(quota, now) for quota in quotas]

    async def close(self) -> None:
        self._is_closed = True
        self._engine.refuse_all(_closed())
        self._set_timer()

    def forked(self) -> None:
        """Take every rate as full: this is another process now."""
        self._engine.hold_full(self._clock())

    def _set_timer(self) -> None:
        """One timer, for the next moment at which anything can change."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        at = self._engine.lines.wake_at(self._clock()) if self._engine.lines else None
        if at is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, at - self._clock()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._engine.lines.tick(self._clock())
        self._set_timer()


_every: weakref.WeakSet[MemoryLimiter] = weakref.WeakSet()


def _after_fork() -> None:
    for limiter in tuple(_every):
        limiter.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_after_fork)


def _closed() -> LimitExceededError:
    return LimitExceededError("the client was closed while the call waited for a limit")


@hookimpl
def modelscan_limiter() -> type[MemoryLimiter]:
    """The built-in limiter `memory`."""
    return MemoryLimiter
