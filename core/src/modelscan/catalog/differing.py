"""What an import would change in the catalog, and what has changed in it since a moment."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from modelscan.catalog.answers import Answer
from modelscan.catalog.database import Database
from modelscan.catalog.runs import text_of_moment

if TYPE_CHECKING:
    from modelscan.catalog.catalog import Catalog
    from modelscan.plugins import Plugins

Table = list[dict[str, Any]]
"""A table's rows as an export has them: a column is a text, a whole number or nothing."""

_TABLES: Final = {
    "plan_metadata": ("plan",),
    "rate_limits": ("plan", "key"),
    "models": ("model",),
    "provider_pricing": ("model", "key"),
}
_KINDS: Final = {"plan_metadata": "plan", "rate_limits": "limit", "models": "model", "provider_pricing": "price"}
_UNTOLD: Final = (
    "position",
    "last_updated",
    "recorded_at",
    "ended_at",
)  # they change by themselves


class Change(Answer, frozen=True, kw_only=True):
    """A row that an import would change, or that was changed.

    `kind` is `plan`, `limit`, `model` or `price`; `name` is the row's own (of a price the model's). `was` and `becomes`
    hold the columns that differ, as the tables have them. `written` stands for added or changed, where only the time
    of that is known. A provider that is altogether new is one change, of the kind `provider`, that counts its rows.
    """

    provider: str
    kind: str
    name: str
    what: Literal["added", "changed", "ended", "written"]
    was: Mapping[str, Any] = {}
    becomes: Mapping[str, Any] = {}


def differences(catalog: Catalog, providers: Collection[str] = (), *, plugins: Plugins | None = None) -> list[Change]:
    """What an import of these providers' data, or of all that is installed, would change; the catalog stays as it is.

    A copy is brought up to date and compared, so what users wrote is kept as an import keeps it.
    """
    from modelscan.catalog.catalog import Catalog

    with tempfile.TemporaryDirectory(prefix="modelscan-catalog-") as folder:
        path = Path(folder) / "copy.db"
        _copy(catalog.path, path)
        copy = Catalog(path, plugins=plugins)
        try:
            before = _exported(copy, Path(folder))
            copy.seed(providers)
            after = _exported(copy, Path(folder))
        finally:
            copy.close()
    known = {row["provider"] for row in before["providers"]}
    new = {row["provider"]: row["title"] for row in after["providers"] if row["provider"] not in known}
    found = [change for table in _TABLES for change in _between(table, before[table], after[table])]
    return [
        *(_new(provider, title, found) for provider, title in new.items()),
        *(change for change in found if change.provider not in new),
    ]


def changed_since(catalog: Catalog, moment: dt.datetime) -> list[Change]:
    """What was written or ended since a moment, by imports and by users."""
    since = text_of_moment(moment)
    with tempfile.TemporaryDirectory(prefix="modelscan-catalog-") as folder:
        tables = _exported(catalog, Path(folder))
    changes = [
        _change(table, row, "ended" if row.get("ended_at") else "written")
        for table in _TABLES
        for row in tables[table]
        if row["last_updated"] >= since
    ]
    past = [row for row in tables["pricing_history"] if row["ended_at"] >= since and row["reason"] == "deleted"]
    return [*changes, *(_change("provider_pricing", row, "ended") for row in past)]


def _copy(path: Path, to: Path) -> None:
    """A copy of the file as it is at one moment, whoever writes to it."""
    import apsw

    source, target = Database(path), apsw.Connection(str(to))

    def copied(connection: apsw.Connection) -> None:
        with target.backup("main", connection, "main") as backup:
            backup.step()

    try:
        source.read(copied)
    finally:
        target.close()
        source.close()


_EXPORT: Final = "catalog.json"


def _exported(catalog: Catalog, folder: Path) -> dict[str, Table]:
    catalog.export_json(folder / _EXPORT)
    tables: dict[str, Table] = json.loads((folder / _EXPORT).read_bytes())["tables"]
    return tables


def _between(table: str, before: Table, after: Table) -> Iterator[Change]:
    old, new = _by_key(table, before), _by_key(table, after)
    for key, row in new.items():
        if key not in old:
            yield _change(table, row, "added")
        elif (was := _told(old[key])) != (becomes := _told(row)):
            names = [name for name in becomes if was.get(name) != becomes[name]]
            parts = {name: was.get(name) for name in names}, {name: becomes[name] for name in names}
            yield _change(table, row, "changed", *parts)
    for key, row in old.items():
        if key not in new:
            yield _change(table, row, "ended")


def _new(provider: str, title: str, found: list[Change]) -> Change:
    counts = Counter(change.kind for change in found if change.provider == provider)
    return Change(provider=provider, kind="provider", name=title, what="added", becomes=dict(counts))


def _by_key(table: str, rows: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows that are there now, by what tells them apart."""
    names = ("provider", *_TABLES[table])
    return {tuple(row[name] for name in names): row for row in rows if not row.get("ended_at")}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _UNTOLD}


def _change(
    table: str,
    row: Mapping[str, Any],
    what: Literal["added", "changed", "ended", "written"],
    was: dict[str, Any] | None = None,
    becomes: dict[str, Any] | None = None,
) -> Change:
    name = row.get("model") or row["plan"]
    if table == "rate_limits":
        groups = ", ".join(json.loads(row["model_group"]) + json.loads(row["endpoints"]))
        name = f"{row['plan']} {row['limit_type']}{f' ({groups})' if groups else ''}"
    return Change(
        provider=row["provider"], kind=_KINDS[table], name=name, what=what, was=was or {}, becomes=becomes or {}
    )
