"""Rows that a user writes: they win over what packages and catalog sources say, and no import touches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from modelscan.catalog.answers import PriceRow
from modelscan.catalog.columns import Columns, anything_of, provenance
from modelscan.catalog.format import Model, Plan, PublishedLimit, Source
from modelscan.catalog.limit_rows import limit_key, limit_row, limit_rows
from modelscan.catalog.model_rows import alias_rows, model_row, plan_row
from modelscan.catalog.price_rows import columns_of, price_key, price_rows
from modelscan.catalog.runs import now, text_of_moment
from modelscan.catalog.updating import put_provider
from modelscan.catalog.writing_rows import LIMITS, MODELS, PLANS, PRICES, put_aliases

if TYPE_CHECKING:
    import apsw


def put_plan(connection: apsw.Connection, provider: str, plan: Plan, source: Source | None) -> None:
    """Write a plan and the limits that it lists."""
    at, sources = _begin(connection, provider, source)
    plan = msgspec.structs.replace(plan, source=plan.source or _id(source))
    if plan.is_default:
        connection.execute("UPDATE plan_metadata SET is_default = 0 WHERE provider = ? AND is_default", (provider,))
    PLANS.upsert(connection, plan_row(provider, plan, sources), at)
    for row in limit_rows(provider, plan, sources):
        LIMITS.upsert(connection, row, at)


def put_limit(
    connection: apsw.Connection, provider: str, plan: str, limit: PublishedLimit, source: Source | None
) -> None:
    """Write one limit of a plan, in place of the one that counts the same."""
    at, sources = _begin(connection, provider, source)
    if connection.execute("SELECT 1 FROM plan_metadata WHERE provider = ? AND plan = ?", (provider, plan)).get is None:
        PLANS.upsert(connection, plan_row(provider, Plan(id=plan, source=_id(source)), sources), at)
    row = limit_row(provider, Plan(id=plan, source=_id(source)), limit, sources)
    LIMITS.upsert(connection, {"key": limit_key(limit), **row}, at)


def put_model(connection: apsw.Connection, provider: str, model: Model, source: Source | None) -> None:
    """Write a model, its aliases, and the prices that it lists."""
    at, sources = _begin(connection, provider, source)
    model = msgspec.structs.replace(model, source=model.source or _id(source))
    MODELS.upsert(connection, model_row(provider, model, sources), at)
    put_aliases(connection, provider, alias_rows(provider, model), [model.id])
    for row in price_rows(provider, model, sources):
        PRICES.upsert(connection, row, at)


def put_price(connection: apsw.Connection, provider: str, model: str, price: PriceRow, source: Source | None) -> None:
    """Write one row of a model's prices, in place of the one that holds under the same conditions."""
    at, sources = _begin(connection, provider, source)
    if connection.execute("SELECT 1 FROM models WHERE provider = ? AND model = ?", (provider, model)).get is None:
        MODELS.upsert(connection, model_row(provider, Model(id=model, source=_id(source)), sources), at)
    names: Columns = {"provider": provider, "model": model, "key": price_key(price)}
    told = provenance(price.source, _id(source), sources)
    PRICES.upsert(connection, {**names, **columns_of(price), **told}, at)


def _begin(connection: apsw.Connection, provider: str, source: Source | None) -> tuple[str, dict[str, Source]]:
    """The time that the row gets, and the sources that it may name: the provider's, and the one given."""
    at = text_of_moment(now())
    row = connection.execute("SELECT metadata FROM providers WHERE provider = ?", (provider,)).fetchone()
    if row is None:
        put_provider(connection, provider, {}, at)
    known = anything_of(str(row[0])).get("sources", ()) if row else ()
    sources = {one["id"]: msgspec.convert(one, Source) for one in known}
    return at, sources if source is None else {**sources, source.id: source}


def _id(source: Source | None) -> str:
    return "" if source is None else source.id
