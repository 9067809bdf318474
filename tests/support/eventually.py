"""Waiting in a test for what another process or task does, where nothing tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], object], *, within_s: float = 8.0, every_s: float = 0.01) -> None:
    """Return as soon as the condition holds; an AssertionError where it doesn't in time."""
    for _ in range(round(within_s / every_s)):
        if condition():
            return
        await asyncio.sleep(every_s)
    raise AssertionError(f"it isn't so after {within_s} s")
