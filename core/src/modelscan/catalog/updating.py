"""What a provider's file says, brought into the tables in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from modelscan.catalog.columns import Columns, json_of
from modelscan.catalog.format import Catalog, Model, Source
from modelscan.catalog.limit_rows import limit_rows
from modelscan.catalog.model_rows import alias_rows, model_row, plan_row
from modelscan.catalog.price_rows import price_rows
from modelscan.catalog.writing_rows import LIMITS, MODELS, PACKAGE, PLANS, PRICES, USER, Changes, insert, put_aliases

if TYPE_CHECKING:
    import apsw


def update_provider(connection: apsw.Connection, catalog: Catalog, now: str) -> Changes:
    """Make the tables say what the file says: what it no longer has is ended, and what users wrote stays."""
    sources = {source.id: source for source in catalog.sources}
    provider = catalog.provider
    plans = [{"position": at, **plan_row(provider, plan, sources)} for at, plan in enumerate(catalog.plans)]
    limits = [row for plan in catalog.plans for row in limit_rows(provider, plan, sources)]
    models = [{"position": at, **model_row(provider, model, sources)} for at, model in enumerate(catalog.models)]
    prices = [row for model in catalog.models for row in price_rows(provider, model, sources)]
    if _has_users_default(connection, provider):
        plans = [{**row, "is_default": 0} for row in plans]
    changes = PLANS.replace(connection, provider, plans, now)
    changes += LIMITS.replace(connection, provider, limits, now)
    changes += MODELS.replace(connection, provider, models, now)
    changes += PRICES.replace(connection, provider, prices, now)
    _replace_aliases(connection, provider, catalog.models)
    return changes


def put_provider(connection: apsw.Connection, provider: str, columns: Columns, now: str) -> None:
    """Write what is known of a provider itself; columns that aren't given stay as they were."""
    values = {**columns, "last_updated": now}
    if connection.execute("SELECT 1 FROM providers WHERE provider = ?", (provider,)).get is None:
        insert(connection, "providers", {"provider": provider, **values})
        return
    parts = ", ".join(f"{name} = :{name}" for name in values)
    query = f"UPDATE providers SET {parts} WHERE provider = :provider"  # noqa: S608 - our own names
    connection.execute(query, {"provider": provider, **values})


def told_of(catalog: Catalog) -> Columns:
    """What a file says of the provider itself."""
    told = {
        "sources": [msgspec.to_builtins(source) for source in catalog.sources],
        "quirks": [msgspec.to_builtins(quirk) for quirk in catalog.quirks],
        "units": [msgspec.to_builtins(unit) for unit in catalog.units],
    }
    return {
        "title": catalog.name,
        "metadata": json_of(told),
        "last_verified": newest(catalog.sources),
        "origin": PACKAGE,
    }


def newest(sources: tuple[Source, ...]) -> str:
    """When anything was last verified."""
    return max((source.verified for source in sources), default="")


def _has_users_default(connection: apsw.Connection, provider: str) -> bool:
    query = "SELECT 1 FROM plan_metadata WHERE provider = ? AND origin = ? AND is_default"
    return connection.execute(query, (provider, USER)).get is not None


def _replace_aliases(connection: apsw.Connection, provider: str, models: tuple[Model, ...]) -> None:
    ours = "SELECT model FROM models WHERE provider = ? AND origin = ?"
    taken = "SELECT alias FROM aliases JOIN models USING (provider, model) WHERE provider = ? AND origin = ?"
    users = {str(row[0]) for query in (ours, taken) for row in connection.execute(query, (provider, USER))}
    rows = [row for model in models if model.id not in users for row in alias_rows(provider, model)]
    packages = [str(row[0]) for row in connection.execute(ours, (provider, PACKAGE))]
    put_aliases(connection, provider, (row for row in rows if row["alias"] not in users), packages)
