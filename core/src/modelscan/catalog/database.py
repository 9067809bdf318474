"""The catalog's file as the rest uses it: reading in one transaction, writing in one, noticing what others wrote."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelscan.catalog.connection import only_read, opened, patiently

if TYPE_CHECKING:
    import apsw

T = TypeVar("T")
Row = tuple[Any, ...]  # each column has a type of its own, which the tables declare and SQLite holds them to

_of_the_parent: Final[list[object]] = []  # a forked child must neither use nor close what its parent opened


class Database:
    """One file, with a connection to read and one to write, each opened when it is first needed.

    A connection serves one thread at a time, so each has a lock; neither waits for the other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._reader: apsw.Connection | None = None
        self._writer: apsw.Connection | None = None
        self._reading = threading.RLock()
        self._writing = threading.RLock()
        self._seen: int | None = None

    @property
    def reading(self) -> threading.RLock:
        """Whoever holds it reads alone; what is kept of an answer is kept before it is released."""
        self._leave_the_parents()
        return self._reading

    @property
    def writing(self) -> threading.RLock:
        """Whoever holds it writes alone, in this process."""
        self._leave_the_parents()
        return self._writing

    def read(self, answer: Callable[[apsw.Connection], T]) -> T:
        """What `answer` finds; all its queries see the same moment. Raises `CatalogError`."""
        with self.reading:
            return patiently(lambda: self._snapshot(answer), self.path)

    def write(self, change: Callable[[apsw.Connection], T]) -> T:
        """Carry out a change, whole or not at all. Raises `CatalogError`."""
        with self.writing:
            return patiently(lambda: self._changed(change), self.path)

    def was_changed(self) -> bool:
        """Whether anybody, this object too, has written since this was last asked. True at first."""
        with self.reading:
            version = patiently(lambda: int(self._for_reading().pragma("data_version")), self.path)
            was, self._seen = self._seen, version
        return was != version

    def close(self) -> None:
        """Close both connections; what comes after opens them again."""
        with self.writing, self.reading:  # in the order of an import, which reads while it writes
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def _snapshot(self, answer: Callable[[apsw.Connection], T]) -> T:
        connection = self._for_reading()
        connection.execute("BEGIN")
        try:
            return answer(connection)
        finally:
            connection.execute("COMMIT")

    def _changed(self, change: Callable[[apsw.Connection], T]) -> T:
        if self._writer is None:
            self._writer = opened(self.path)
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = change(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _for_reading(self) -> apsw.Connection:
        if self._reader is None:
            connection = opened(self.path)
            only_read(connection)
            self._reader = connection
        return self._reader

    def _leave_the_parents(self) -> None:
        if self._pid != os.getpid():
            _of_the_parent.extend((self._reader, self._writer))
            self._open()
