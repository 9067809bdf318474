"""How connections are used, and that a request is sent once."""

from __future__ import annotations

import asyncio

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts, Transport
from modelscan.errors import (
    TimeoutError,
    TransportError,
)
from modelscan.testing.loopback import (
    Conversation,
    answer,
    drop_when_reused,
    silent,
    stream,
)
from modelscan.testing.transport_tests.lab import Fixtures, Lab, fetch


class ConnectionSuite(Fixtures):
    """How connections are used, and that a request is sent once."""

    async def test_a_connection_is_used_again_once_its_answer_was_read(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(b"ok"))
        for _ in range(3):
            await fetch(transport, HttpRequest(url=server.url))
        assert (len(server.requests), server.connections) == (3, 1)

    async def test_an_answer_not_read_closes_its_connection(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent(head_first=True, piece=b"x"))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        assert await anext(exchange.chunks()) == b"x"
        await exchange.close()
        await exchange.close()
        await server.until_closed()

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
    async def test_a_request_that_meets_a_dropped_connection_is_sent_once(
        self, transport: Transport, lab: Lab, method: str
    ) -> None:
        server = await lab.server(drop_when_reused())
        request = HttpRequest(method=method, url=server.url, body=b"x" if method in ("POST", "PUT") else None)
        await fetch(transport, request)
        with pytest.raises(TransportError) as caught:
            await fetch(transport, request)
        assert (len(server.requests), server.connections) == (2, 1)
        assert caught.value.phase == "wait"
        assert not caught.value.retryable

    async def test_an_idle_connection_that_the_server_closed_is_not_used(self, transport: Transport, lab: Lab) -> None:
        async def close_after(talk: Conversation) -> bool:
            await answer(b"ok")(talk)
            return False

        server = await lab.server(close_after)
        for _ in range(2):
            assert await fetch(transport, HttpRequest(url=server.url)) == (200, b"ok")
            await server.until_closed()
            await asyncio.sleep(0.01)
        assert (len(server.requests), server.connections) == (2, 2)

    async def test_no_more_requests_than_the_bound_are_under_way(self, lab: Lab) -> None:
        transport = lab.transport(max_connections=2)
        gate = asyncio.Event()
        server = await lab.server(stream([b"x"], gate=gate))
        calls = [asyncio.create_task(fetch(transport, HttpRequest(url=server.url))) for _ in range(5)]
        await server.until_requests(2)
        await asyncio.sleep(0.05)
        assert len(server.requests) == 2
        gate.set()
        assert await asyncio.gather(*calls) == [(200, b"x")] * 5

    async def test_waiting_for_a_place_counts_as_connecting_and_loses_none(self, lab: Lab) -> None:
        transport = lab.transport(max_connections=1)
        server = await lab.server({"/held": silent(head_first=True), "/free": answer(b"ok")})
        held = await transport.send(HttpRequest(url=f"{server.url}/held"), timeouts=Timeouts())
        with pytest.raises(TimeoutError) as caught:
            await fetch(transport, HttpRequest(url=f"{server.url}/free"), Timeouts(connect_s=0.05))
        assert caught.value.phase == "connect"
        await held.close()
        assert await fetch(transport, HttpRequest(url=f"{server.url}/free"), Timeouts(connect_s=1)) == (200, b"ok")

    async def test_closing_the_transport_ends_what_is_being_read(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent(head_first=True, piece=b"x"))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts(read_s=3))
        reading = asyncio.create_task(exchange.read())
        await asyncio.sleep(0.02)
        await transport.close()
        with pytest.raises(TransportError) as caught:
            await reading
        assert not isinstance(caught.value, TimeoutError)
        await server.until_closed()

    async def test_closing_the_transport_ends_what_is_waiting(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent())
        waiting = asyncio.create_task(fetch(transport, HttpRequest(url=server.url)))
        await server.until_requests(1)
        await transport.close()
        with pytest.raises(TransportError) as caught:
            await waiting
        assert not isinstance(caught.value, TimeoutError)
        await server.until_closed()

    async def test_closing_an_exchange_ends_its_reader(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent(head_first=True, piece=b"x"))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts(read_s=3))
        reading = asyncio.create_task(exchange.read())
        await asyncio.sleep(0.02)
        await exchange.close()
        with pytest.raises(TransportError):
            await reading
        await server.until_closed()
