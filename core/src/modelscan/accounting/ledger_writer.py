"""Writes the ledger's entries from a thread of its own: a call only puts its entry into a queue."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelscan.accounting.entry import Entry

if TYPE_CHECKING:
    from modelscan.accounting.ledger_rows import RowWriter

GATHER_S: Final = 0.05
"""How long entries are gathered before they are written: a process that is killed loses no more than these and the
ones that are just being written."""

MOST_WAITING: Final = 100_000
"""Entries that may wait in memory while the disk doesn't take them; later ones are left out, and counted."""

AGAIN_S: Final = 1.0
"""How long after a failure the file is tried again."""

CLOSING_S: Final = 5.0
"""How long closing, and so the end of the process, waits for the disk."""

_BATCH: Final = 500
_TROUBLE: Final = 2
_of_the_parent: Final[list[object]] = []  # a forked child must neither use nor close what its parent opened


class LedgerWriter:
    """The queue and its thread. Nothing that goes wrong with the disk reaches who appends: `report` is told, once.

    Entries wait, and are tried again each second, while the file can't be written.
    """

    def __init__(self, path: Path, report: Callable[[str], None], *, most_waiting: int = MOST_WAITING) -> None:
        self.path = path
        self.lost = 0
        self._report = report
        self._most = most_waiting
        self._start_anew()
        _writers.add(self)

    def _start_anew(self) -> None:
        self._queue: deque[Entry | threading.Event] = deque()
        self._batch: list[Entry | threading.Event] = []
        self._rows: RowWriter | None = None
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._failures = 0

    def append(self, entry: Entry) -> None:
        """Have the entry written soon."""
        if len(self._queue) >= self._most:
            self.lost += 1
            return
        self._queue.append(entry)
        if not self._wake.is_set():
            self._awake()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was appended before is in the file; False where it isn't by then."""
        if self._thread is None and not self._queue:
            return True
        is_written = threading.Event()
        self._queue.append(is_written)
        self._hurry.set()
        self._awake()
        return is_written.wait(timeout_s)

    def close(self, timeout_s: float = CLOSING_S) -> None:
        """Write what waits and end the thread; an entry that comes later begins another one."""
        with self._starting:
            thread, self._is_closing = self._thread, True
        if thread is None:
            return
        self._hurry.set()
        self._wake.set()
        thread.join(timeout_s)
        if thread.is_alive():
            waiting = sum(isinstance(each, Entry) for each in (*self._queue, *self._batch))
            self._tell(f"{waiting} entries were not written in time to the ledger {self.path}")

    def _awake(self) -> None:
        self._wake.set()
        with self._starting:
            if self._thread is None:
                self._is_closing = False
                self._thread = threading.Thread(target=self._run, name="modelscan-ledger", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._hurry.wait(GATHER_S)
            self._hurry.clear()
            self._wake.clear()
            self._write_all()
            if self._is_closing and self._has_ended():
                return

    def _has_ended(self) -> bool:
        """Whether nothing is left, also nothing that came at the last moment; the next entry begins another thread."""
        self._let_go()
        with self._starting:
            self._wake.clear()
            if self._queue or self._batch:
                self._wake.set()
                return False
            atexit.unregister(self.close)
            self._thread = None
        return True

    def _write_all(self) -> None:
        while self._batch or self._queue:
            while self._queue and len(self._batch) < _BATCH:
                self._batch.append(self._queue.popleft())
            try:
                if self._rows is None:
                    self._rows = _row_writer(self.path)
                left_out = self._rows.write(each for each in self._batch if isinstance(each, Entry))
            except Exception as error:  # noqa: BLE001 - whatever it is, no call may hear of it
                self._trouble(error)
                return
            for each in self._batch:
                if isinstance(each, threading.Event):
                    each.set()
            self._batch.clear()
            self._failures = 0
            self._tell_of_losses(left_out)

    def _trouble(self, error: Exception) -> None:
        """Try again in a while: with the file opened anew, since it may be another one by then.

        What fails twice is told, once: another process that is making the file, too, is no trouble.
        """
        self._failures += 1
        if self._failures == _TROUBLE:
            self._tell(f"the ledger {self.path} can't be written, and is tried again: {error}")
        self._let_go()
        self._wake.set()
        self._hurry.wait(AGAIN_S)

    def _tell_of_losses(self, left_out: int) -> None:
        lost, self.lost = self.lost + left_out, 0
        if lost:
            self._tell(f"{lost} entries are missing in the ledger {self.path}: it could not hold them")

    def _tell(self, text: str) -> None:
        """Report something; the thread goes on whatever the report does."""
        with suppress(Exception):
            self._report(text)

    def _let_go(self) -> None:
        rows, self._rows = self._rows, None
        if rows is not None:
            with suppress(Exception):  # what the log holds is not lost with it
                rows.close()

    def leave_to_the_parent(self) -> None:
        """In a forked child: the thread is the parent's, and so is what waits to be written."""
        _of_the_parent.append((self._rows, self._queue, self._batch))
        self._start_anew()


def _row_writer(path: Path) -> RowWriter:
    from modelscan.accounting.ledger_rows import RowWriter

    return RowWriter(path)


_writers: Final[weakref.WeakSet[LedgerWriter]] = weakref.WeakSet()


def leave_all_to_the_parent() -> None:
    """What a forked child does first."""
    for writer in _writers:
        writer.leave_to_the_parent()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows, where nothing forks
    os.register_at_fork(after_in_child=leave_all_to_the_parent)
