"""The file of learned limits: one table in SQLite, opened to be read once and whenever something is to be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from modelscan.limits.learning.learned import FADES_S, Entries, LearnedLimit

if TYPE_CHECKING:
    import apsw

_VERSION: Final = 1
_WAIT_MS: Final = 2000
_COLUMNS: Final = LearnedLimit.__struct_fields__
_KEY: Final = ("account", "model", "unit", "kind", "window_s", "period", "scope")
_NEW: Final = tuple(name for name in _COLUMNS if name not in _KEY)

_TABLE: Final = f"""
    CREATE TABLE IF NOT EXISTS learned_limits (
        account TEXT NOT NULL, model TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
        window_s REAL NOT NULL, period TEXT NOT NULL, zone TEXT NOT NULL, scope TEXT NOT NULL,
        amount INTEGER NOT NULL, name TEXT NOT NULL, learned_s REAL NOT NULL, seen_s REAL NOT NULL,
        PRIMARY KEY ({", ".join(_KEY)})
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = {_VERSION};
"""
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM learned_limits WHERE seen_s >= ?"  # noqa: S608 - names of ours
# Another program may have written what it saw later.
_INSERT: Final = f"""
    INSERT INTO learned_limits ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
    ON CONFLICT DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NEW)}
    WHERE excluded.seen_s >= seen_s
"""  # noqa: S608 - names of ours
_DELETE: Final = f"DELETE FROM learned_limits WHERE {' AND '.join(f'{name} = ?' for name in _KEY)}"  # noqa: S608 - the same
_FADED: Final = "DELETE FROM learned_limits WHERE seen_s < (SELECT max(seen_s) FROM learned_limits) - ?"


class Unusable(Exception):
    """The file can't be read or written; the message says why."""


def read(path: Path, oldest_s: float) -> Iterator[LearnedLimit]:
    """The limits that were seen since `oldest_s`; none where there is no file. Raises `Unusable`."""
    if not path.exists():  # the first time: then nothing is imported either
        return
    with _opened(path, is_new=False) as connection:
        rows = connection.execute(_SELECT, (oldest_s,)).fetchall() if connection.pragma("user_version") else []
    for row in rows:
        fields = dict(zip(_COLUMNS, row, strict=True))
        fields |= {
            "window_s": fields["window_s"] or None,
            "period": fields["period"] or None,
            "scope": str(fields["scope"]).split(),
        }
        try:
            yield msgspec.convert(fields, LearnedLimit)
        except msgspec.ValidationError:  # a word that this version doesn't know
            continue


def write(path: Path, entries: Entries) -> None:
    """Write entries down, all or none. Raises `Unusable`."""
    with _opened(path, is_new=True) as connection, connection:
        connection.execute(_TABLE)
        for (account, model, key), limit in entries.items():
            place = (account, model, key.unit, key.kind, key.window_s or 0.0, key.period or "", " ".join(key.scope))
            if limit is None:
                connection.execute(_DELETE, place)
            else:
                given = dict(zip(_KEY, place, strict=True))
                connection.execute(_INSERT, tuple(given.get(name, getattr(limit, name)) for name in _COLUMNS))
        connection.execute(_FADED, (FADES_S,))


@contextmanager
def _opened(path: Path, *, is_new: bool) -> Iterator[apsw.Connection]:
    import apsw

    try:
        if is_new:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = apsw.Connection(str(path))
        try:
            connection.set_busy_timeout(_WAIT_MS)
            version = connection.pragma("user_version")
            if version > _VERSION:
                raise Unusable(f"{path} is of version {version}, which a later ModelScan made")
            yield connection
        finally:
            connection.close()
    except (apsw.Error, OSError) as error:
        raise Unusable(f"{path} can't be used: {error}") from error
