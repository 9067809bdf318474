"""What a catalog's schema can't say: names are unique, and what is named is declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import available_timezones

from modelscan.catalog.format import Catalog
from modelscan.types.usage import Usage

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value of the file."""

_COUNTED = frozenset(Usage.__struct_fields__) - {"other", "is_reported"}
# What vendors limit without billing it, and what a price may stand for without a count of its own in `Usage`.
_COMMON = frozenset({"tokens", "concurrent", "sessions", "inputs"})


def inconsistencies(catalog: Catalog) -> Iterator[tuple[Path, str]]:
    """Where the catalog contradicts itself, and how."""
    yield from _twice("sources", [source.id for source in catalog.sources])
    yield from _twice("units", [unit.name for unit in catalog.units])
    yield from _twice("plans", [plan.id for plan in catalog.plans])
    yield from _twice("models", [name for model in catalog.models for name in (model.id, *model.aliases)], deep=False)
    defaults = [index for index, plan in enumerate(catalog.plans) if plan.is_default]
    for index in defaults[1:]:
        yield ("plans", index, "is_default"), "another plan is the default already"
    sources = {source.id for source in catalog.sources}
    units = _COUNTED | _COMMON | {unit.name for unit in catalog.units}
    zones = available_timezones()
    for path, key, value in _named(catalog):
        if key == "source" and value and value not in sources:
            yield (*path, key), f"there is no source {value!r} in `sources`"
        if key == "unit" and value not in units and not value.isupper():
            yield path, f"{value!r} is neither a unit of usage nor declared in `units`"
        if key == "zone" and value not in zones:
            yield (*path, key), f"{value!r} is no time zone, such as America/Los_Angeles"


def _twice(key: str, names: Sequence[str], *, deep: bool = True) -> Iterator[tuple[Path, str]]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (key, index) if deep else (key,), f"{name!r} is there twice"
        seen.add(name)


def _named(catalog: Catalog) -> Iterator[tuple[Path, str, str]]:
    """Every source, unit and zone that is named: the path of the mapping that names it, the key, the name."""
    for index, quirk in enumerate(catalog.quirks):
        yield ("quirks", index), "source", quirk.source
    for number, plan in enumerate(catalog.plans):
        yield ("plans", number), "source", plan.source
        for index, limit in enumerate(plan.limits):
            path: Path = ("plans", number, "limits", index)
            yield path, "source", limit.source
            yield (*path, "unit"), "unit", limit.unit
            yield from (((*path, "counts", unit), "unit", unit) for unit in limit.counts)
            yield path, "zone", limit.zone
    for number, model in enumerate(catalog.models):
        yield ("models", number), "source", model.source
        for index, prices in enumerate(model.prices):
            path = ("models", number, "prices", index)
            yield path, "source", prices.source
            yield from (((*path, "units", unit), "unit", unit) for unit in prices.units)
            yield from (((*path, "above", unit), "unit", unit) for unit in prices.above)
            for position, hours in enumerate(prices.hours):
                yield (*path, "hours", position), "zone", hours.zone
        for index, factor in enumerate(model.factors):
            yield ("models", number, "factors", index), "source", factor.source
        for index, allowance in enumerate(model.free):
            path = ("models", number, "free", index)
            yield path, "source", allowance.source
            yield (*path, "unit"), "unit", allowance.unit
