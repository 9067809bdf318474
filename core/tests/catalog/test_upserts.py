"""What a user writes wins, and no import touches it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog, Validation
from modelscan.catalog.format import Allowance, Factor, Model, Plan, Prices, PublishedLimit, Source
from modelscan.errors import UnknownNameError

MINE = Source(id="mine", url="https://mail.example/42", verified="2026-11-24", trust="official")
RPM = PublishedLimit(
    kind="rate",
    unit="requests",
    amount=Decimal(77),
    window_s=Decimal(60),
    scope=("organization", "project"),
)


def reimport(packages: Packages, path: Path) -> Catalog:
    """The catalog after the package came in another version."""
    packages.put(
        "acme",
        ACME.replace("amount: 30,", "amount: 31,").replace("output_tokens: 1.20", "output_tokens: 3"),
        version="9",
    )
    return Catalog(path, today=lambda: dt.date(2026, 11, 24))


def test_a_limit_takes_the_place_of_the_one_that_counts_the_same(
    catalog: Catalog, packages: Packages, path: Path
) -> None:
    catalog.prepare("acme")
    catalog.upsert_limit("acme", "free", RPM, MINE)
    for found in (catalog, reimport(packages, path)):
        first = found.limits("acme")[0]
        assert [known.limit.amount for known in found.limits("acme")] == [77, 5, 4]
        assert first.freshness.source_url == "https://mail.example/42"
        assert not first.freshness.is_stale


def test_a_limit_may_be_of_a_new_plan_and_of_a_new_provider(catalog: Catalog) -> None:
    catalog.upsert_limit("acme", "house", RPM)
    assert catalog.limits("acme", plan="house")[0].limit.amount == 77
    catalog.upsert_limit("inhouse", "only", RPM, MINE)
    catalog.upsert_provider("inhouse", title="Our own")
    assert catalog.limits("inhouse")[0].plan == "only"
    assert catalog.plans("inhouse")[0].freshness.verified == dt.date(2026, 11, 24)


def test_a_price_takes_the_place_of_the_one_on_the_same_conditions(
    catalog: Catalog, packages: Packages, path: Path
) -> None:
    catalog.prepare("acme")
    mine = Prices(units={"input_tokens": Decimal("0.2")}, per=1_000_000, source="web")
    catalog.upsert_price("acme/big-1", mine)
    catalog.upsert_price("acme/big-1", Factor(factor=Decimal("1.5"), region="eu"), MINE)
    catalog.upsert_price(
        "acme/big-1", Allowance(unit="searches", amount=Decimal(1), period="day", group="big", plan="free")
    )
    catalog.upsert_price("acme/big-1", Prices(units={"requests": Decimal(1)}, tier="flex"))
    for found in (catalog, reimport(packages, path)):
        price = found.price("acme/big-1")
        assert price.prices[0] == mine
        assert [row.tier for row in price.prices] == ["standard", "standard", "batch", "standard", "flex"]
        assert [row.factor for row in price.factors] == [Decimal("1.5")]
        assert [row.amount for row in price.free] == [1]
    assert len([past for past in catalog.history("acme/big-1") if past.ended]) == 3


def test_a_price_may_be_of_a_new_model(catalog: Catalog) -> None:
    catalog.upsert_price("acme/new", Prices(units={"requests": Decimal(1)}))
    assert catalog.price("acme/new").prices[0].units == {"requests": 1}
    assert catalog.price("acme/new").freshness.trust == "unverified"
    with pytest.raises(UnknownNameError, match="no full name"):
        catalog.upsert_price("new", Prices(units={"requests": Decimal(1)}))


def test_a_model_comes_with_its_aliases_and_prices(catalog: Catalog, packages: Packages, path: Path) -> None:
    catalog.prepare("acme")
    prices = (Prices(units={"requests": Decimal(5)}),)
    catalog.upsert_model("acme", Model(id="tiny", name="Mine", aliases=("little", "big"), prices=prices), MINE)
    for found in (catalog, reimport(packages, path)):
        known = found.model("acme/tiny")
        assert (known.model.name, known.model.source) == ("Mine", "mine")
        assert known.freshness.source_url == "https://mail.example/42"
        assert found.model("acme/little").model.id == "tiny"
        assert found.price("acme/tiny").prices == prices
    catalog.upsert_model("acme", Model(id="tiny", name="Mine again"))
    with pytest.raises(UnknownNameError):
        catalog.model("acme/little")


def test_a_users_alias_wins_over_a_packages(catalog: Catalog, packages: Packages, path: Path) -> None:
    catalog.prepare("acme")
    catalog.upsert_model("acme", Model(id="mine", aliases=("big",)))
    assert catalog.model("acme/big").model.id == "mine"
    assert reimport(packages, path).model("acme/big").model.id == "mine"


def test_a_plan_comes_with_its_limits_and_may_be_the_default(catalog: Catalog, packages: Packages, path: Path) -> None:
    catalog.prepare("acme")
    catalog.upsert_plan("acme", Plan(id="house", is_default=True, limits=(RPM,)), MINE)
    for found in (catalog, reimport(packages, path)):
        assert [known.limit for known in found.limits("acme")] == [RPM]
        assert [known.plan.id for known in found.plans("acme") if known.plan.is_default] == ["house"]


def test_a_row_may_name_a_source_of_the_packages(catalog: Catalog) -> None:
    catalog.prepare("acme")
    catalog.upsert_plan("acme", Plan(id="house", source="map"))
    assert catalog.plans("acme")[-1].freshness.source_url == "https://map.example"


def test_looks_at_whether_rows_are_right_are_kept(catalog: Catalog) -> None:
    run = Validation(
        provider="acme",
        kind="verify",
        outcome="failed",
        source="https://acme.example",
        at=dt.datetime(2026, 11, 24, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        checked=3,
        changed=1,
        problems=("big-1: 0.30, there 0.25",),
        more={"rows": ["big-1"]},
    )
    catalog.record(run)
    (found,) = catalog.validations("acme")
    assert found == run
    assert found.at.utcoffset() == dt.timedelta(0)
    assert catalog.validations() == (found,)
