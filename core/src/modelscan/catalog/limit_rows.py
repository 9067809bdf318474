"""Limits as rows of `rate_limits`, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, cast

from modelscan.catalog.answers import KnownLimit
from modelscan.catalog.columns import (
    Columns,
    amounts_of,
    anything_of,
    distinct,
    exact_json,
    exact_of,
    freshness_of,
    json_of,
    number_of,
    provenance,
    texts_of,
)
from modelscan.catalog.database import Row
from modelscan.catalog.format import Plan, PublishedLimit, Scope, Source

LIMITS: Final = """
SELECT model_group, kind, unit, window_s, period, scope, endpoints, region, is_shared, provider, plan, value, zone,
       anchor, burst, counts, admission, metadata, source, note, source_url, trust, last_verified
FROM rate_limits WHERE provider = ? AND ended_at IS NULL
"""
"""The query whose rows `known_limit` and `limits_of_model` take; conditions and an order may follow."""

COUNTED: Final = slice(1, 9)
"""Of such a row, what says what a limit counts, and for which calls but for their model."""

IS_SHARED: Final = 8

_LETTERS: Final = {"requests": "r", "tokens": "t", "input_tokens": "it", "output_tokens": "ot", "images": "i"}
_SECONDS: Final = {Decimal(1): "second", Decimal(60): "minute", Decimal(3600): "hour", Decimal(86400): "day"}
_PERIODS: Final = {"minute": "m", "hour": "h", "day": "d", "second": "s"}


def limit_type(limit: PublishedLimit) -> str:
    """The field's short name of a limit: `rpm`, `itpm`, `rpd`, `concurrent`, `characters_per_month`, ..."""
    if limit.kind == "gauge":
        return limit.unit if limit.unit == "concurrent" else f"{limit.unit}_at_once"
    period = limit.period or _SECONDS.get(limit.window_s or Decimal(0), f"{limit.window_s}_s")
    letter, suffix = _LETTERS.get(limit.unit), _PERIODS.get(period)
    return f"{letter}p{suffix}" if letter and suffix else f"{limit.unit}_per_{period}"


def limit_key(limit: PublishedLimit) -> str:
    """What tells a limit from the others of its plan: all but its amounts and where they come from."""
    window = str(limit.window_s or limit.period or "")
    return json_of(
        [
            limit.kind,
            limit.unit,
            window,
            limit.anchor,
            limit.scope,
            limit.models,
            limit.is_shared,
            limit.endpoints,
            limit.region,
        ]
    )


def limit_rows(provider: str, plan: Plan, sources: Mapping[str, Source]) -> list[Columns]:
    """The rows of a plan's limits."""
    keys = distinct(limit_key(limit) for limit in plan.limits)
    return [
        {"key": key, "position": position, **limit_row(provider, plan, limit, sources)}
        for position, (key, limit) in enumerate(zip(keys, plan.limits, strict=True))
    ]


def limit_row(provider: str, plan: Plan, limit: PublishedLimit, sources: Mapping[str, Source]) -> Columns:
    """The row of one limit, but for its key and position."""
    return {
        "provider": provider,
        "plan": plan.id,
        "limit_type": limit_type(limit),
        "kind": limit.kind,
        "unit": limit.unit,
        "value": number_of(limit.amount),
        "burst": number_of(limit.burst),
        "window_s": number_of(limit.window_s),
        "period": limit.period,
        "zone": limit.zone,
        "anchor": limit.anchor,
        "scope": json_of(limit.scope),
        "model_group": json_of(limit.models),
        "is_shared": int(limit.is_shared),
        "endpoints": json_of(limit.endpoints),
        "region": limit.region,
        "counts": exact_json(limit.counts),
        "admission": limit.admission,
        "metadata": json_of(limit.more),
        "note": limit.note,
        **provenance(limit.source, plan.source, sources),
    }


def known_limit(row: Row, today: dt.date) -> KnownLimit:
    """The limit of a row of `LIMITS`."""
    (models, kind, unit, window_s, period, scope, endpoints, region, is_shared, provider, plan, value) = row[:12]
    (zone, anchor, burst, counts, admission, metadata, source, note, source_url, trust, verified) = row[12:]
    limit = PublishedLimit(
        kind=kind,
        unit=unit,
        amount=None if value is None else Decimal(value),
        window_s=None if window_s is None else Decimal(window_s),
        period=period,
        zone=zone,
        anchor=anchor,
        scope=cast(tuple[Scope, ...], texts_of(scope)),
        models=texts_of(models),
        is_shared=bool(is_shared),
        endpoints=texts_of(endpoints),
        region=region,
        burst=exact_of(burst),
        counts=amounts_of(counts),
        admission=admission,
        more=anything_of(metadata),
        source=source,
        note=note,
    )
    freshness = freshness_of(source_url, trust, verified, today)
    return KnownLimit(provider=provider, plan=plan, limit=limit, freshness=freshness)
