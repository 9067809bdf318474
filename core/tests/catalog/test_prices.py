"""What a model costs: now, under a plan, and at a time before."""

from __future__ import annotations

import datetime as dt
import logging
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog
from modelscan.catalog.format import Allowance, Factor, Prices
from modelscan.catalog.format import Catalog as File
from modelscan.catalog.reading import read
from modelscan.errors import UnknownNameError

TODAY = dt.datetime.now(dt.UTC).date()
DAY = dt.timedelta(days=1)


def units(catalog: Catalog, at: dt.date | None = None, name: str = "acme/m") -> list[dict[str, Decimal]]:
    return [row.units for row in catalog.price(name, at=at).prices]


def cost(amount: str) -> dict[str, Decimal]:
    return {"input_tokens": Decimal(amount)}


def put(packages: Packages, *prices: str) -> None:
    rows = ", ".join(prices)
    packages.put("acme", f"format: 1\nprovider: acme\nmodels: [{{id: m, prices: [{rows}]}}]\n")


@pytest.fixture
def today(packages: Packages, path: Path) -> Catalog:
    """A catalog whose clock is the file's own: triggers know no other."""
    return Catalog(path)


def test_a_price_list_holds_all_conditions_as_the_file_has_them(catalog: Catalog) -> None:
    document = read(ACME, File, name="catalog.yaml").models[0]
    found = catalog.price("acme/big-1", plan="team")
    assert (found.provider, found.model) == ("acme", "big-1")
    assert found.prices == document.prices
    assert found.factors == (Factor(factor=Decimal("1.1"), region="eu", source="web"),)
    assert [row.amount for row in found.free] == [9000]


def test_an_allowance_is_that_of_the_plan(catalog: Catalog) -> None:
    free = Allowance(
        unit="searches",
        amount=Decimal(1500),
        period="day",
        group="big",
        overage=Decimal("0.035"),
        plan="free",
    )
    assert catalog.price("acme/big-1").free == (free,)
    assert catalog.price("acme/big-1", plan="free").free == (free,)


def test_the_freshness_is_that_of_the_oldest_row_with_the_lowest_trust(catalog: Catalog) -> None:
    fresh = catalog.price("acme/big-1").freshness
    assert (fresh.verified, fresh.trust, fresh.source_url) == (dt.date(2026, 11, 1), "secondary", "https://map.example")
    assert fresh.is_stale


def test_a_model_without_prices_has_an_empty_list_with_its_own_freshness(catalog: Catalog) -> None:
    found = catalog.price("acme/tiny")
    assert (found.prices, found.factors, found.free) == ((), (), ())
    assert (found.freshness.verified, found.freshness.trust, found.freshness.is_stale) == (None, "unverified", True)


def test_an_alias_and_a_snapshot_have_the_price_of_what_they_name(catalog: Catalog) -> None:
    assert catalog.price("acme/big").model == "big-1"
    assert catalog.price("acme/big-1-2026-03-04").model == "big-1"
    assert catalog.price("acme/big-2-latest").model == "big-2-20260101"


def test_unknown_names_are_refused_with_the_nearest(catalog: Catalog) -> None:
    for _ in range(2):
        with pytest.raises(UnknownNameError, match=r"acme: the catalog has no model 'bigg'\nDid you mean big-1"):
            catalog.price("acme/bigg")
    with pytest.raises(UnknownNameError, match=r"no provider 'acmo'\nDid you mean acme"):
        catalog.price("acmo/big-1")
    with pytest.raises(UnknownNameError, match="no plan 'tream'"):
        catalog.price("acme/big-1", plan="tream")
    for name in ("big-1", "/big-1", "acme/"):
        with pytest.raises(UnknownNameError, match="is no full name of a model\nWrite it as provider/model"):
            catalog.price(name)


def test_a_changed_price_holds_from_the_day_on_which_it_was_seen(
    today: Catalog, packages: Packages, path: Path
) -> None:
    put(packages, "{units: {input_tokens: 3}}")
    assert units(today) == [cost("3")]
    put(packages, "{units: {input_tokens: 22}}")
    later = Catalog(path)
    assert units(later) == [cost("22")]
    assert units(later, TODAY) == [cost("22")]
    assert units(later, TODAY - DAY) == [cost("3")]
    assert units(later, dt.date(2020, 1, 1)) == [cost("3")]


