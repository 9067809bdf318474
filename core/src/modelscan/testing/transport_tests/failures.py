"""Every failure says its phase, and nothing that is secret."""

from __future__ import annotations

import asyncio

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Exchange, Timeouts, Transport
from modelscan.errors import (
    ConnectError,
    TimeoutError,
    TransportError,
)
from modelscan.testing.loopback import (
    Conversation,
    LoopbackServer,
    answer,
    close_in_head,
    cut,
    deaf,
    drip_head,
    silent,
)
from modelscan.testing.transport_tests.lab import BIG, SECRET, Fixtures, Lab, fetch, said


class FailureSuite(Fixtures):
    """Every failure says its phase, and nothing that is secret."""

    async def test_a_port_where_nothing_listens(self, transport: Transport, lab: Lab) -> None:
        async with LoopbackServer(answer()) as gone:
            pass
        with pytest.raises(ConnectError, match="nothing listens there") as caught:
            await fetch(transport, HttpRequest(url=gone.url))
        assert gone.host in caught.value.message
        assert caught.value.retryable

    async def test_a_name_that_is_no_hosts(self, transport: Transport) -> None:
        with pytest.raises(ConnectError, match="can't be resolved"):
            await fetch(transport, HttpRequest(url="http://no-such-host.invalid/"))

    async def test_a_handshake_that_is_never_answered(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(), is_mute=True)
        url = server.url.replace("http://", "https://")
        with pytest.raises(TimeoutError, match=r"no connection to .* within 0\.1 s") as caught:
            await fetch(transport, HttpRequest(url=url), Timeouts(connect_s=0.1))
        assert caught.value.phase == "connect"
        await server.until_closed()

    async def test_a_server_that_takes_nothing(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(deaf(gate))
        with pytest.raises(TimeoutError) as caught:
            await fetch(transport, HttpRequest(url=server.url, body=BIG), Timeouts(send_s=0.2))
        assert caught.value.phase == "send"
        gate.set()
        await server.until_closed()
        assert len(server.requests[0].body) < len(BIG)

    async def test_a_connection_that_breaks_while_the_request_is_sent(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(deaf(gate, is_reset=True))
        sending = asyncio.create_task(fetch(transport, HttpRequest(url=server.url, body=BIG)))
        await server.until_requests(1)
        await asyncio.sleep(0.05)
        gate.set()
        with pytest.raises(TransportError) as caught:
            await sending
        assert caught.value.phase == "send"

    async def test_an_answer_that_never_begins(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent())
        with pytest.raises(TimeoutError, match="no answer within") as caught:
            await fetch(transport, HttpRequest(url=server.url), Timeouts(wait_s=0.1))
        assert caught.value.phase == "wait"
        await server.until_closed()

    async def test_a_head_that_never_ends(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(drip_head(gap_s=0.02))
        with pytest.raises(TimeoutError) as caught:
            await fetch(transport, HttpRequest(url=server.url), Timeouts(wait_s=0.15))
        assert caught.value.phase == "wait"

    async def test_a_connection_that_ends_within_the_head(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(close_in_head())
        with pytest.raises(TransportError, match="closed the connection without an answer") as caught:
            await fetch(transport, HttpRequest(url=server.url))
        assert caught.value.phase == "wait"
        assert not caught.value.retryable

    async def test_an_answer_that_is_no_http(self, transport: Transport, lab: Lab) -> None:
        async def nonsense(talk: Conversation) -> bool:
            await talk.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
            return False

        server = await lab.server(nonsense)
        with pytest.raises(TransportError) as caught:
            await fetch(transport, HttpRequest(url=server.url))
        assert caught.value.phase == "wait"

    async def test_an_answer_that_falls_silent(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent(head_first=True, piece=b"x"))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts(read_s=0.1))
        chunks = exchange.chunks()
        assert await anext(chunks) == b"x"
        with pytest.raises(TimeoutError, match="fell silent") as caught:
            await anext(chunks)
        assert caught.value.phase == "read"
        await server.until_closed()

    @pytest.mark.parametrize("is_chunked", [True, False])
    async def test_an_answer_that_is_cut(self, transport: Transport, lab: Lab, is_chunked: bool) -> None:
        server = await lab.server(cut([b"one", b"two"], is_chunked=is_chunked))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        arrived: list[bytes] = []
        with pytest.raises(TransportError, match="cut in the middle") as caught:
            await _collect(exchange, arrived)
        assert b"".join(arrived) == b"onetwo"
        assert caught.value.phase == "read"

    async def test_an_answer_that_is_broken_off(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(cut([b"one"], reset_at=gate))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        chunks = exchange.chunks()
        assert await anext(chunks) == b"one"
        gate.set()
        with pytest.raises(TransportError) as caught:
            await anext(chunks)
        assert caught.value.phase == "read"

    async def test_no_failure_shows_a_header_or_a_query(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server({"/head": close_in_head(), "/cut": cut([b"x"]), "/silent": silent()})
        async with LoopbackServer(answer()) as gone:
            pass
        for base in (f"{server.url}/head", f"{server.url}/cut", f"{server.url}/silent", gone.url):
            request = HttpRequest(url=f"{base}?key={SECRET}", headers=(("authorization", f"Bearer {SECRET}"),))
            with pytest.raises(TransportError) as caught:
                await fetch(transport, request, Timeouts(wait_s=0.1))
            assert SECRET not in said(caught.value)


async def _collect(exchange: Exchange, into: list[bytes]) -> None:
    async for chunk in exchange.chunks():
        into.append(chunk)  # noqa: PERF401 - what came before the error counts
