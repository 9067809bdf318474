"""The built-in transport passes the suite."""

from __future__ import annotations

from modelscan.testing.transport_suite import TransportSuite
from modelscan.transport.httpx_transport import HttpxTransport


class TestHttpxTransport(TransportSuite):
    factory = staticmethod(HttpxTransport)
