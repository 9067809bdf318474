"""Prices, factors and what is included as rows of `provider_pricing` and its history, and back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from modelscan.catalog.answers import PriceRow
from modelscan.catalog.columns import (
    Columns,
    amounts_of,
    distinct,
    exact_json,
    exact_of,
    json_of,
    provenance,
    text_of,
)
from modelscan.catalog.database import Row
from modelscan.catalog.format import Allowance, Factor, Hours, Model, Prices, Source

UNITS: Final = (
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
)
"""Units that have columns of their own; all others stand in `other_units`."""

PRICE: Final = """
p.kind, p.input_tokens, p.output_tokens, p.cached_tokens, p.cache_write_tokens, p.reasoning_tokens,
p.audio_input_tokens, p.audio_output_tokens, p.other_units, p.per, p.currency, p.minimum, p.step, p.valid_from,
p.valid_until, p.hours, p.above, p.tier, p.region, p.conditions, p.factor, p.included_unit, p.included_amount,
p.included_period, p.included_group, p.plan, p.overage, p.note, p.source
"""
"""The columns of a table `p` that `price_of` takes, in their order."""

_HOURS: Final = msgspec.json.Decoder(tuple[Hours, ...])
_COUNTS: Final = msgspec.json.Decoder(dict[str, int])
_WORDS: Final = msgspec.json.Decoder(dict[str, str])


def price_rows(provider: str, model: Model, sources: Mapping[str, Source]) -> list[Columns]:
    """The rows of all that makes up a model's price."""
    parts: list[PriceRow] = [*model.prices, *model.factors, *model.free]
    rows = [{**columns_of(part), **provenance(part.source, model.source, sources)} for part in parts]
    keys = distinct(price_key(part) for part in parts)
    return [
        {"provider": provider, "model": model.id, "key": key, "position": position, **row}
        for position, (key, row) in enumerate(zip(keys, rows, strict=True))
    ]


def price_key(row: PriceRow) -> str:
    """What tells a row from the others of its model: under which conditions it holds, not what it says."""
    if isinstance(row, Prices):
        return json_of(["price", row.tier, row.region, row.since, row.currency, *_conditions(row)])
    if isinstance(row, Factor):
        return json_of(["factor", row.tier, row.region])
    return json_of(["free", row.plan, row.unit, row.period, row.group])


def columns_of(row: PriceRow) -> Columns:
    """The columns that say what a row says."""
    if isinstance(row, Prices):
        return _of_prices(row)
    if isinstance(row, Factor):
        return {"kind": "factor", "factor": text_of(row.factor), "region": row.region, "tier": row.tier}
    return {
        "kind": "free",
        "included_unit": row.unit,
        "included_amount": text_of(row.amount),
        "included_period": row.period,
        "included_group": row.group,
        "plan": row.plan,
        "overage": text_of(row.overage),
        "currency": row.currency,
    }


def price_of(row: Row) -> PriceRow:
    """What a row with the columns of `PRICE` says."""
    kind = row[0]
    if kind == "price":
        return _prices(row)
    if kind == "factor":
        return Factor(factor=Decimal(row[20]), region=row[18], tier=row[17], source=row[28])
    return Allowance(
        unit=row[21],
        amount=Decimal(row[22]),
        period=row[23],
        group=row[24],
        plan=row[25],
        overage=exact_of(row[26]),
        currency=row[10],
        source=row[28],
    )


def _prices(row: Row) -> Prices:
    units = {name: Decimal(amount) for name, amount in zip(UNITS, row[1:8], strict=True) if amount is not None}
    (others, per, currency, least, step, since, until, hours, above, tier, region, when) = row[8:20]
    return Prices(
        units=units if others == "{}" else units | amounts_of(others),
        per=per,
        currency=currency,
        least=amounts_of(least),
        step=amounts_of(step),
        since=since,
        until=until,
        hours=() if hours == "[]" else _HOURS.decode(hours),
        above={} if above == "{}" else _COUNTS.decode(above),
        tier=tier,
        region=region,
        when={} if when == "{}" else _WORDS.decode(when),
        source=row[28],
        note=row[27],
    )


def _of_prices(row: Prices) -> Columns:
    hours, above, when = _conditions(row)
    return {
        "kind": "price",
        **{name: text_of(row.units.get(name)) for name in UNITS},
        "other_units": exact_json({name: amount for name, amount in row.units.items() if name not in UNITS}),
        "per": row.per,
        "currency": row.currency,
        "minimum": exact_json(row.least),
        "step": exact_json(row.step),
        "valid_from": row.since,
        "valid_until": row.until,
        "hours": hours,
        "above": above,
        "tier": row.tier,
        "region": row.region,
        "conditions": when,
        "note": row.note,
    }


def _conditions(row: Prices) -> tuple[str, str, str]:
    return json_of(row.hours), json_of(dict(sorted(row.above.items()))), json_of(dict(sorted(row.when.items())))
