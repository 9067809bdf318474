"""What is asked of the file, where the answer isn't in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from modelscan.catalog.answers import (
    Freshness,
    KnownLimit,
    KnownModel,
    KnownPlan,
    KnownProvider,
    PriceList,
    PriceRow,
)
from modelscan.catalog.columns import anything_of, freshness_of
from modelscan.catalog.database import Row
from modelscan.catalog.format import Allowance, Factor, Prices, Trust
from modelscan.catalog.limit_rows import LIMITS, known_limit
from modelscan.catalog.matching import limits_of_model
from modelscan.catalog.model_rows import MODELS, PLANS, known_model, known_plan
from modelscan.catalog.names import newest_snapshot, undated
from modelscan.catalog.price_rows import PRICE, price_of
from modelscan.catalog.timeline import CURRENT, HISTORY, Span, held_on, spans

if TYPE_CHECKING:
    import apsw

_PRICES: Final = f"""
SELECT p.source_url, p.trust, p.last_verified, {PRICE}
FROM provider_pricing AS p WHERE p.provider = ? AND p.model = ? ORDER BY p.position, p.id
"""  # noqa: S608 - our own names
_PLAN_NAMES: Final = """
SELECT plan FROM plan_metadata WHERE provider = ? AND ended_at IS NULL
ORDER BY is_default DESC, is_free DESC, position, id
"""
_LIMITS_OF_PLAN: Final = f"{LIMITS} AND plan = coalesce(nullif(?, ''), ({_PLAN_NAMES} LIMIT 1)) ORDER BY position, id"
_PROVIDERS: Final = """
SELECT provider, title, version, metadata,
       (SELECT count(*) FROM plan_metadata AS t WHERE t.provider = p.provider AND ended_at IS NULL),
       (SELECT count(*) FROM rate_limits AS t WHERE t.provider = p.provider AND ended_at IS NULL),
       (SELECT count(*) FROM models AS t WHERE t.provider = p.provider AND ended_at IS NULL),
       (SELECT count(DISTINCT model) FROM provider_pricing AS t WHERE t.provider = p.provider AND kind = 'price')
FROM providers AS p ORDER BY provider
"""
_CURRENT: Final = "SELECT 1 FROM models WHERE provider = ? AND model = ? AND ended_at IS NULL"
_EXACT: Final = """
SELECT model, 0 FROM models WHERE provider = :provider AND model = :name AND ended_at IS NULL
UNION ALL SELECT model, 1 FROM aliases JOIN models USING (provider, model)
    WHERE provider = :provider AND alias = :name
UNION ALL SELECT model, 2 FROM models WHERE provider = :provider AND model = :name
ORDER BY 2 LIMIT 1
"""
_TRUST: Final[tuple[Trust, ...]] = ("unverified", "secondary", "official")


def provider_names(connection: apsw.Connection) -> list[str]:
    """The providers that the file knows."""
    return [str(row[0]) for row in connection.execute("SELECT provider FROM providers ORDER BY provider")]


def providers(connection: apsw.Connection) -> Iterator[KnownProvider]:
    """The same with how much is known of each."""
    rows: list[Row] = connection.execute(_PROVIDERS).fetchall()
    for provider, title, version, metadata, plan_count, limit_count, model_count, priced in rows:
        yield KnownProvider(
            provider=provider,
            title=title,
            version=anything_of(version or "{}").get("package", "").partition(" ")[0],
            plans=plan_count,
            limits=limit_count,
            models=model_count,
            priced_models=priced,
            quirks=tuple(quirk["about"] for quirk in anything_of(metadata).get("quirks", ())),
        )


def plan_names(connection: apsw.Connection, provider: str) -> list[str]:
    """A provider's plans, first the one that goes for an account without a plan."""
    return [str(row[0]) for row in connection.execute(_PLAN_NAMES, (provider,))]


def plans(connection: apsw.Connection, provider: str, today: dt.date) -> tuple[KnownPlan, ...]:
    """A provider's plans with their limits."""
    limits = [known_limit(row, today) for row in connection.execute(LIMITS + "ORDER BY position, id", (provider,))]
    return tuple(known_plan(row, limits, today) for row in connection.execute(PLANS, (provider,)))


