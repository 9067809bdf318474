"""Every first-party plugin is held to the suite of its kind, in its own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITES = {
    "providers": "ProviderSuite",
    "transports": "TransportSuite",
    "limiters": "LimiterSuite",
    "strategies": "StrategySuite",
    "caches": "CacheSuite",
    "filters": "FilterSuite",
    "stores": "StoreSuite",
    "hooks": "HooksSuite",
}
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/*/pyproject.toml") if path.parts[-3] in SUITES)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: f"{path.parts[-2]}-{path.name}")
def test_a_plugin_s_tests_hold_it_to_the_suite_of_its_kind(plugin: Path) -> None:
    suite = SUITES[plugin.parts[-2]]
    tests = "".join(path.read_text(encoding="utf-8") for path in plugin.glob("tests/**/*.py"))
    assert f"({suite})" in tests, f"write {plugin.name}/tests/test_conformance.py with a class of {suite}"
