"""Who gets a name, and what becomes of the others; and names that nobody has."""

from __future__ import annotations

import logging

import pytest

from modelscan.errors import ConfigurationError, PluginBlockedError, PluginBrokenError, PluginNotFoundError
from modelscan.plugins import Plugins

from .conftest import Site, provider_source

TRANSPORT = """
from modelscan.hookspecs import hookimpl

class Other:
    name = "httpx"
    async def send(self, request, *, timeouts): ...
    async def connect(self, request, *, timeouts): ...
    async def close(self): ...

@hookimpl
def modelscan_transport():
    return Other
"""


def by_distribution(plugins: Plugins, kind: str, name: str) -> dict[str, str]:
    return {record.distribution: record.state for record in plugins.records(kind) if record.name == name}


def test_the_distribution_named_after_the_plugin_wins_and_the_conflict_is_shown(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.plugin("provider", "quork", "1 / 0", distribution="acme-things")
    site.provider("quork", distribution="Modelscan_Provider.quork")
    plugins = Plugins()
    with caplog.at_level(logging.WARNING, "modelscan"):
        assert plugins.provider("quork").name == "quork"
        plugins.provider("quork")
    assert by_distribution(plugins, "provider", "quork") == {
        "acme-things": "conflict",
        "Modelscan_Provider.quork": "loaded",
    }
    assert [record.getMessage() for record in caplog.records] == [
        "provider 'quork' of acme-things isn't used: the name is Modelscan_Provider.quork's (see `modelscan plugins`)"
    ]


def test_of_two_strangers_with_one_name_neither_is_used_and_others_are(site: Site) -> None:
    site.provider("quork", distribution="acme-things")
    site.provider("quork", distribution="beta-things")
    site.provider("working")
    plugins = Plugins()
    with pytest.raises(PluginBrokenError, match="claims the same name, so neither is used") as caught:
        plugins.provider("quork")
    assert caught.value.advice.startswith("pip uninstall ")
    assert by_distribution(plugins, "provider", "quork") == {"acme-things": "conflict", "beta-things": "conflict"}
    assert plugins.provider("working").name == "working"
    assert "quork" not in plugins.names("provider")


def test_one_name_of_two_kinds_is_no_conflict(site: Site) -> None:
    site.provider("httpx")
    plugins = Plugins()
    assert plugins.provider("httpx").name == "httpx"
    assert plugins.transport("httpx").__module__ == "modelscan.transport.httpx_transport"


def test_a_stranger_cant_take_the_name_of_a_built_in(site: Site) -> None:
    site.plugin("transport", "httpx", TRANSPORT, distribution="acme-things")
    plugins = Plugins()
    assert plugins.transport("httpx").__module__ == "modelscan.transport.httpx_transport"
    assert by_distribution(plugins, "transport", "httpx") == {"modelscan-core": "loaded", "acme-things": "conflict"}


def test_the_distribution_named_after_it_replaces_a_built_in(site: Site) -> None:
    site.plugin("transport", "httpx", TRANSPORT)
    plugins = Plugins()
    assert plugins.transport("httpx").__module__ == "fake_transport_httpx"
    record = next(record for record in plugins.records("transport") if record.is_builtin and record.name == "httpx")
    assert (record.state, record.error) == ("conflict", "replaced by modelscan-transport-httpx")


def test_a_built_in_is_listed_as_such_with_the_cores_version() -> None:
    record = next(record for record in Plugins().records("limiter") if record.name == "unlimited")
    assert (record.is_builtin, record.distribution, record.version) == (True, "modelscan-core", "0.1.0")


def test_built_ins_load_through_the_same_hooks() -> None:
    plugins = Plugins()
    assert plugins.limiter("unlimited")().wait_time is not None
    assert plugins.strategy("first")().rank is not None


def test_a_blocked_plugin_is_never_imported_and_says_where_to_unblock_it(site: Site) -> None:
    site.plugin("provider", "quork", "1 / 0")
    plugins = Plugins(block=["provider:quork"])
    with pytest.raises(PluginBlockedError, match="the configuration blocks it") as caught:
        plugins.provider("quork")
    assert caught.value.advice == "Take provider:quork out of plugins.block."
    assert next(record for record in plugins.check("provider") if record.name == "quork").state == "blocked"
    assert "quork" not in plugins.names("provider")


def test_a_built_in_can_be_blocked() -> None:
    with pytest.raises(PluginBlockedError):
        Plugins(block=["limiter:unlimited"]).limiter("unlimited")


def test_an_allow_list_blocks_what_it_doesnt_name_and_no_built_in(site: Site) -> None:
    site.provider("quork")
    site.provider("other")
    plugins = Plugins(allow=["provider:qu*"])
    assert plugins.provider("quork").name == "quork"
    assert plugins.strategy("first") is not None
    with pytest.raises(PluginBlockedError) as caught:
        plugins.provider("other")
    assert caught.value.advice == "Add provider:other to plugins.allow."


def test_a_blocked_rival_is_no_conflict(site: Site) -> None:
    site.provider("quork", distribution="acme-things")
    site.provider("quork")
    plugins = Plugins(block=["provider:quork"])
    assert set(by_distribution(plugins, "provider", "quork").values()) == {"blocked"}


@pytest.mark.parametrize("item", ["quork", "provider:", "providr:quork"])
def test_a_list_item_that_is_no_kind_and_name_is_an_error(item: str) -> None:
    with pytest.raises(ConfigurationError):
        Plugins(block=[item])


def test_an_unknown_provider_says_what_is_near_and_what_to_install(site: Site) -> None:
    site.provider("mistral")
    with pytest.raises(PluginNotFoundError) as caught:
        Plugins().provider("mistrl")
    assert caught.value.message == "no provider named 'mistrl' is installed"
    assert "Did you mean mistral?" in caught.value.advice
    assert caught.value.advice.endswith("pip install modelscan-provider-mistrl")


def test_an_unknown_name_near_nothing_lists_what_there_is() -> None:
    with pytest.raises(PluginNotFoundError) as caught:
        Plugins().limiter("zzz")
    assert "unlimited" in caught.value.advice
    with pytest.raises(PluginNotFoundError) as caught:
        Plugins().catalog_source("zzz")
    assert caught.value.advice == (
        "Installed: none. If there is a plugin for it: pip install modelscan-catalog-source-zzz"
    )


def test_a_provider_that_was_given_is_used_before_an_installed_one(site: Site) -> None:
    site.provider("quork")
    site.module("fake_own", provider_source("quork"))
    own = __import__("fake_own")
    plugins = Plugins(extra=[own])
    assert plugins.provider("quork").errors.__class__.__module__ == "fake_own"
    assert by_distribution(plugins, "provider", "quork") == {"": "loaded", "modelscan-provider-quork": "conflict"}


def test_of_two_that_were_given_the_later_one_is_used(site: Site) -> None:
    site.module("fake_first", provider_source("quork"))
    site.module("fake_second", provider_source("quork"))
    plugins = Plugins(extra=[__import__("fake_first"), __import__("fake_second")])
    assert plugins.provider("quork").errors.__class__.__module__ == "fake_second"
