"""Every first-party plugin is held to the suite of its kind, in its own tests."""

from __future__ import annotations

import pytest

from workspace import PLUGINS, Member

SUITES = {
    "providers": "ProviderSuite",
    "transports": "TransportSuite",
    "limiters": "LimiterSuite",
    "strategies": "StrategySuite",
    "caches": "CacheSuite",
    "filters": "FilterSuite",
    "stores": "StoreSuite",
    "tokenizers": "TokenizerSuite",
    "hooks": "HooksSuite",
}
HELD = [member for member in PLUGINS if member.folder.parts[-2] in SUITES and not member.is_data]


@pytest.mark.parametrize("member", HELD, ids=lambda member: member.name)
def test_a_plugin_s_tests_hold_it_to_the_suite_of_its_kind(member: Member) -> None:
    plugin = member.folder
    suite = SUITES[plugin.parts[-2]]
    tests = "".join(path.read_text(encoding="utf-8") for path in plugin.glob("tests/**/*.py"))
    assert f"({suite})" in tests, f"write {plugin.name}/tests/test_conformance.py with a class of {suite}"
