"""The phases of one request, and the deadline of each."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from modelscan.contracts.transport import Timeouts
from modelscan.errors import Phase


class PhaseClock:
    """Holds a request to its timeouts until the head is there; `phase` says how far it came.

    Used as `async with`. Raises `TimeoutError` (the builtin one) in the block when a phase takes too long; `is_expired`
    tells it from a timeout that somebody else set.
    """

    __slots__ = ("_limits", "_loop", "_timeout", "error", "phase")

    def __init__(self, timeouts: Timeouts) -> None:
        self.phase: Phase = "connect"
        self.error: Exception | None = None
        self._limits = {"connect": timeouts.connect_s, "send": timeouts.send_s, "wait": timeouts.wait_s}
        self._loop = asyncio.get_running_loop()
        self._timeout = asyncio.timeout(timeouts.connect_s)

    def enter(self, phase: Phase) -> None:
        """Begin a phase, or begin it anew (the next piece of a body)."""
        self.phase = phase
        self.allow(phase)

    def allow(self, phase: Phase) -> None:
        """Give it the time of a phase from now, whatever phase it's in."""
        limit = self._limits[phase]
        if not self._timeout.expired():
            self._timeout.reschedule(None if limit is None else self._loop.time() + limit)

    @property
    def is_expired(self) -> bool:
        """Whether the time ran out."""
        return self._timeout.expired()

    @property
    def limit_s(self) -> float | None:
        """The limit of the phase it's in."""
        return self._limits[self.phase]

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)
