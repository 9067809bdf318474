"""One event loop in a thread of its own, for blocking callers; shared by all blocking clients of the process."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_JOIN_S = 2.0


class BackgroundLoop:
    """A running loop, and the thread that runs it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="modelscan-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. Interrupting the wait cancels the coroutine.

        Raises `RuntimeError` on the loop's own thread, where waiting would never end.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the blocking Client was called on its own event loop: use AsyncClient there")
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what runs, then end the loop and its thread."""
        if self.loop.is_closed() or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), self.loop)
        self._thread.join(_JOIN_S)


async def _cancel_all() -> None:
    loop = asyncio.get_running_loop()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=_JOIN_S / 2) if others else None
    loop.call_soon(loop.stop)


class _Process:
    """What this process has: one loop, made when it is first needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: BackgroundLoop | None = None

    def forget(self) -> None:
        """After a fork only the forking thread lives on: the child's loop must be a new one."""
        self.lock = threading.Lock()
        self.loop = None

    def stop(self) -> None:
        """At the interpreter's end."""
        if self.loop is not None:
            self.loop.stop()


_process = _Process()


def background() -> BackgroundLoop:
    """The process's background loop; a forked child gets one of its own."""
    if _process.loop is None:
        with _process.lock:
            if _process.loop is None:
                _process.loop = BackgroundLoop()
    return _process.loop


os.register_at_fork(after_in_child=_process.forget)
atexit.register(_process.stop)
