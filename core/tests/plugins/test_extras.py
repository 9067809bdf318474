"""What a program gives to one client without packaging it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modelscan.contracts.http import HttpResponse
from modelscan.contracts.policies import Call
from modelscan.contracts.provider import Connection, Provider
from modelscan.errors import PluginBrokenError, PluginIncompatibleError, ProviderError
from modelscan.hookspecs import hookimpl
from modelscan.plugins import Plugins
from modelscan.routing.first import First


class NoErrors:
    def error(self, response: HttpResponse) -> ProviderError | None:
        return None


def provider(name: str, api: int = 1) -> Provider:
    connection = Connection(base_urls={"default": "https://example.org"})
    return Provider(name=name, connection=connection, errors=NoErrors(), api=api)


class Mine(First):
    name = "mine"


class Bundle:
    """A provider, a strategy and an observer in one object."""

    @hookimpl
    def modelscan_provider(self) -> Provider:
        return provider("ours")

    @hookimpl
    def modelscan_strategy(self) -> type[Mine]:
        return Mine

    @hookimpl
    def modelscan_call_started(self, call: Call) -> str:
        return call.id


def test_a_provider_can_be_given_as_it_is() -> None:
    ours = provider("ours")
    plugins = Plugins(extra=[ours])
    assert plugins.provider("ours") is ours
    assert "ours" in plugins.names("provider")


def test_an_object_may_hold_components_and_hooks() -> None:
    plugins = Plugins(extra=[Bundle()])
    assert plugins.provider("ours").name == "ours"
    assert plugins.strategy("mine") is Mine
    assert [one.entry.name for one in plugins.hooks().call_started] == ["Bundle"]


def test_what_was_given_is_recorded_without_a_distribution() -> None:
    records = [record for record in Plugins(extra=[Bundle()]).records() if record.name in ("ours", "mine", "Bundle")]
    assert {(record.kind, record.state, record.distribution) for record in records} == {
        ("provider", "loaded", ""),
        ("strategy", "loaded", ""),
        ("hook", "loaded", ""),
    }


def test_two_objects_of_one_class_are_two_plugins() -> None:
    plugins = Plugins(extra=[Bundle(), Bundle()])
    assert len(plugins.hooks().call_started) == 2


def test_what_was_given_needs_no_place_in_the_allow_list() -> None:
    plugins = Plugins(extra=[Bundle()], allow=["provider:other"], block=["provider:ours"])
    assert plugins.provider("ours").name == "ours"


def test_a_namespace_of_functions_will_do() -> None:
    @hookimpl
    def started(call: Call) -> None:
        return None

    plugins = Plugins(extra=[SimpleNamespace(modelscan_call_started=started)])
    assert len(plugins.hooks().call_started) == 1


def test_a_misspelt_hook_is_an_error_at_once() -> None:
    @hookimpl
    def modelscan_ranks(call: Call) -> None:
        return None

    with pytest.raises(PluginBrokenError, match=r"plugins=\[modelscan_ranks\].*did you mean modelscan_rank\?"):
        Plugins(extra=[modelscan_ranks])


def test_an_unmarked_function_is_an_error_at_once() -> None:
    def modelscan_rank(call: Call) -> None:
        return None

    with pytest.raises(PluginBrokenError, match="isn't marked with @hookimpl"):
        Plugins(extra=[modelscan_rank])


def test_a_class_instead_of_its_instance_is_an_error_at_once() -> None:
    with pytest.raises(PluginBrokenError, match="needs self: give an instance of its class"):
        Plugins(extra=[Bundle])


def test_further_arguments_with_defaults_do_no_harm() -> None:
    @hookimpl
    def modelscan_call_started(call: Call, *args: object, colour: str = "red", **kwargs: object) -> str:
        return colour

    assert Plugins(extra=[modelscan_call_started]).hooks().call_started[0](None) == "red"


def test_an_object_without_hooks_is_an_error_at_once() -> None:
    with pytest.raises(PluginBrokenError, match="it implements no hook"):
        Plugins(extra=[object()])


@pytest.mark.parametrize("error", [ValueError("no key"), SystemExit("no key")])
def test_a_component_that_fails_is_an_error_at_once(error: BaseException) -> None:
    @hookimpl
    def modelscan_provider() -> Provider:
        raise error

    with pytest.raises(PluginBrokenError, match="no key") as caught:
        Plugins(extra=[modelscan_provider])
    assert caught.value.__cause__ is error


def test_ctrl_c_gets_through() -> None:
    @hookimpl
    def modelscan_provider() -> Provider:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Plugins(extra=[modelscan_provider])


def test_a_provider_for_another_interface_is_refused_at_once() -> None:
    with pytest.raises(PluginIncompatibleError):
        Plugins(extra=[provider("ours", api=2)])
