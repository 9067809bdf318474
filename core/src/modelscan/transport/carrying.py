"""Work whose clean-up must run to its end, however often its caller is cancelled.

httpcore gives a connection back, or closes it, in several steps. It shields them from anyio's cancellation; asyncio's
own goes through the shield, and a cancellation between two steps leaves the connection open and in use for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_under_way: set[asyncio.Task[Any]] = set()  # the event loop itself holds tasks only weakly


async def carried(work: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[None]]) -> T:
    """The result of work in a task of its own, which is cancelled once when the caller is cancelled.

    Waits for the clean-up; a second cancellation ends the waiting, and the clean-up goes on. `undo` gets a result that
    came too late to be handed over.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await finished(_undone(task, undo))
        raise


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of work that isn't cancelled at all: a cancelled caller stops waiting, and the work goes on."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


async def _undone(task: asyncio.Task[T], undo: Callable[[T], Awaitable[None]]) -> None:
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is None:
        await undo(task.result())
