"""Every kind of component is loaded by name, and one of the wrong shape is refused."""

from __future__ import annotations

import pytest

from modelscan.errors import PluginBrokenError
from modelscan.plugins import Plugins

from .conftest import Site

HEAD = "from modelscan.hookspecs import hookimpl\n"
FACTORIES = {
    "auth": ("needs_body_hash = False", "exchange", "sign"),
    "transport": ("", "send", "connect", "close"),
    "limiter": ("", "reserve", "attach", "wait_time", "observe", "pause", "standing", "close"),
    "strategy": ("", "rank"),
    "cache": ("", "get", "put", "drop"),
    "filter": ("", "open"),
    "store": ("", "upsert", "delete", "query"),
}
VALUES = {"tokenizer": ("count",), "catalog_source": ("version", "read")}


def class_source(name: str, methods: tuple[str, ...], more: str = "") -> str:
    body = "".join(f"    def {method}(self, *args, **kwargs): ...\n" for method in methods)
    return f"{HEAD}\nclass Made:\n    name = {name!r}\n    {more}\n{body}\n"


def hook(kind: str, returns: str) -> str:
    return f"@hookimpl\ndef modelscan_{kind}():\n    return {returns}\n"


@pytest.mark.parametrize("kind", FACTORIES)
def test_a_kind_that_gives_a_factory_gives_it_unmade(site: Site, kind: str) -> None:
    more, *methods = FACTORIES[kind]
    site.plugin(kind, "mine", class_source("mine", tuple(methods), more) + hook(kind, "Made"))
    factory = getattr(Plugins(), kind)("mine")
    assert factory.__name__ == "Made"
    assert factory().name == "mine"


@pytest.mark.parametrize("kind", FACTORIES)
def test_an_instance_where_a_factory_is_wanted_is_refused(site: Site, kind: str) -> None:
    more, *methods = FACTORIES[kind]
    site.plugin(kind, "mine", class_source("mine", tuple(methods), more) + hook(kind, "Made()"))
    with pytest.raises(PluginBrokenError, match="it should return the class or function that makes a"):
        getattr(Plugins(), kind)("mine")


@pytest.mark.parametrize("kind", FACTORIES)
def test_a_class_that_lacks_a_method_is_refused_with_its_name(site: Site, kind: str) -> None:
    more, *methods = FACTORIES[kind]
    site.plugin(kind, "mine", class_source("mine", tuple(methods[:-1]), more) + hook(kind, "Made"))
    with pytest.raises(PluginBrokenError, match=f"it lacks {methods[-1]}"):
        getattr(Plugins(), kind)("mine")


def test_a_factory_may_be_a_function_with_a_name(site: Site) -> None:
    source = class_source("mine", ("rank",)) + "\ndef make(**options):\n    return Made()\nmake.name = 'mine'\n"
    site.plugin("strategy", "mine", source + hook("strategy", "make"))
    assert Plugins().strategy("mine")(seed=3).rank is not None


def test_a_factory_without_a_name_is_refused(site: Site) -> None:
    site.plugin("strategy", "mine", HEAD + hook("strategy", "lambda: None"))
    with pytest.raises(PluginBrokenError, match="what modelscan_strategy returns has no `name`"):
        Plugins().strategy("mine")


@pytest.mark.parametrize("kind", VALUES)
def test_a_kind_that_gives_a_value_gives_it_made(site: Site, kind: str) -> None:
    site.plugin(kind, "mine", class_source("mine", VALUES[kind]) + hook(kind, "Made()"))
    assert getattr(Plugins(), kind)("mine").name == "mine"


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_of_another_type_is_refused(site: Site, kind: str) -> None:
    site.plugin(kind, "mine", HEAD + hook(kind, "3"))
    with pytest.raises(PluginBrokenError, match=f"modelscan_{kind} returns a int"):
        getattr(Plugins(), kind)("mine")


def test_a_command_is_a_click_command(site: Site) -> None:
    source = HEAD + "import click\n@click.command()\ndef mine():\n    pass\n" + hook("command", "mine")
    site.plugin("command", "mine", source)
    site.plugin("command", "wrong", HEAD + hook("command", "print"))
    plugins = Plugins()
    assert plugins.command("mine").name == "mine"
    with pytest.raises(PluginBrokenError, match="it should return a Command"):
        plugins.command("wrong")


NATIVE = """
class Run:
    async def run(self, request, target): ...
    def stream(self, request, target): ...
"""


def test_a_model_in_this_process_is_marked_once_its_provider_is_loaded(site: Site) -> None:
    site.provider("codec")
    site.provider("local", ", chat=Run()")
    path = site.path / "fake_provider_local.py"
    path.write_text(NATIVE + path.read_text())
    marked = {record.name: record.is_native for record in Plugins().check("provider")}
    assert marked["local"]
    assert not marked["codec"]


def test_one_module_may_stand_in_two_groups_and_each_takes_its_own(site: Site) -> None:
    source = class_source("mine", ("rank",)) + hook("strategy", "Made")
    source += "@hookimpl\ndef modelscan_call_started(call):\n    return 'seen'\n"
    site.plugin("strategy", "mine", source)
    site.distribution("modelscan-hook-mine", "modelscan.hooks", {"mine": "fake_strategy_mine"})
    plugins = Plugins()
    assert plugins.strategy("mine").__name__ == "Made"
    hooks = plugins.hooks()
    assert [one.entry.name for one in hooks.call_started] == ["mine"]
