"""A call that is cancelled closes its connection at once, whatever it was doing."""

from __future__ import annotations

import asyncio

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Exchange, Timeouts, Transport
from modelscan.testing.loopback import (
    answer,
    deaf,
    silent,
    stream,
)
from modelscan.testing.transport_tests.lab import BIG, Fixtures, Lab, cancelled, fetch


class CancellationSuite(Fixtures):
    """A call that is cancelled closes its connection at once, whatever it was doing."""

    async def test_a_call_that_is_cancelled_while_it_connects(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(), is_mute=True)
        url = server.url.replace("http://", "https://")
        sending = asyncio.create_task(fetch(transport, HttpRequest(url=url)))
        await server.until(lambda: server.open == 1, "a connection")
        await cancelled(sending)
        await server.until_closed()

    async def test_a_call_that_is_cancelled_while_it_sends(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(deaf(gate))
        sending = asyncio.create_task(fetch(transport, HttpRequest(url=server.url, body=BIG)))
        await server.until_requests(1)
        await asyncio.sleep(0.05)
        await cancelled(sending)
        gate.set()
        await server.until_closed()
        assert len(server.requests[0].body) < len(BIG)

    async def test_a_call_that_is_cancelled_while_it_waits(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent())
        sending = asyncio.create_task(fetch(transport, HttpRequest(url=server.url)))
        await server.until_requests(1)
        await cancelled(sending)
        await server.until_closed()

    async def test_a_call_that_is_cancelled_while_it_reads(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent(head_first=True, piece=b"x"))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        chunks = exchange.chunks()
        assert await anext(chunks) == b"x"
        reading = asyncio.create_task(_first(exchange))
        await asyncio.sleep(0.02)
        await cancelled(reading)
        await exchange.close()
        await server.until_closed()

    async def test_a_call_that_is_cancelled_while_it_waits_for_a_place(self, lab: Lab) -> None:
        transport = lab.transport(max_connections=1)
        server = await lab.server({"/held": silent(head_first=True), "/free": answer(b"ok")})
        held = await transport.send(HttpRequest(url=f"{server.url}/held"), timeouts=Timeouts())
        await cancelled(fetch(transport, HttpRequest(url=f"{server.url}/free")))
        await held.close()
        assert await fetch(transport, HttpRequest(url=f"{server.url}/free"), Timeouts(connect_s=1)) == (200, b"ok")

    async def test_a_call_that_is_cancelled_twice_leaves_nothing(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server({"/silent": silent(), "/held": silent(head_first=True, piece=b"x")})
        waiting = asyncio.create_task(fetch(transport, HttpRequest(url=f"{server.url}/silent")))
        reading = asyncio.create_task(fetch(transport, HttpRequest(url=f"{server.url}/held")))
        await server.until_requests(2)
        await asyncio.sleep(0.02)
        for _ in range(2):
            waiting.cancel()
            reading.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([waiting, reading])
        assert waiting.cancelled()
        assert reading.cancelled()
        await server.until_closed()

    @pytest.mark.parametrize("is_twice", [False, True])
    async def test_a_call_can_be_cancelled_at_any_step(self, lab: Lab, is_twice: bool) -> None:
        transport = lab.transport(max_connections=1)
        server = await lab.server(stream([b"one", b"two"]))
        for steps in range(60):
            call = asyncio.create_task(fetch(transport, HttpRequest(url=server.url)))
            for _ in range(steps):
                await asyncio.sleep(0)
            call.cancel()
            if is_twice:
                await asyncio.sleep(0)
                call.cancel()
            await asyncio.wait([call])
        assert await fetch(transport, HttpRequest(url=server.url), Timeouts(connect_s=1)) == (200, b"onetwo")
        await server.until(lambda: server.open <= 1, f"one idle connection, not {server.open}")


async def _first(exchange: Exchange) -> bytes:
    return await anext(exchange.chunks())
