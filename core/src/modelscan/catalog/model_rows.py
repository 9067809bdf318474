"""Models and plans as rows of `models` and `plan_metadata`, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from modelscan.catalog.answers import KnownLimit, KnownModel, KnownPlan
from modelscan.catalog.columns import (
    Columns,
    anything_of,
    exact_of,
    freshness_of,
    json_of,
    provenance,
    text_of,
    texts_of,
)
from modelscan.catalog.database import Row
from modelscan.catalog.format import Model, Plan, Source

MODELS: Final = """
SELECT provider, model, title, family, status, capabilities, features, input, output, context_tokens,
       usable_context_tokens, max_input_tokens, max_output_tokens, cache_min_tokens, dimensions, released, retires,
       knowledge, regions, endpoints, metadata, source, source_url, trust, last_verified,
       (SELECT json_group_array(a.alias ORDER BY a.position) FROM aliases AS a
        WHERE a.provider = models.provider AND a.model = models.model)
FROM models
"""
"""The query whose rows `known_model` takes; conditions and an order may follow."""

PLANS: Final = """
SELECT provider, plan, title, about, is_default, is_free, monthly, currency, regions, source, source_url, trust,
       last_verified
FROM plan_metadata WHERE provider = ? AND ended_at IS NULL ORDER BY position, id
"""
"""The query whose rows `known_plan` takes."""


def model_row(provider: str, model: Model, sources: Mapping[str, Source]) -> Columns:
    """The row of a model, but for its position."""
    return {
        "provider": provider,
        "model": model.id,
        "title": model.name,
        "family": model.family,
        "status": model.status,
        "capabilities": json_of(model.capabilities),
        "features": json_of(model.features),
        "input": json_of(model.input),
        "output": json_of(model.output),
        "context_tokens": model.context_tokens,
        "usable_context_tokens": model.usable_context_tokens,
        "max_input_tokens": model.max_input_tokens,
        "max_output_tokens": model.max_output_tokens,
        "cache_min_tokens": model.cache_min_tokens,
        "dimensions": model.dimensions,
        "released": model.released,
        "retires": model.retires,
        "knowledge": model.knowledge,
        "regions": json_of(model.regions),
        "endpoints": json_of(model.endpoints),
        "metadata": json_of(model.more),
        **provenance(model.source, "", sources),
    }


def alias_rows(provider: str, model: Model) -> list[Columns]:
    """The rows of a model's other names."""
    return [
        {"provider": provider, "alias": alias, "model": model.id, "position": position}
        for position, alias in enumerate(model.aliases)
    ]


def plan_row(provider: str, plan: Plan, sources: Mapping[str, Source]) -> Columns:
    """The row of a plan, but for its position."""
    return {
        "provider": provider,
        "plan": plan.id,
        "title": plan.name,
        "about": plan.about,
        "is_default": int(plan.is_default),
        "is_free": int(plan.is_free),
        "monthly": text_of(plan.monthly),
        "currency": plan.currency,
        "regions": json_of(plan.regions),
        **provenance(plan.source, "", sources),
    }


def known_model(row: Row, today: dt.date) -> KnownModel:
    """The model of a row of `MODELS`."""
    (provider, name, title, family, status, capabilities, features, takes, gives, *numbers) = row[:15]
    (released, retires, knowledge, regions, endpoints, more, source, source_url, trust, verified, aliases) = row[15:]
    context, usable, max_input, max_output, cache_min, dimensions = numbers
    model = Model(
        id=name,
        name=title,
        family=family,
        aliases=texts_of(aliases),
        status=status,
        capabilities=texts_of(capabilities),
        features=texts_of(features),
        input=texts_of(takes),
        output=texts_of(gives),
        context_tokens=context,
        usable_context_tokens=usable,
        max_input_tokens=max_input,
        max_output_tokens=max_output,
        cache_min_tokens=cache_min,
        dimensions=dimensions,
        released=released,
        retires=retires,
        knowledge=knowledge,
        regions=texts_of(regions),
        endpoints=texts_of(endpoints),
        source=source,
        more=anything_of(more),
    )
    return KnownModel(provider=provider, model=model, freshness=freshness_of(source_url, trust, verified, today))


def known_plan(row: Row, limits: Sequence[KnownLimit], today: dt.date) -> KnownPlan:
    """The plan of a row of `PLANS`, with those of the provider's limits that are its own."""
    (provider, name, title, about, is_default, is_free, monthly, currency, regions, source, url, trust, verified) = row
    freshness = freshness_of(url, trust, verified, today)
    plan = Plan(
        id=name,
        name=title,
        about=about,
        is_default=bool(is_default),
        is_free=bool(is_free),
        monthly=exact_of(monthly),
        currency=currency,
        regions=texts_of(regions),
        source=source,
        limits=tuple(known.limit for known in limits if known.plan == name),
    )
    return KnownPlan(provider=provider, plan=plan, freshness=freshness)
