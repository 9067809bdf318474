"""Every catalog that a plugin of this repository carries: it reads, each fact has a source, its dates are sane.

It is also all that tests a plugin of the level `data`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import date

import pytest

from modelscan.authoring.linting import lint
from modelscan.catalog.format import Catalog
from modelscan.catalog.reading import read
from workspace import PLUGINS, Member

DATA = [member for member in PLUGINS if member.is_data]
CARRYING = [member for member in PLUGINS if (member.package / "catalog.yaml").is_file()]
CAPABILITIES = {
    *("chat", "embed", "rerank", "speech", "transcription", "image", "video", "moderation", "search", "realtime"),
    *("music", "sound", "ocr", "translation", "classification", "upscaling", "three_d", "detection", "voice_change"),
}
EARLIEST, LATEST = date(2010, 1, 1), date(2035, 12, 31)

every_catalog = pytest.mark.parametrize("member", CARRYING, ids=lambda member: member.folder.name)


@functools.lru_cache(maxsize=4)
def catalog_of(member: Member) -> Catalog:
    path = member.package / "catalog.yaml"
    return read(path.read_text(encoding="utf-8"), Catalog, name=str(path))


@pytest.mark.parametrize("member", DATA, ids=lambda member: member.folder.name)
def test_a_plugin_of_the_level_data_is_as_it_should_be(member: Member) -> None:
    assert lint(member.folder) == []


@every_catalog
def test_every_row_says_where_it_is_from(member: Member) -> None:
    assert [what for what, source in sources(catalog_of(member)) if not source] == []


def sources(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Every row, named, and its source: a price's is its model's and a limit's its plan's where it has none itself."""
    for plan in catalog.plans:
        yield f"plan {plan.id}", plan.source or "".join(limit.source for limit in plan.limits)
        yield from ((f"a limit of {plan.id}", limit.source or plan.source) for limit in plan.limits)
    for model in catalog.models:
        yield model.id, model.source
    yield from ((quirk.about, quirk.source) for quirk in catalog.quirks)


@every_catalog
def test_a_source_that_is_called_official_has_the_vendors_address(member: Member) -> None:
    sources = catalog_of(member).sources if member.folder.name != "embedded" else ()  # that one's facts are its own
    assert [one.id for one in sources if one.trust == "official" and not one.url.startswith("https://")] == []


@every_catalog
def test_its_dates_are_days_that_may_be(member: Member) -> None:
    catalog = catalog_of(member)
    for text in dates(catalog):
        assert EARLIEST <= date.fromisoformat(f"{text}-01-01"[:10] if len(text) < 10 else text) <= LATEST
    assert [one.id for one in catalog.sources if one.verified > LATEST.isoformat()] == []
    for model in catalog.models:
        assert not (model.released and model.retires) or model.released < model.retires, model.id
        for prices in model.prices:
            assert not (prices.since and prices.until) or prices.since < prices.until, model.id


def dates(catalog: Catalog) -> Iterator[str]:
    """Every date of the file."""
    yield from (source.verified for source in catalog.sources)
    for model in catalog.models:
        yield from (day for day in (model.released, model.retires, model.knowledge) if day)
        yield from (day for prices in model.prices for day in (prices.since, prices.until) if day)


@every_catalog
def test_what_its_models_do_goes_by_the_names_of_operations(member: Member) -> None:
    found = {capability for model in catalog_of(member).models for capability in model.capabilities}
    assert found <= CAPABILITIES


@every_catalog
def test_a_price_for_a_million_is_written_as_one(member: Member) -> None:
    tiny = [
        (model.id, unit, price)
        for model in catalog_of(member).models
        for prices in model.prices
        for unit, price in prices.units.items()
        if unit.endswith("_tokens") and prices.per == 1 and price
    ]
    assert tiny == []


def test_the_root_holds_all_fifty_seven_vendors() -> None:
    vendors = {member.folder.name for member in CARRYING if member.folder.parent.name == "providers"} - {"embedded"}
    assert len(vendors) == 57


def test_the_description_of_a_plugin_without_codec_says_so() -> None:
    told = {member.name: member.project["project"]["description"] for member in DATA}
    assert [name for name, text in told.items() if not text.endswith("no calls yet")] == []
