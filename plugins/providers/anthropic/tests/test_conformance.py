"""The provider against what every provider must do."""

from __future__ import annotations

from modelscan.testing.conformance import ProviderSuite


class TestAnthropic(ProviderSuite):
    provider = "anthropic"
