"""The ledger's file: its tables, and how it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import apsw

from modelscan.errors import ConfigurationError

VERSION: Final = 1

_BUSY_MS: Final = 10_000
_ADVICE: Final = "Update ModelScan, or move the file away: a new one is begun."
_TABLES: Final = """
CREATE TABLE label_sets (id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE);
CREATE TABLE labels (
    label_set INTEGER NOT NULL REFERENCES label_sets (id), name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (label_set, name)
) WITHOUT ROWID;
CREATE INDEX labels_by_name ON labels (name, value);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, call_id TEXT NOT NULL,
    provider TEXT NOT NULL, account TEXT NOT NULL, model TEXT NOT NULL, capability TEXT NOT NULL,
    usage TEXT NOT NULL, amount TEXT, currency TEXT NOT NULL, nano INTEGER, certainty TEXT NOT NULL, note TEXT NOT NULL,
    outcome TEXT NOT NULL, principal TEXT NOT NULL, request_id TEXT NOT NULL,
    tags INTEGER NOT NULL REFERENCES label_sets (id), budgets INTEGER NOT NULL REFERENCES label_sets (id)
);
CREATE INDEX attempts_by_time ON attempts (at_us);
CREATE INDEX attempts_by_budgets ON attempts (budgets, at_us);
"""
# Tags and budgets repeat from call to call: each set of them is written once, and an attempt names it. `amount` is the
# exact cost as text, and `nano` the same in billionths, rounded up, for budgets that are summed at every start.


def opened_to_write(path: Path) -> apsw.Connection:
    """A connection for the writer; the file and its folder are made, for their owner alone, where they aren't there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    try:
        wait_for_others(connection)
        write_ahead(connection)
        make_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def opened_to_read(path: Path) -> Iterator[apsw.Connection | None]:
    """A connection for queries; None where there is no file, or one whose tables somebody is only about to make.

    Raises `ConfigurationError` for a file that is no ledger, is broken, or of a later version.
    """
    if not path.exists():
        yield None
        return
    try:
        # Not read-only: who reads a file with a write-ahead log keeps the log's index, too.
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        with closing(connection):
            wait_for_others(connection)
            connection.pragma("query_only", 1)
            is_made = connection.pragma("user_version") != 0
            if is_made:
                check_version(connection, path)
            yield connection if is_made else None
    except apsw.Error as error:
        raise ConfigurationError(f"the ledger {path} can't be read: {error}", advice=_ADVICE) from error


def wait_for_others(connection: apsw.Connection) -> None:
    """Several processes write one ledger: each waits for the others' transactions, which are short."""
    connection.set_busy_timeout(_BUSY_MS)


def write_ahead(connection: apsw.Connection) -> None:
    """A log, so that queries don't hold up the writer.

    It is synced with the disk at checkpoints alone: a process that is killed loses nothing that was committed, and a
    machine that loses its power loses the last seconds, never the file. Syncing each commit would cost the disk's
    latency many times a second for rows that the vendor's bill has as well.
    """
    if connection.pragma("journal_mode") != "wal":  # stays so in the file, and is set by one at a time
        connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "normal")


def make_tables(connection: apsw.Connection, path: Path) -> None:
    """Make the tables of a new file. Of two processes that come at once, one makes them and the other finds them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.pragma("user_version") == 0:
            connection.execute(_TABLES)
            connection.pragma("user_version", VERSION)
    finally:
        connection.execute("COMMIT")
    check_version(connection, path)


def check_version(connection: apsw.Connection, path: Path) -> None:
    """Raises `ConfigurationError` for a file that this version of ModelScan doesn't know."""
    found = connection.pragma("user_version")
    if found != VERSION:
        raise ConfigurationError(
            f"the ledger {path} is of version {found}, and this is ModelScan with version {VERSION}", advice=_ADVICE
        )
