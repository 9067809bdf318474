"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio

import attrs


@attrs.define
class FakeClock:
    """Seconds that pass only when a test, or a sleep on this clock, says so.

    >>> clock = FakeClock()
    >>> clock.advance(2.5)
    >>> clock()
    2.5
    """

    now_s: float = 0.0
    slept_s: list[float] = attrs.field(factory=list)

    def __call__(self) -> float:
        """The time, as `time.monotonic` gives it."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds

    async def sleep(self, seconds: float) -> None:
        """As `asyncio.sleep`, without waiting: the clock moves, other tasks get their turn, `slept_s` notes it."""
        self.slept_s.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
