"""How much the catalog knows of each provider, how surely, and which of it is old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final, TypeVar, cast

from modelscan.catalog import questions
from modelscan.catalog.answers import Answer, Freshness, KnownProvider
from modelscan.catalog.columns import STALE_DAYS, day_of
from modelscan.catalog.database import Database, Row
from modelscan.catalog.format import Trust
from modelscan.catalog.installed import names as installed_names
from modelscan.catalog.names import unknown

if TYPE_CHECKING:
    import apsw

    from modelscan.catalog.catalog import Catalog

T = TypeVar("T")

_COUNTED: Final = """
WITH facts AS (
    SELECT provider, plan, unit, 'limit' AS what, trust, last_verified FROM rate_limits WHERE ended_at IS NULL
    UNION ALL SELECT provider, '', '', 'price', trust, last_verified FROM provider_pricing WHERE kind = 'price'
)
SELECT provider, count(DISTINCT iif(what = 'limit', unit, NULL)),
       count(DISTINCT iif(what = 'limit', json_array(plan, unit), NULL)), sum(what = 'price'),
       sum(trust = 'official'), sum(trust = 'secondary'), sum(trust = 'unverified'),
       sum(substr(last_verified || '-01-01', 1, 10) < :fresh),
       min(nullif(last_verified, '')), nullif(max(last_verified), '')
FROM facts GROUP BY provider
"""
_AGED: Final = """
WITH facts AS (
    SELECT provider, 'limit' AS what, source_url, trust, last_verified FROM rate_limits WHERE ended_at IS NULL
    UNION ALL SELECT provider, 'price', source_url, trust, last_verified FROM provider_pricing
    UNION ALL SELECT provider, 'plan', source_url, trust, last_verified FROM plan_metadata WHERE ended_at IS NULL
    UNION ALL SELECT provider, 'model', source_url, trust, last_verified FROM models WHERE ended_at IS NULL
)
SELECT provider, what, source_url, trust, last_verified, count(*) FROM facts
WHERE substr(last_verified || '-01-01', 1, 10) < :fresh
GROUP BY 1, 2, 3, 4, 5 ORDER BY provider, last_verified, what, source_url
"""


class Coverage(Answer, frozen=True, kw_only=True, omit_defaults=False):
    """What is known of a provider, as far as its rows of limits and prices go.

    `limited_units` is how many units its limits count (requests, tokens, ...), `limits_of_plans` how many pairs of a
    plan and such a unit there are. `official`, `secondary` and `unverified` add up to `limits` and `prices`; `stale`
    of them were verified more than 7 days ago. `oldest` and `newest` are when the first and the last were.
    """

    provider: str
    title: str
    version: str
    plans: int
    limited_units: int
    limits_of_plans: int
    limits: int
    models: int
    priced_models: int
    prices: int
    official: int
    secondary: int
    unverified: int
    stale: int
    oldest: dt.date | None
    newest: dt.date | None

    @property
    def rows(self) -> int:
        """Its limits and prices."""
        return self.limits + self.prices


class StaleRows(Answer, frozen=True, kw_only=True, omit_defaults=False):
    """Rows of one provider that are no longer fresh: `rows` of them, of one kind and from one source.

    `kind` is `limit`, `price`, `plan` or `model`.
    """

    provider: str
    kind: str
    rows: int
    freshness: Freshness


def coverage(catalog: Catalog, providers: Collection[str] = (), *, today: dt.date | None = None) -> list[Coverage]:
    """How much the catalog knows of these providers, or of all. Imports first what has changed.

    Raises `UnknownNameError` for a provider that it doesn't have.
    """
    known = _chosen(catalog, providers)
    values = {"fresh": _first_fresh(today)}
    rows: list[Row] = _read(catalog, lambda at: at.execute(_COUNTED, values).fetchall())
    counted = {str(row[0]): row[1:] for row in rows}
    return [_coverage(one, counted.get(one.provider, (0, 0, 0, 0, 0, 0, 0, None, None))) for one in known]


def stale(catalog: Catalog, providers: Collection[str] = (), *, today: dt.date | None = None) -> list[StaleRows]:
    """The rows that were verified more than 7 days ago, by provider, kind and source. Raises what `coverage` raises."""
    chosen = {one.provider for one in _chosen(catalog, providers)}
    values = {"fresh": _first_fresh(today)}
    rows: list[Row] = _read(catalog, lambda at: at.execute(_AGED, values).fetchall())
    found = []
    for provider, kind, url, trust, verified, count in rows:
        if provider in chosen:
            freshness = Freshness(verified=day_of(verified), trust=cast(Trust, trust), source_url=url, is_stale=True)
            found.append(StaleRows(provider=provider, kind=kind, rows=count, freshness=freshness))
    return found


def _chosen(catalog: Catalog, providers: Collection[str]) -> Sequence[KnownProvider]:
    if not providers:
        return catalog.providers()
    for provider in providers:
        catalog.prepare(provider)
    known = {one.provider: one for one in _read(catalog, lambda at: [*questions.providers(at)])}
    for provider in sorted(set(providers) - set(known)):
        raise unknown("provider", provider, {*known, *installed_names()})
    return [known[provider] for provider in sorted(set(providers))]


def _first_fresh(today: dt.date | None) -> str:
    return ((today or dt.datetime.now(dt.UTC).date()) - dt.timedelta(days=STALE_DAYS)).isoformat()


def _read(catalog: Catalog, answer: Callable[[apsw.Connection], T]) -> T:
    database = Database(catalog.path)
    try:
        return database.read(answer)
    finally:
        database.close()


def _coverage(known: KnownProvider, counted: Row) -> Coverage:
    units, of_plans, prices, official, secondary, unverified, aged, oldest, newest = counted
    return Coverage(
        provider=known.provider,
        title=known.title,
        version=known.version,
        plans=known.plans,
        limited_units=units,
        limits_of_plans=of_plans,
        limits=known.limits,
        models=known.models,
        priced_models=known.priced_models,
        prices=prices,
        official=official,
        secondary=secondary,
        unverified=unverified,
        stale=aged,
        oldest=day_of(oldest),
        newest=day_of(newest),
    )
