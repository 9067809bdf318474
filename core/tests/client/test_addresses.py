"""Where an account's calls go: parameters in addresses, and addresses that make them unnecessary."""

from __future__ import annotations

import pytest

from modelscan import Account
from modelscan.client.endpoints import target_of
from modelscan.contracts.provider import Connection, Parameter
from modelscan.errors import ConfigurationError

CONNECTION = Connection(
    base_urls={"default": "https://{resource}.example.org/{region}"},
    base_url_env=("EX_ENDPOINT",),
    parameters=(
        Parameter(name="resource", env=("EX_RESOURCE",), help="It is in the console."),
        Parameter(name="region", env=("EX_REGION",), default="eu"),
        Parameter(name="version", env=("EX_VERSION",)),
    ),
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EX_ENDPOINT", "EX_RESOURCE", "EX_REGION", "EX_VERSION"):
        monkeypatch.delenv(name, raising=False)


def account(**fields: object) -> Account:
    return Account(provider="ex", **fields)  # type: ignore[arg-type]  # a test's fields are an account's


def test_parameters_come_from_the_account_the_environment_or_their_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EX_RESOURCE", "r-env")
    monkeypatch.setenv("EX_VERSION", "v-env")
    target = target_of(CONNECTION, account(params={"version": "v-own"}), "m")
    assert (target.base_url, target.params["version"]) == ("https://r-env.example.org/eu", "v-own")
    assert target_of(CONNECTION, account(region="us"), "m").base_url == "https://r-env.example.org/us"


def test_a_missing_parameter_is_named_with_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)'resource'.*Set \$EX_RESOURCE.*It is in the console"):
        target_of(CONNECTION, account(params={"version": "v"}), "m")


def test_a_parameter_of_an_address_that_is_replaced_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EX_ENDPOINT", "https://mine.example.org/")
    target = target_of(CONNECTION, account(params={"version": "v"}), "m")
    assert target.base_url == "https://mine.example.org"
    assert target.params == {"region": "eu", "version": "v"}
    monkeypatch.setenv("EX_RESOURCE", "r")
    assert target_of(CONNECTION, account(params={"version": "v"}), "m").params["resource"] == "r"


def test_a_parameter_that_stands_in_no_address_is_always_needed() -> None:
    urls = {"default": "https://mine.example.org"}
    with pytest.raises(ConfigurationError, match="'version'"):
        target_of(CONNECTION, account(base_urls=urls), "m")


def test_an_address_with_a_parameter_that_nobody_declared_is_refused() -> None:
    urls = {"default": "https://{planet}.example.org"}
    with pytest.raises(ConfigurationError, match="'planet' for its address"):
        target_of(CONNECTION, account(base_urls=urls, params={"version": "v"}), "m")
