"""Conformance suites: what a plugin of each kind must do. See `provider` for how they are used."""

from modelscan.testing.conformance.examples import Example, Golden
from modelscan.testing.conformance.provider import ProviderSuite

__all__ = ["Example", "Golden", "ProviderSuite"]
