"""Plugins that are really broken, each in its own way, beside one that works."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelscan.contracts.plugins import PluginRecord
from modelscan.errors import PluginBrokenError, PluginError, PluginIncompatibleError
from modelscan.hookspecs import hookimpl
from modelscan.plugins import Patience, Plugins

from .conftest import Site, provider_source

HOOKIMPL = "from modelscan.hookspecs import hookimpl\n"
WRAPPER = "@hookimpl(wrapper=True)\ndef modelscan_provider():\n    return (yield)\n"

BROKEN = {
    "missing_import": ("import a_module_that_nobody_has", "ModuleNotFoundError: No module named 'a_module_that_nobody"),
    "syntax": ("def broken(:\n", "SyntaxError: invalid syntax"),
    "exits": ("raise SystemExit('no licence')", "SystemExit: no licence"),
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "generator_exit": ("raise GeneratorExit", "GeneratorExit"),
    "bad_str": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        "Odd",
    ),
    "signature": (
        HOOKIMPL + "@hookimpl\ndef modelscan_provider(colour):\n    return None\n",
        "Argument(s) {'colour'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "keyword_only": (
        HOOKIMPL + "@hookimpl\ndef modelscan_provider(*, colour):\n    return None\n",
        "modelscan_provider needs keyword-only colour",
    ),
    "awaitable": (
        HOOKIMPL + "@hookimpl\nasync def modelscan_provider():\n    return None\n",
        "modelscan_provider must be a plain `def`",
    ),
    "wrapper": (HOOKIMPL + WRAPPER, "modelscan_provider is a wrapper"),
    "returns_none": (
        HOOKIMPL + "@hookimpl\ndef modelscan_provider():\n    return None\n",
        "modelscan_provider returns None: it should return a Provider",
    ),
    "returns_text": (
        HOOKIMPL + "@hookimpl\ndef modelscan_provider():\n    return 'groq'\n",
        "modelscan_provider returns a str: it should return a Provider",
    ),
    "factory_raises": (
        HOOKIMPL + "@hookimpl\ndef modelscan_provider():\n    raise KeyError('base_url')\n",
        "KeyError: 'base_url'",
    ),
    "factory_exits": (HOOKIMPL + "@hookimpl\ndef modelscan_provider():\n    raise SystemExit(3)\n", "SystemExit: 3"),
    "other_name": (provider_source("grok"), "it calls itself 'grok', and its entry point 'other_name'"),
    "misspelt": (
        HOOKIMPL + "@hookimpl\ndef modelscan_providr():\n    return None\n",
        "there is no hook 'modelscan_providr'; did you mean modelscan_provider?",
    ),
    "misspelt_unmarked": (
        "def modelscan_providr():\n    return None\n",
        "it has no function modelscan_provider that is marked with @hookimpl; did you mean modelscan_providr?",
    ),
    "unmarked": (
        "def modelscan_provider():\n    return None\n",
        "modelscan_provider isn't marked with @hookimpl",
    ),
    "no_function": ("modelscan_provider = 'groq'\n", "modelscan_provider is a str: make it a function"),
    "empty": ("", "it has no function modelscan_provider that is marked with @hookimpl"),
    "wrong_group": (
        HOOKIMPL + "@hookimpl\ndef modelscan_transport():\n    return None\n",
        "it has no modelscan_provider, but modelscan_transport: its entry point may stand in the wrong group",
    ),
}


def record_of(plugins: Plugins, kind: str, name: str) -> PluginRecord:
    return next(record for record in plugins.records(kind) if record.name == name)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_and_leaves_the_others_working(site: Site, name: str) -> None:
    source, error = BROKEN[name]
    site.plugin("provider", name, source)
    site.provider("working")
    plugins = Plugins()

    with pytest.raises(PluginBrokenError) as caught:
        plugins.provider(name)

    assert error in caught.value.message
    assert f"modelscan-provider-{name.replace('_', '-')}" in caught.value.message.replace("_", "-")
    assert plugins.provider("working").name == "working"
    record = record_of(plugins, "provider", name)
    assert record.state == "broken"
    assert error in record.error
    assert record.version == "1.2.3"
    assert record.advice == f"pip install --upgrade {record.distribution}"


def test_all_of_them_together_are_checked_and_none_stops_the_check(site: Site) -> None:
    for name, (source, _) in BROKEN.items():
        site.plugin("provider", name, source)
    site.provider("working")

    states = {record.name: record.state for record in Plugins().check("provider")}

    assert states["working"] == "loaded"
    assert {name: states[name] for name in BROKEN} == dict.fromkeys(BROKEN, "broken")


def test_the_cause_is_chained(site: Site) -> None:
    site.plugin("provider", "raises", "1 / 0")
    with pytest.raises(PluginBrokenError) as caught:
        Plugins().provider("raises")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_broken_plugin_is_imported_once_and_refused_ever_after(site: Site) -> None:
    site.module("fake_counter", "count = 0")
    site.plugin("provider", "raises", "import fake_counter\nfake_counter.count += 1\n1 / 0")
    plugins = Plugins()
    for _ in range(3):
        with pytest.raises(PluginBrokenError):
            plugins.provider("raises")
    assert importlib.import_module("fake_counter").count == 1


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("a_module_that_nobody_has", "No module named"),
        ("fake_there:nothing", "has no attribute 'nothing'"),
        ("not a module!", "ValueError"),
    ],
)
def test_an_entry_point_to_nothing_is_broken(site: Site, value: str, error: str) -> None:
    site.module("fake_there", "")
    site.distribution("modelscan-provider-lost", "modelscan.providers", {"lost": value})
    site.provider("working")
    plugins = Plugins()
    plugins.check()
    record = record_of(plugins, "provider", "lost")
    assert record.state == "broken"
    assert error in record.error
    assert record_of(plugins, "provider", "working").state == "loaded"


def test_an_entry_point_may_name_an_object_inside_its_module(site: Site) -> None:
    body = provider_source("inner").replace("def modelscan_provider", "def make")
    site.module("fake_namespace", body + "\nclass Hooks:\n    modelscan_provider = staticmethod(make)\n")
    site.distribution("modelscan-provider-inner", "modelscan.providers", {"inner": "fake_namespace:Hooks"})
    assert Plugins().provider("inner").name == "inner"


def test_ctrl_c_during_an_import_is_no_fault_of_the_plugin(site: Site) -> None:
    site.plugin("provider", "slow", "raise KeyboardInterrupt")
    plugins = Plugins()
    with pytest.raises(KeyboardInterrupt):
        plugins.provider("slow")
    assert record_of(plugins, "provider", "slow").state == "found"


@pytest.mark.parametrize("newer", [True, False])
def test_a_module_for_another_interface_is_incompatible(site: Site, *, newer: bool) -> None:
    site.plugin("provider", "other", f"PLUGIN_API = {2 if newer else 0}\n" + provider_source("other"))
    plugins = Plugins()
    with pytest.raises(PluginIncompatibleError, match="plugin interface"):
        plugins.provider("other")
    record = record_of(plugins, "provider", "other")
    assert record.state == "incompatible"
    what = "modelscan-core" if newer else "modelscan-provider-other"
    assert record.advice == f"pip install --upgrade {what}"


def test_a_provider_for_another_interface_is_incompatible(site: Site) -> None:
    site.provider("other", ", api=7")
    plugins = Plugins()
    with pytest.raises(PluginIncompatibleError, match="7"):
        plugins.provider("other")
    assert record_of(plugins, "provider", "other").state == "incompatible"


def test_strict_raises_the_first_broken_plugin_at_once(site: Site) -> None:
    site.plugin("provider", "aaa", "1 / 0")
    with pytest.raises(PluginError, match="division by zero"):
        Plugins(strict=True, allow=["provider:aaa"], block=["transport:*"])


def test_strict_is_content_with_plugins_that_work(site: Site) -> None:
    site.provider("working")
    plugins = Plugins(strict=True, allow=["provider:working"], block=["transport:*"])
    assert record_of(plugins, "provider", "working").state == "loaded"


GATE = """
import threading
entered = threading.Event()
may_go = threading.Event()
"""
BLOCKS = "import fake_gate\nfake_gate.entered.set()\nfake_gate.may_go.wait(60)\n"


class _Heard(logging.Handler):
    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word
        self.event = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.word in record.getMessage():
            self.event.set()


def test_a_plugin_that_blocks_on_import_is_reported_while_it_blocks(site: Site) -> None:
    site.module("fake_gate", GATE)
    site.plugin("provider", "blocking", BLOCKS + provider_source("blocking"))
    site.provider("working")
    plugins = Plugins(patience=Patience(slow_s=0.01))
    heard = _Heard("provider 'blocking' of modelscan-provider-blocking is slow to import")
    logging.getLogger("modelscan").addHandler(heard)
    thread = threading.Thread(target=plugins.provider, args=("blocking",))
    thread.start()
    try:
        assert heard.event.wait(30)
        assert record_of(plugins, "provider", "blocking").is_slow
        assert plugins.provider("working").name == "working"
    finally:
        importlib.import_module("fake_gate").may_go.set()
        thread.join(30)
        logging.getLogger("modelscan").removeHandler(heard)
    record = record_of(plugins, "provider", "blocking")
    assert record.state == "loaded"
    assert record.import_s is not None
    assert record.import_s > 0.01


def test_two_threads_that_need_one_plugin_import_it_once_and_report_it_once(site: Site) -> None:
    site.module("fake_gate", GATE)
    site.plugin("provider", "blocking", BLOCKS + "1 / 0")
    reported = []

    @hookimpl
    def modelscan_plugin_broken(record: PluginRecord) -> None:
        reported.append(record.name)

    plugins = Plugins(extra=[modelscan_plugin_broken])
    plugins.hooks()
    reported.clear()
    gate = importlib.import_module("fake_gate")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(plugins.provider, "blocking")
        assert gate.entered.wait(30)
        second = pool.submit(plugins.provider, "blocking")
        gate.may_go.set()
        assert isinstance(first.exception(30), PluginBrokenError)
        assert isinstance(second.exception(30), PluginBrokenError)
    assert reported == ["blocking"]


def test_a_check_gives_up_an_import_that_never_ends_and_goes_on(site: Site) -> None:
    site.module("fake_gate", GATE)
    site.plugin("provider", "blocking", BLOCKS + provider_source("blocking"))
    site.provider("working")
    plugins = Plugins(patience=Patience(slow_s=0.01, longest_s=2.0), allow=["provider:*"], block=["provider:embedded"])
    before = set(threading.enumerate())

    states = {record.name: record for record in plugins.check("provider")}

    assert states["blocking"].state == "broken"
    assert states["blocking"].error == "its import hasn't ended after 2 s"
    assert states["blocking"].is_slow
    assert states["working"].state == "loaded"
    importlib.import_module("fake_gate").may_go.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert plugins.provider("blocking").name == "blocking"


def test_a_slow_import_that_never_lets_go_of_the_interpreter_is_reported_after_it(site: Site) -> None:
    interval = sys.getswitchinterval()
    site.plugin("provider", "busy", "sum(range(2_000_000))\n" + provider_source("busy"))
    plugins = Plugins(patience=Patience(slow_s=0.001))
    sys.setswitchinterval(60)
    try:
        plugins.provider("busy")
    finally:
        sys.setswitchinterval(interval)
    assert record_of(plugins, "provider", "busy").is_slow


def test_a_quick_import_is_not_slow(site: Site) -> None:
    site.provider("working")
    plugins = Plugins(patience=Patience(slow_s=60))
    plugins.provider("working")
    assert not record_of(plugins, "provider", "working").is_slow
