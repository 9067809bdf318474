"""The whole catalog as JSON or CSV, and back: nothing is lost, history least of all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelscan.catalog.columns import Columns, Value
from modelscan.catalog.database import Database
from modelscan.catalog.migrations import MIGRATIONS
from modelscan.catalog.tables import TABLES
from modelscan.catalog.writing_rows import insert
from modelscan.errors import CatalogError

if TYPE_CHECKING:
    import apsw

Rows = Mapping[str, Iterable[Columns]]
"""By table, its rows."""

_IDENTITY: Final = {
    "providers": ("provider",),
    "models": ("provider", "model"),
    "aliases": ("provider", "alias"),
    "plan_metadata": ("provider", "plan"),
    "rate_limits": ("provider", "plan", "key"),
    "provider_pricing": ("provider", "model", "key"),
}
"""What tells a table's rows apart. Of the others, which only grow, every row is itself."""

_LOCAL: Final = ("id", "price_id")  # numbers that mean something in one file alone


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    modelscan_catalog: int
    tables: dict[str, list[dict[str, Any]]]  # a column's value is a text, a whole number or nothing


def counts(connection: apsw.Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {table: int(connection.execute(f"SELECT count(*) FROM {table}").get) for table in TABLES}  # noqa: S608 - our own names


def write_json(database: Database, path: Path) -> None:
    """Write all tables to a JSON file."""
    tables = database.read(lambda connection: {table: _rows(connection, table) for table in TABLES})
    text = msgspec.json.encode(_Document(len(MIGRATIONS), tables))
    path.write_bytes(msgspec.json.format(text, indent=1))


def read_json(path: Path) -> Rows:
    """The tables of a JSON file. Raises `CatalogError` for one that isn't such an export, or is of a later version."""
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except (OSError, msgspec.DecodeError) as error:
        raise _refused(path, str(error)) from error
    if document.modelscan_catalog > len(MIGRATIONS):
        raise _refused(
            path, f"it is of version {document.modelscan_catalog}, and this ModelScan knows {len(MIGRATIONS)}"
        )
    return document.tables


def write_csv(database: Database, folder: Path) -> None:
    """Write each table to a CSV file of its own, its first line the names of the columns; an empty cell may be NULL."""
    tables = database.read(lambda connection: {table: _rows(connection, table) for table in TABLES})
    names = database.read(lambda connection: {table: list(_types(connection, table)) for table in TABLES})
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        with open(folder / f"{table}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names[table], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def read_csv(connection: apsw.Connection, folder: Path) -> Rows:
    """The tables of such a folder; one that isn't there is empty. Raises `CatalogError` where there is none at all."""
    found = {table: folder / f"{table}.csv" for table in TABLES if (folder / f"{table}.csv").is_file()}
    if not found:
        raise _refused(folder, f"it holds none of {', '.join(f'{table}.csv' for table in TABLES)}")
    return {table: _read_table(path, _types(connection, table)) for table, path in found.items()}


def put(connection: apsw.Connection, rows: Rows) -> None:
    """Take rows in: those that differ win over what is there, and nothing is deleted."""
    for table in TABLES:
        known = _types(connection, table)
        for row in rows.get(table, ()):
            if strange := set(row) - set(known):
                raise CatalogError(f"the table {table} has no column {', '.join(sorted(strange))}")
            if missing := set(_IDENTITY.get(table, ())) - set(row):
                raise CatalogError(f"a row of the table {table} doesn't say its {', '.join(sorted(missing))}")
            _put_row(connection, table, row)


def _put_row(connection: apsw.Connection, table: str, row: Columns) -> None:
    if _is_there(connection, table, row, tuple(row)):
        return
    identity = _IDENTITY.get(table, ())
    if not identity or not _is_there(connection, table, row, identity):
        insert(connection, table, row)
        return
    parts = ", ".join(f"{name} = :{name}" for name in row)
    connection.execute(f"UPDATE {table} SET {parts} WHERE {_where(identity)}", row)  # noqa: S608 - our own names


def _is_there(connection: apsw.Connection, table: str, row: Columns, names: tuple[str, ...]) -> bool:
    query = f"SELECT 1 FROM {table} WHERE {_where(names)}"  # noqa: S608 - our own names
    return connection.execute(query, row).get is not None


def _where(names: tuple[str, ...]) -> str:
    return " AND ".join(f"{name} IS :{name}" for name in names)


def _rows(connection: apsw.Connection, table: str) -> list[dict[str, Any]]:
    names = list(_types(connection, table))
    order = "provider, alias" if table == "aliases" else "rowid"
    query = f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}"  # noqa: S608 - our own names
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def _types(connection: apsw.Connection, table: str) -> dict[str, tuple[str, bool]]:
    """The columns that are written: their types, and whether they may be NULL."""
    rows = connection.execute('SELECT name, type, "notnull" FROM pragma_table_info(?)', (table,))
    return {str(name): (str(kind), not fixed) for name, kind, fixed in rows if name not in _LOCAL}


def _read_table(path: Path, types: Mapping[str, tuple[str, bool]]) -> Iterable[Columns]:
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: _value(text, *types.get(name, ("TEXT", False))) for name, text in row.items()}


def _value(text: str, kind: str, may_be_null: bool) -> Value:
    if not text and may_be_null:
        return None
    is_number = kind == "INTEGER" or (kind == "ANY" and text.lstrip("-").isdigit())
    return int(text) if is_number else text


def _refused(path: Path, why: str) -> CatalogError:
    return CatalogError(f"{path} is no export of a catalog: {why}", advice="Name what the catalog's export wrote.")