def limits(
    connection: apsw.Connection, provider: str, plan: str, model: str, today: dt.date
) -> tuple[KnownLimit, ...] | None:
    """The limits of a plan, or of the one for an account without a plan; None where it has none, whatever the model."""
    rows: list[Row] = connection.execute(_LIMITS_OF_PLAN, (provider, plan, provider)).fetchall()
    if not rows:
        return None
    if model:
        names = (model, resolved(connection, provider, model))
        rows = limits_of_model(rows, names if names[1] not in ("", model) else names[:1])
    return tuple(known_limit(row, today) for row in rows)


def resolved(connection: apsw.Connection, provider: str, model: str) -> str:
    """The name that the catalog has a model under; empty where it has none.

    First the exact name, then an alias, then the name without its date, and of a name without a date the latest
    snapshot. A model that the provider no longer has comes after what goes by its name now.
    """
    if connection.execute(_CURRENT, (provider, model)).get is not None:
        return model
    bare = undated(model)
    exact = _exact(connection, provider, model) or (_exact(connection, provider, bare) if bare != model else "")
    return exact or newest_snapshot(bare, model_names(connection, provider))


def _exact(connection: apsw.Connection, provider: str, name: str) -> str:
    row = connection.execute(_EXACT, {"provider": provider, "name": name}).fetchone()
    return str(row[0]) if row else ""


def model_names(connection: apsw.Connection, provider: str) -> list[str]:
    """The models that a provider has now."""
    query = "SELECT model FROM models WHERE provider = ? AND ended_at IS NULL ORDER BY position, id"
    return [str(row[0]) for row in connection.execute(query, (provider,))]


def model(connection: apsw.Connection, provider: str, resolved: str, today: dt.date) -> KnownModel:
    """A model, even one that is there no longer, by the name that it was resolved to in this transaction."""
    rows: list[Row] = connection.execute(MODELS + "WHERE provider = ? AND model = ?", (provider, resolved)).fetchall()
    return known_model(rows[0], today)


def models(connection: apsw.Connection, provider: str, today: dt.date) -> list[KnownModel]:
    """The models that one provider has now, or all."""
    condition = "ended_at IS NULL ORDER BY provider, position, id"
    where, names = (f"WHERE provider = ? AND {condition}", (provider,)) if provider else (f"WHERE {condition}", ())
    return [known_model(row, today) for row in connection.execute(MODELS + where, names)]


def prices(connection: apsw.Connection, provider: str, name: str, today: dt.date) -> PriceList | None:
    """The price list of a model by its very name; None where it has no prices."""
    rows: list[Row] = connection.execute(_PRICES, (provider, name)).fetchall()
    if not rows:
        return None
    return _price_list(provider, name, [price_of(row[3:]) for row in rows], rows, today)


def prices_on(connection: apsw.Connection, provider: str, name: str, day: dt.date, today: dt.date) -> PriceList:
    """The price list of a model as it was on a day."""
    held = held_on(day, line_of_time(connection, provider, name))
    return _price_list(provider, name, [span.price.row for span in held], [span.told for span in held], today)


def line_of_time(connection: apsw.Connection, provider: str, name: str) -> list[Span]:
    """All that was and is known of a model's prices."""
    names = {"provider": provider, "model": name}
    past: list[Row] = connection.execute(HISTORY, names).fetchall()
    current: list[Row] = connection.execute(CURRENT, names).fetchall()
    return spans(provider, name, past, current)


def _price_list(provider: str, name: str, parts: Sequence[PriceRow], told: Sequence[Row], today: dt.date) -> PriceList:
    return PriceList(
        provider=provider,
        model=name,
        prices=tuple(part for part in parts if isinstance(part, Prices)),
        factors=tuple(part for part in parts if isinstance(part, Factor)),
        free=tuple(part for part in parts if isinstance(part, Allowance)),
        freshness=_oldest(told, today),
    )


def _oldest(told: Sequence[Row], today: dt.date) -> Freshness:
    """Of rows that begin with their source: the day and address of the oldest, the lowest trust of all."""
    url, _, verified = min((row[:3] for row in told), key=lambda source: str(source[2]), default=("", "", ""))
    trust = min((_TRUST.index(row[1]) for row in told), default=0)
    return freshness_of(url, _TRUST[trust], verified, today)
