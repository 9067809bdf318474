"""Catalog sources win over packages: a company's own prices, key by key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog_packages import Packages
from modelscan.catalog import Catalog
from modelscan.errors import UnknownNameError
from modelscan.hookspecs import hookimpl
from modelscan.plugins import Plugins

OWN = {
    "sources": [{"id": "web", "url": "https://intranet.example/contract", "verified": "2026-11-24"}],
    "plans": [
        {"id": "free", "limits": [{"kind": "rate", "unit": "requests", "amount": 7, "window_s": 60, "source": "web"}]},
        {"id": "house", "limits": [{"kind": "gauge", "unit": "concurrent", "amount": 3, "source": "web"}]},
    ],
    "models": [{"id": "big-1", "prices": [{"units": {"input_tokens": "0.01"}, "source": "web"}]}],
}


class Contract:
    """A source whose data can be exchanged."""

    name = "our_contract"

    def __init__(self) -> None:
        self.content: Any = {"acme": OWN}
        self.at = "1"
        self.reads = 0

    def version(self) -> str:
        return self.at

    def read(self) -> Mapping[str, Mapping[str, Any]]:
        self.reads += 1
        found: Mapping[str, Mapping[str, Any]] = self.content
        return found


@pytest.fixture
def contract() -> Contract:
    return Contract()


def made(path: Path, contract: Contract) -> Catalog:
    @hookimpl
    def modelscan_catalog_source() -> Contract:
        return contract

    plugins = Plugins(extra=[modelscan_catalog_source])
    return Catalog(path, plugins=plugins, today=lambda: dt.date(2026, 11, 24))


def test_a_sources_keys_win_and_the_packages_others_stay(path: Path, packages: Packages, contract: Contract) -> None:
    catalog = made(path, contract)
    price = catalog.price("acme/big-1", plan="team")
    assert [row.units for row in price.prices] == [{"input_tokens": Decimal("0.01")}]
    assert price.prices[0].source == "our-contract-web"
    assert price.free[0].amount == 9000
    assert price.freshness.source_url == "https://acme.example/limits"  # the allowance's, which is older
    assert catalog.model("acme/big-1").model.context_tokens == 400000
    (limit,) = catalog.limits("acme")
    assert limit.limit.amount == 7
    assert limit.freshness.source_url == "https://intranet.example/contract"
    assert [known.plan.id for known in catalog.plans("acme")] == ["free", "team", "house"]
    assert catalog.plans("acme")[0].freshness.source_url == "https://acme.example/limits"


def test_a_source_may_bring_a_provider_that_no_package_knows(
    path: Path, packages: Packages, contract: Contract
) -> None:
    contract.content = {"inhouse": {"models": [{"id": "ours", "prices": [{"units": {"requests": 1}}]}]}}
    catalog = made(path, contract)
    assert catalog.price("inhouse/ours").prices[0].units == {"requests": 1}
    assert "inhouse" in {run.provider for run in catalog.seed()}


def test_a_source_is_read_again_when_its_version_changes_and_may_go_back(
    path: Path, packages: Packages, contract: Contract
) -> None:
    def price_at(version: str, amount: str) -> Decimal:
        contract.at = version
        model = {"id": "big-1", "prices": [{"units": {"input_tokens": amount}}]}
        contract.content = {"acme": {**OWN, "models": [model]}}
        return made(path, contract).price("acme/big-1").prices[0].units["input_tokens"]

    assert [price_at("1", "0.01"), price_at("1", "0.02"), price_at("2", "0.02"), price_at("1", "0.01")] == [
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal("0.02"),
        Decimal("0.01"),
    ]


def test_one_catalog_reads_a_version_once(path: Path, packages: Packages, contract: Contract) -> None:
    catalog = made(path, contract)
    catalog.seed(["acme"])
    catalog.seed(["acme"])
    assert contract.reads == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"acme": {"modls": []}}, "'our_contract' says of acme can't be used"),
        ({"acme": {"models": [{"id": "a", "prices": [{"units": {"sprks": 1}}]}]}}, "'sprks' is neither a unit"),
        ({"acme": {"models": [{"name": "a"}]}}, "missing required field `id`"),
        (1, "the catalog source 'our_contract' failed"),
    ],
)
def test_what_a_source_gets_wrong_leaves_what_was_there(
    content: Any, told: str, path: Path, packages: Packages, contract: Contract
) -> None:
    catalog = made(path, contract)
    catalog.prepare("acme")
    contract.content, contract.at = content, "2"
    (run,) = catalog.seed(["acme"])
    assert run.outcome == "failed"
    assert told in run.problems[0]
    assert catalog.limits("acme")[0].limit.amount == 7


def test_a_source_that_raises_is_told_of(path: Path, packages: Packages, contract: Contract) -> None:
    contract.version = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    (run,) = made(path, contract).seed(["acme"])
    failed = "CatalogError: the catalog source 'our_contract' failed: ZeroDivisionError: division by zero"
    assert run.problems == (f"{failed} Mend or remove that plugin.",)


def test_a_source_that_raises_stops_no_other_provider(
    path: Path, packages: Packages, contract: Contract, caplog: pytest.LogCaptureFixture
) -> None:
    contract.version = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    assert made(path, contract)._importer.of_sources() == set()
    assert "the catalog source 'our_contract' failed: ZeroDivisionError" in caplog.text


def test_a_provider_that_neither_a_package_nor_a_source_knows_is_unknown(
    path: Path, packages: Packages, contract: Contract
) -> None:
    with pytest.raises(UnknownNameError, match="no provider 'nobody'"):
        made(path, contract).limits("nobody")
