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
    """Seconds since 1970, of a machine whose clock may be set while the program runs.

    A clock that was right at first may be set wrong, and one that was wrong may be set right; which it was can't be
    told. So both readings are kept: `late` is the one that is behind, `early` the one that is ahead. Time that the
    machine slept counts where the system tells of it.
    """

    def __init__(self, wall: WallClock = time.time, steady: WallClock | None = None) -> None:
        self._wall = wall
        self._steady = steady or _time_since_boot
        self._ahead_s = wall() - self._steady()

    def late(self) -> float:
        """The reading that is behind."""
        return min(self._wall(), self._ahead_s + self._steady())

    def early(self) -> float:
        """The reading that is ahead."""
        return max(self._wall(), self._ahead_s + self._steady())


def _time_since_boot() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))  # Linux's, macOS's with its sleep
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class MemoryLimiter:
    """Holds every limit for the calls of one event loop; knows nothing of other processes.

    A second event loop beside the first is a `RuntimeError`; after it is fine.

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
        steady = SteadyWallClock()
        self._engine = Engine(
            clock or time.monotonic,
            wall or steady.late,
            longest_wait_s=longest_wait_s,
            watch=watch,
            served=self._set_timer,
            early=wall or steady.early,
        )
        self._clock = self._engine.clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._is_closed = False
        _every.add(self)

    async def reserve(self, demand: Demand) -> CountedLease:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        if self._is_closed:
            raise _closed()
        now = self._clock()
        lease = self._engine.try_now(demand, now)
        return await self._waited(demand, now, loop) if lease is None else lease

    async def _waited(self, demand: Demand, now: float, loop: asyncio.AbstractEventLoop) -> CountedLease:
        future: asyncio.Future[CountedLease] = loop.create_future()
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
        except BaseException:  # cancelled, or thrown away unfinished; a refusal has nothing to give back
            if given:
                given[0].release()
            elif waiter is not None:
                self._engine.lines.leave(waiter, self._clock())
            raise

    def attach(self, token: bytes) -> CountedLease:
        return self._engine.attach(token, self._clock())

    async def wait_time(self, demand: Demand) -> float:
        return self._engine.wait_s(demand, self._clock())

    def observe(self, quota: Quota, used: int, reset_s: float | None) -> None:
        self._engine.observe(quota, used, reset_s, self._clock())

    def pause(self, gate: str, seconds: float) -> None:
        self._engine.pause(gate, seconds, self._clock())

    async def standing(self, quotas: Sequence[Quota]) -> Sequence[Standing]:
        now = self._clock()
        return [self._engine.standing(quota, now) for quota in quotas]

    async def close(self) -> None:
        self._is_closed = True
        self._engine.refuse_all(_closed(), self._clock())
        self._set_timer()

    def forked(self) -> None:
        """Take every limit as full: this is another process now."""
        self._timer = None
        self._loop = None
        self._engine.forked()

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        last = self._loop
        if last is not None and not last.is_closed() and (last.is_running() or self._engine.lines):
            raise RuntimeError("this limiter serves another event loop: make a client of its own for each of them")
        if self._engine.lines:
            self._engine.abandon()
        self._loop = loop
        self._timer = None

    def _set_timer(self) -> None:
        """One timer, for the next moment at which anything can change."""
        now = self._clock()
        at = self._engine.lines.wake_at(now) if self._engine.lines else None
        if self._timer is not None:
            if at == self._timer_at:
                return
            self._timer.cancel()
            self._timer = None
        if at is not None and self._loop is not None and not self._loop.is_closed():
            self._timer_at = at
            self._timer = self._loop.call_later(max(0.0, at - now), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._engine.lines.tick(self._clock())
        self._set_timer()


_every: weakref.WeakSet[MemoryLimiter] = weakref.WeakSet()


def _after_fork() -> None:
    for limiter in tuple(_every):
        limiter.forked()


_when_forked: Callable[..., object] = getattr(os, "register_at_fork", dict)  # Windows has no fork, and no need
_when_forked(after_in_child=_after_fork)


def _closed() -> LimitExceededError:
    return LimitExceededError("the client was closed while the call waited for a limit")


@hookimpl
def modelscan_limiter() -> type[MemoryLimiter]:
    """The built-in limiter `memory`."""
    return MemoryLimiter