def test_a_price_with_a_beginning_holds_from_then_however_late_it_was_seen(
    today: Catalog, packages: Packages, path: Path
) -> None:
    began = TODAY - 10 * DAY
    put(packages, "{units: {input_tokens: 3}}")
    today.prepare("acme")
    put(packages, f"{{units: {{input_tokens: 3}}, until: {began}}}", f"{{units: {{input_tokens: 22}}, since: {began}}}")
    later = Catalog(path)
    assert units(later, began) == [cost("22")]
    assert units(later, began - DAY) == [cost("3")]
    assert len(units(later)) == 2


def test_a_price_that_is_gone_from_the_file_still_held_before(today: Catalog, packages: Packages, path: Path) -> None:
    put(packages, "{units: {input_tokens: 3}, since: 2026-01-01}")
    today.prepare("acme")
    put(packages, "{units: {input_tokens: 22}, since: 2026-05-01}")
    later = Catalog(path)
    assert units(later, dt.date(2026, 2, 1)) == [cost("3")]
    assert units(later, dt.date(2025, 12, 31)) == []
    assert cost("22") in units(later, TODAY - DAY)


def test_a_price_changed_under_the_same_date_was_corrected(today: Catalog, packages: Packages, path: Path) -> None:
    put(packages, "{units: {input_tokens: 3}, since: 2026-01-01}")
    today.prepare("acme")
    put(packages, "{units: {input_tokens: 22}, since: 2026-01-01}")
    later = Catalog(path)
    assert units(later, dt.date(2026, 2, 1)) == [cost("22")]
    assert [past.row.units for past in later.history("acme/m") if isinstance(past.row, Prices)] == [
        cost("3"),
        cost("22"),
    ]


def test_a_moment_counts_as_its_day_in_utc(today: Catalog, packages: Packages, path: Path) -> None:
    put(packages, "{units: {input_tokens: 3}, until: 2026-06-01}", "{units: {input_tokens: 22}, since: 2026-06-01}")
    east = dt.timezone(dt.timedelta(hours=8))
    assert units(today, dt.datetime(2026, 6, 1, 7, tzinfo=east)) == [cost("3")]
    assert units(today, dt.datetime(2026, 6, 1, 9, tzinfo=east)) == [cost("22")]


def test_the_history_tells_every_row_and_when_it_held(today: Catalog, packages: Packages, path: Path) -> None:
    put(packages, "{units: {input_tokens: 3}}", "{units: {input_tokens: 1}, tier: batch, until: 2999-01}")
    today.prepare("acme")
    for amount in ("4", "5"):
        connection = apsw.Connection(str(path))
        query = "UPDATE provider_pricing SET input_tokens = ? WHERE tier = 'standard'"
        connection.execute(query, (amount,))
    first, second, third, batch = today.history("acme/m")
    assert [one.row.units for one in (first, second, third)] == [cost("3"), cost("4"), cost("5")]  # type: ignore[union-attr]
    assert [one.valid_from for one in (first, second, third)] == [None, TODAY, TODAY]
    assert [one.valid_until for one in (first, second, third)] == [TODAY, TODAY, None]
    assert first.recorded <= (first.ended or first.recorded) == second.recorded
    assert third.recorded == second.ended
    assert third.ended is None
    assert batch.valid_until == dt.date(2999, 1, 1)
    assert first.recorded.tzinfo == dt.UTC


def test_a_stale_answer_warns_once_for_a_provider(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "modelscan"):
        catalog.limits("acme")
        assert not caplog.messages
        catalog.limits("acme", plan="team")  # one of its limits was verified in some day of November
        catalog.price("acme/tiny")
    (line,) = [line for line in caplog.messages if "may no longer hold" in line]
    assert line == (
        "what the catalog knows of acme may no longer hold: some of it was last verified on 2026-11-01 "
        "(7 days are fresh) (see `modelscan catalog verify`)"
    )


def test_what_was_never_verified_is_told_as_such(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    catalog.price("acme/tiny")
    assert "some of it was never verified" in caplog.text


def test_fresh_answers_and_lists_for_people_do_not_warn(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    catalog.models("acme")
    catalog.plans("acme")
    catalog.limits("acme", model="other")
    assert "may no longer hold" not in caplog.text


@pytest.mark.parametrize(("day", "is_stale"), [(27, False), (28, True)])
def test_seven_days_are_fresh(day: int, is_stale: bool, path: Path, packages: Packages) -> None:
    catalog = Catalog(path, today=lambda: dt.date(2026, 11, day))
    assert catalog.limits("acme", model="other")[0].freshness.is_stale is is_stale
