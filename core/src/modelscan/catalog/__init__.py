"""What every provider offers, costs and allows: plans, limits, models, prices and their history, each with its source.

    from modelscan.catalog import Catalog

    catalog = Catalog()
    for known in catalog.limits("openai", plan="tier-3", model="gpt-5"):
        print(known.limit.unit, known.limit.amount, known.freshness.verified)

What is public is named here and imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelscan.catalog.answers import Freshness as Freshness
    from modelscan.catalog.answers import KnownLimit as KnownLimit
    from modelscan.catalog.answers import KnownModel as KnownModel
    from modelscan.catalog.answers import KnownPlan as KnownPlan
    from modelscan.catalog.answers import KnownProvider as KnownProvider
    from modelscan.catalog.answers import PastPrice as PastPrice
    from modelscan.catalog.answers import PriceList as PriceList
    from modelscan.catalog.answers import PriceRow as PriceRow
    from modelscan.catalog.answers import Validation as Validation
    from modelscan.catalog.catalog import Catalog as Catalog
    from modelscan.catalog.catalog import catalog_file as catalog_file
    from modelscan.catalog.limit_rows import limit_type as limit_type

_MODULES = {
    "answers": (
        "Freshness",
        "KnownLimit",
        "KnownModel",
        "KnownPlan",
        "KnownProvider",
        "PastPrice",
        "PriceList",
        "PriceRow",
        "Validation",
    ),
    "catalog": ("Catalog", "catalog_file"),
    "limit_rows": ("limit_type",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - read off the table that the names are loaded by


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
