"""How the catalog's file is opened: one small function for each setting."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import apsw

from modelscan.catalog.migrations import migrate
from modelscan.errors import CatalogError

T = TypeVar("T")

PATIENCE_S: Final = 60.0
"""How long anything waits for another process before it gives up."""

_BUSY: Final = (apsw.BusyError, apsw.LockedError, apsw.ProtocolError)
_PAUSE_S: Final = 0.01
_WITHIN_SQLITE_MS: Final = 5_000


def opened(path: Path) -> apsw.Connection:
    """A connection to the catalog's file, which is made and brought to its newest version where need be.

    Raises `CatalogError` where it can't be opened, is no catalog, or one of a later version.
    """

    def connect() -> apsw.Connection:
        connection = apsw.Connection(str(path))
        try:
            wait_when_busy(connection)
            keep_a_log(connection)
            sync_at_checkpoints(connection)
            refuse_quoted_text(connection)
            keep_the_plan(connection)
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    with_folder(path)
    return patiently(connect, path)


def with_folder(path: Path) -> None:
    """Make the file's folder; it is its owner's alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(f"the catalog's folder {path.parent} can't be made: {error}") from error


def wait_when_busy(connection: apsw.Connection) -> None:
    """Let SQLite itself wait for another writer: it does so without polling from here."""
    connection.set_busy_timeout(_WITHIN_SQLITE_MS)


def keep_a_log(connection: apsw.Connection) -> None:
    """Write ahead into a log, so that readers and a writer don't wait for each other. It stays set in the file."""
    if connection.pragma("journal_mode") != "wal":
        connection.pragma("journal_mode", "wal")


def sync_at_checkpoints(connection: apsw.Connection) -> None:
    """Sync the disk at checkpoints, not with each commit: a crash of the process loses nothing either way."""
    connection.pragma("synchronous", "normal")


def refuse_quoted_text(connection: apsw.Connection) -> None:
    """Take a name in double quotes for a name alone: a misspelt column is an error then, not a text."""
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)


def keep_the_plan(connection: apsw.Connection) -> None:
    """Let a prepared query stay as it is: planning it anew for each value takes four times as long as running it."""
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def only_read(connection: apsw.Connection) -> None:
    """Refuse to write through this connection."""
    connection.pragma("query_only", 1)


def patiently(action: Callable[[], T], path: Path) -> T:
    """The action's result, tried again as long as another process is in its way.

    SQLite's own waiting leaves out some moments, such as the one in which a log is recovered after a crash. Every error
    of SQLite's becomes a `CatalogError` that names the file.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return action()
        except _BUSY as error:
            if time.monotonic() >= deadline:
                raise CatalogError(
                    f"the catalog {path} was busy for {PATIENCE_S:.0f} s", advice="Another program holds it: try later."
                ) from error
            time.sleep(_PAUSE_S)
        except apsw.Error as error:
            raise CatalogError(f"the catalog {path} can't be used: {error}") from error
