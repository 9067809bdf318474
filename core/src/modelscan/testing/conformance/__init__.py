"""Conformance suites: what a plugin of each kind must do.

    from modelscan.testing.conformance import ProviderSuite


    class TestGroq(ProviderSuite):
        provider = "groq"

There is one for each kind; `xfail = {"test_...": "the reason"}` names what is known to fail, and nothing else overrides
a test. They need pytest-asyncio in its auto mode. The one for transports is `modelscan.testing.transport_suite`.
"""

from modelscan.testing.conformance.examples import Example, Golden
from modelscan.testing.conformance.policy_tests.cache import CacheSuite
from modelscan.testing.conformance.policy_tests.filter import FilterSuite
from modelscan.testing.conformance.policy_tests.hooks import HooksSuite
from modelscan.testing.conformance.policy_tests.limiter import LimiterSuite
from modelscan.testing.conformance.policy_tests.store import StoreSuite
from modelscan.testing.conformance.policy_tests.strategy import StrategySuite
from modelscan.testing.conformance.policy_tests.tokenizer import TokenizerSuite
from modelscan.testing.conformance.provider import ProviderSuite

__all__ = [
    "CacheSuite",
    "Example",
    "FilterSuite",
    "Golden",
    "HooksSuite",
    "LimiterSuite",
    "ProviderSuite",
    "StoreSuite",
    "StrategySuite",
    "TokenizerSuite",
]
