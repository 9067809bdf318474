"""The format holds what is known of all the field: public tables of limits, models and prices pass through it whole."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelscan.catalog.format import Catalog
from modelscan.catalog.reading import read
from modelscan.catalog.writing import written
from reference_catalog import dated_prices_of, limits_of, models_of

REFERENCE = Path(__file__).parents[4] / "shared" / "reference"

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the public tables lie beside the workspace, not in it")


def loaded(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


def through_a_file(made: Any) -> Catalog:
    """The catalog after it was written as YAML and read again."""
    return read(written(made), Catalog, name="catalog.yaml")


def test_every_published_limit_has_its_place() -> None:
    rows = loaded("limits.json")["limits"]
    by_provider = defaultdict(list)
    for row in rows:
        by_provider[row["provider"]].append(row)
    catalogs = [through_a_file(limits_of(provider, rows)) for provider, rows in by_provider.items()]
    limits = [limit for catalog in catalogs for plan in catalog.plans for limit in plan.limits]
    assert len(limits) == len(rows)
    assert sum(limit.amount or 0 for limit in limits) == sum(Decimal(str(row.get("limit_value", 0))) for row in rows)


TABLES = sorted(path.name for path in (REFERENCE / "models").glob("[!_]*.json")) if REFERENCE.is_dir() else []


@pytest.mark.parametrize("name", TABLES)
def test_every_model_has_its_place_with_all_its_prices(name: str) -> None:
    document = loaded(f"models/{name}")
    catalog = through_a_file(models_of(name.removesuffix(".json"), document))
    assert [model.id for model in catalog.models] == list(document["models"])
    for model in catalog.models:
        found = sum(len(prices.units) for prices in model.prices)
        assert found == count_of_prices(document["models"][model.id]), model.id
        assert not [key for key in model.more if "cost" in key or "pricing" in key], model.id


def count_of_prices(row: Any, *, inside: bool = False) -> int:
    """How many numbers of a model's row are prices."""
    count = 0
    for key, value in row.items():
        if isinstance(value, dict) and ("cost" in key or "pricing" in key or key == "tier"):
            count += count_of_prices(value, inside=key != "tier")
        elif key in ("tiers", "tiered_pricing"):
            count += sum(count_of_prices(step, inside=key == "tiers") for step in value)
        elif isinstance(value, (int, float)) and ("cost" in key or inside):
            count += 1
    return count


def test_every_dated_price_has_its_place() -> None:
    for provider, listed in loaded("models/_genai_prices.json")["providers"].items():
        catalog = through_a_file(dated_prices_of(provider, listed["models"], read="2026-11-22"))
        for model in catalog.models:
            source = listed["models"][model.id].get("prices") or []
            steps = source if isinstance(source, list) else [{"prices": source}]
            dates = {
                step["constraint"]["start_date"] for step in steps if "start_date" in (step.get("constraint") or {})
            }
            assert {prices.since for prices in model.prices if prices.since} == dates


def test_a_price_is_as_exact_as_it_was_written() -> None:
    text = "format: 1\nprovider: a\nmodels: [{id: m, prices: [{units: {input_tokens: 0.000000075}}]}]\n"
    (model,) = read(text, Catalog, name="catalog.yaml").models
    assert model.prices[0].units == {"input_tokens": Decimal("0.000000075")}
    assert yaml.safe_load(written({"price": Decimal("7.5E-8")})) == {"price": 7.5e-8}
