"""The aiohttp transport passes the suite."""

from __future__ import annotations

from modelscan.testing.transport_suite import TransportSuite
from modelscan_transport_aiohttp import AiohttpTransport


class TestAiohttpTransport(TransportSuite):
    factory = staticmethod(AiohttpTransport)
