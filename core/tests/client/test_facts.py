"""What a client knows before a call, and what it does where the catalog can't tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from modelscan.catalog.format import Prices
from modelscan.client.facts import CatalogFacts, given_prices
from modelscan.errors import CatalogError, ConfigurationError, UnknownNameError


class Failing:
    """A catalog that answers every question with an error."""

    def __init__(self, error: CatalogError) -> None:
        self._error = error

    def limits(self, provider: str, **_: Any) -> Any:
        raise self._error

    price = model = limits


def facts(error: CatalogError | None = None, prices: dict[str, Any] | None = None) -> CatalogFacts:
    catalog: Any = None if error is None else Failing(error)
    return CatalogFacts(lambda: catalog, lambda provider: provider == "ex", given_prices(prices or {}))


def test_a_provider_that_brings_no_data_opens_no_catalog() -> None:
    known = facts()
    assert known.limits("other", "", "m") == ()
    assert known.price("other", "", "m") is None
    assert known.model("other", "m") is None


def test_an_unknown_model_has_no_price_and_an_unknown_plan_is_an_error() -> None:
    known = facts(UnknownNameError("no such name"))
    assert known.price("ex", "", "m") is None
    assert known.model("ex", "m") is None
    assert known.limits("ex", "", "m") == ()
    with pytest.raises(UnknownNameError):
        known.limits("ex", "tier-9", "m")


def test_a_call_is_not_lost_to_a_catalog_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    known = facts(CatalogError("the disk is full of holes"))
    assert known.limits("ex", "tier-1", "m") == ()
    assert known.price("ex", "", "m") is None
    assert known.model("ex", "m") is None
    assert [record.message for record in caplog.records if "full of holes" in record.message]


def test_the_clients_own_price_wins_for_a_model_or_for_all_of_a_provider() -> None:
    rows = {"per": 1000, "units": {"input_tokens": "1.5"}}
    known = facts(prices={"ex/*": rows, "ex/own": [Prices(units={"input_tokens": Decimal(2)})]})
    all_, own = known.price("ex", "", "any"), known.price("ex", "", "own")
    assert all_ is not None
    assert own is not None
    assert (all_.prices[0].units, all_.prices[0].per) == ({"input_tokens": Decimal("1.5")}, 1000)
    assert own.prices[0].units == {"input_tokens": Decimal(2)}


def test_a_price_that_is_none_says_how_one_is_written() -> None:
    with pytest.raises(ConfigurationError, match="the price of 'ex/m' can't be read") as caught:
        given_prices({"ex/m": {"input": 3}})
    assert "units" in caught.value.advice
