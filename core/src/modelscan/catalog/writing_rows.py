"""Rows written as changes: what is new is added, what differs updated, what is as it was left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import attrs
import msgspec

from modelscan.catalog.columns import Columns, Value
from modelscan.catalog.database import Row

if TYPE_CHECKING:
    import apsw

PACKAGE: Final = "package"
USER: Final = "user"


class Changes(msgspec.Struct, frozen=True):
    """How many rows were added, changed, and ended since they are no longer there."""

    added: int = 0
    changed: int = 0
    ended: int = 0

    def __add__(self, more: Changes) -> Changes:
        return Changes(self.added + more.added, self.changed + more.changed, self.ended + more.ended)

    @property
    def total(self) -> int:
        """All of them."""
        return self.added + self.changed + self.ended


@attrs.frozen
class Table:
    """A table whose rows are kept in step with what a provider's file says.

    `key` are the columns that tell the rows of one provider apart. `keeps_ended`: a row that is no longer there is
    marked; otherwise it is deleted.
    """

    name: str
    key: tuple[str, ...]
    keeps_ended: bool = True

    def replace(self, connection: apsw.Connection, provider: str, rows: Sequence[Columns], now: str) -> Changes:
        """Make the provider's rows those given. What somebody else than an import wrote stays as it is."""
        stored = self._stored(connection, provider, list(rows[0]) if rows else [])
        changes = Changes()
        for row in rows:
            identifier, origin, is_ended, values = stored.pop(self._key_of(row), (None, PACKAGE, False, ()))
            if origin == PACKAGE and (is_ended or values != tuple(row.values())):
                self._put(connection, identifier, row, PACKAGE, now)
                changes += Changes(added=1) if identifier is None else Changes(changed=1)
        for identifier, origin, is_ended, _ in stored.values():
            if origin == PACKAGE and not is_ended:
                self._end(connection, identifier, now)
                changes += Changes(ended=1)
        return changes

    def upsert(self, connection: apsw.Connection, row: Columns, now: str) -> None:
        """Write one row for a user: from now on no import touches it."""
        where = " AND ".join(f"{name} = :{name}" for name in ("provider", *self.key))
        found = connection.execute(f"SELECT id FROM {self.name} WHERE {where}", row).get  # noqa: S608 - our own names
        if found is None:
            row = {"position": self._behind_the_last(connection, row), **row}
        self._put(connection, found, row, USER, now)

    def _stored(
        self, connection: apsw.Connection, provider: str, columns: list[str]
    ) -> dict[tuple[Value, ...], tuple[Value, Value, bool, tuple[Value, ...]]]:
        ended = "ended_at IS NOT NULL" if self.keeps_ended else "0"
        names = ", ".join((*self.key, "id", "origin", ended, *columns))
        query = f"SELECT {names} FROM {self.name} WHERE provider = ?"  # noqa: S608 - our own names
        count = len(self.key)
        rows: list[Row] = connection.execute(query, (provider,)).fetchall()
        return {row[:count]: (row[count], row[count + 1], bool(row[count + 2]), row[count + 3 :]) for row in rows}

    def _key_of(self, row: Columns) -> tuple[Value, ...]:
        return tuple(row[name] for name in self.key)

    def _put(self, connection: apsw.Connection, identifier: Value, row: Columns, origin: str, now: str) -> None:
        values = {**row, "origin": origin, "last_updated": now}
        if self.keeps_ended:
            values["ended_at"] = None
        if identifier is None:
            insert(connection, self.name, values)
            return
        parts = ", ".join(f"{name} = :{name}" for name in values)
        query = f"UPDATE {self.name} SET {parts} WHERE id = :id"  # noqa: S608 - our own names
        connection.execute(query, {**values, "id": identifier})

    def _end(self, connection: apsw.Connection, identifier: Value, now: str) -> None:
        if self.keeps_ended:
            query = f"UPDATE {self.name} SET ended_at = ?, last_updated = ? WHERE id = ?"  # noqa: S608 - our own names
            connection.execute(query, (now, now, identifier))
        else:
            connection.execute(f"DELETE FROM {self.name} WHERE id = ?", (identifier,))  # noqa: S608 - our own names

    def _behind_the_last(self, connection: apsw.Connection, row: Columns) -> int:
        query = f"SELECT coalesce(max(position), -1) + 1 FROM {self.name} WHERE provider = :provider"  # noqa: S608 - our own names
        return int(connection.execute(query, row).get)


PLANS: Final = Table("plan_metadata", ("plan",))
LIMITS: Final = Table("rate_limits", ("plan", "key"))
MODELS: Final = Table("models", ("model",))
PRICES: Final = Table("provider_pricing", ("model", "key"), keeps_ended=False)


def insert(connection: apsw.Connection, table: str, row: Columns) -> None:
    """Add a row to a table."""
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)  # noqa: S608 - our own names


def put_aliases(connection: apsw.Connection, provider: str, rows: Iterable[Columns], models: Sequence[str]) -> None:
    """Make these the other names of these models."""
    for model in models:
        connection.execute("DELETE FROM aliases WHERE provider = ? AND model = ?", (provider, model))
    for row in rows:
        connection.execute("DELETE FROM aliases WHERE provider = :provider AND alias = :alias", row)
        insert(connection, "aliases", row)
