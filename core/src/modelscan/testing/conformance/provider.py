"""What every provider must do, as tests: a provider passes this suite, or it isn't one.

    from modelscan.testing.conformance import ProviderSuite


    class TestGroq(ProviderSuite):
        provider = "groq"

What the provider declares is what is tested. It runs on this machine alone, without a key, and needs pytest-asyncio in
its auto mode.
"""

from __future__ import annotations

from modelscan.testing.conformance.provider_tests.answers import AnswerTests
from modelscan.testing.conformance.provider_tests.bounds import BoundTests
from modelscan.testing.conformance.provider_tests.calls import CallTests
from modelscan.testing.conformance.provider_tests.failures import FailureTests
from modelscan.testing.conformance.provider_tests.flows import FlowTests
from modelscan.testing.conformance.provider_tests.importing import ImportTests
from modelscan.testing.conformance.provider_tests.native import NativeTests
from modelscan.testing.conformance.provider_tests.requests import RequestTests
from modelscan.testing.conformance.provider_tests.robustness import RobustnessTests
from modelscan.testing.conformance.provider_tests.schema import SchemaTests


class ProviderSuite(
    ImportTests,
    RequestTests,
    SchemaTests,
    AnswerTests,
    RobustnessTests,
    FailureTests,
    BoundTests,
    CallTests,
    FlowTests,
    NativeTests,
):
    """All of it."""
