"""What every transport must do, as tests: a transport passes this suite, or it isn't one.

    class TestMyTransport(TransportSuite):
        factory = staticmethod(MyTransport)

It runs against a server of this machine and needs pytest-asyncio in its auto mode. Tests of websockets and of TLS need
the packages `websockets` and `trustme`. After each test the transport is closed, and no socket and no task may be left.
"""

from __future__ import annotations

from modelscan.testing.transport_tests.answers import AnswerSuite
from modelscan.testing.transport_tests.cancellation import CancellationSuite
from modelscan.testing.transport_tests.connections import ConnectionSuite
from modelscan.testing.transport_tests.environment import EnvironmentSuite
from modelscan.testing.transport_tests.failures import FailureSuite
from modelscan.testing.transport_tests.requests import RequestSuite
from modelscan.testing.transport_tests.websockets import WebsocketSuite


class TransportSuite(
    RequestSuite,
    AnswerSuite,
    ConnectionSuite,
    FailureSuite,
    CancellationSuite,
    EnvironmentSuite,
    WebsocketSuite,
):
    """All of it."""
