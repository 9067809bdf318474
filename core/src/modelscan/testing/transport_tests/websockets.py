"""Websockets."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Socket, SocketClosed, Timeouts, Transport
from modelscan.errors import (
    AuthenticationError,
    ConnectError,
    ProviderError,
    TimeoutError,
)
from modelscan.testing.loopback import (
    Conversation,
    LoopbackServer,
    answer,
    close_in_head,
    silent,
)
from modelscan.testing.transport_tests.lab import SECRET, Fixtures, Lab, cancelled, said


class WebsocketSuite(Fixtures):
    """Websockets."""

    @pytest.fixture
    async def echo(self, lab: Lab) -> AsyncIterator[tuple[str, list[Any]]]:
        """A server that says everything back, and closes with code 4000 when it hears `bye`."""
        server = pytest.importorskip("websockets.asyncio.server", reason="websocket tests need the package websockets")
        requests: list[Any] = []

        async def handler(connection: Any) -> None:
            requests.append(connection.request)
            async for message in connection:
                if message == "bye":
                    await connection.close(4000, "as you wish")
                    return
                await connection.send(message)

        def choose(connection: Any, offered: Sequence[str]) -> str | None:
            return "realtime" if "realtime" in offered else None

        async with server.serve(handler, "127.0.0.1", 0, select_subprotocol=choose, max_size=None) as serving:
            yield f"ws://127.0.0.1:{serving.sockets[0].getsockname()[1]}/live?a=1", requests

    @pytest.fixture
    async def socket(self, transport: Transport, echo: tuple[str, list[Any]]) -> AsyncIterator[Socket]:
        """A socket to the echo."""
        socket = await transport.connect(HttpRequest(method="GET", url=echo[0]), timeouts=Timeouts())
        yield socket
        await socket.close()

    async def test_text_and_bytes_go_both_ways_over_a_websocket(self, socket: Socket) -> None:
        for message in ("text é", b"\x00\x01", "x" * 2_000_000):
            await socket.send(message)
            assert await socket.receive() == message

    async def test_a_websockets_headers_are_the_requests(self, lab: Lab, echo: tuple[str, list[Any]]) -> None:
        url, requests = echo
        headers = (("Authorization", "Bearer x"), ("Sec-WebSocket-Protocol", "realtime, other"))
        transport = lab.transport(user_agent="ours/1")
        socket = await transport.connect(HttpRequest(method="GET", url=url, headers=headers), timeouts=Timeouts())
        await socket.close()
        await socket.close()
        [request] = requests
        sent = {name.lower(): value for name, value in request.headers.raw_items()}
        assert request.path == "/live?a=1"
        assert sent["authorization"] == "Bearer x"
        assert [part.strip() for part in sent["sec-websocket-protocol"].split(",")] == ["realtime", "other"]
        assert sent["user-agent"] == "ours/1"
        assert set(sent) == {
            "host",
            "upgrade",
            "connection",
            "sec-websocket-key",
            "sec-websocket-version",
            "sec-websocket-protocol",
            "authorization",
            "user-agent",
        }

    async def test_a_websocket_takes_an_http_url(self, transport: Transport, echo: tuple[str, list[Any]]) -> None:
        request = HttpRequest(method="GET", url=echo[0].replace("ws://", "http://"))
        socket = await transport.connect(request, timeouts=Timeouts())
        await socket.send("x")
        assert await socket.receive() == "x"
        await socket.close()

    async def test_a_websockets_close_says_its_code(self, socket: Socket) -> None:
        await socket.send("bye")
        with pytest.raises(SocketClosed) as caught:
            await socket.receive()
        assert (caught.value.code, caught.value.reason) == (4000, "as you wish")
        with pytest.raises(SocketClosed):
            await socket.send("still there?")
        with pytest.raises(SocketClosed):
            await socket.receive()

    async def test_a_websocket_that_breaks_is_closed(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(upgrade_and_cut)
        socket = await transport.connect(HttpRequest(method="GET", url=server.url), timeouts=Timeouts())
        with pytest.raises(SocketClosed) as caught:
            await socket.receive()
        assert caught.value.code == 1006

    async def test_a_websocket_that_is_refused_is_the_providers_error(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(b'{"error": "no key"}', status=401))
        request = HttpRequest(method="GET", url=f"{server.url}?key={SECRET}", headers=(("authorization", SECRET),))
        with pytest.raises(AuthenticationError) as caught:
            await transport.connect(request, timeouts=Timeouts())
        assert caught.value.status == 401
        assert SECRET not in said(caught.value)

    async def test_a_websockets_redirect_is_not_followed(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(status=307, headers=[("Location", "/other")]))
        with pytest.raises(ProviderError) as caught:
            await transport.connect(HttpRequest(method="GET", url=server.url), timeouts=Timeouts())
        assert caught.value.status == 307
        assert len(server.requests) == 1

    async def test_a_websockets_handshake_that_is_never_answered(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(silent())
        with pytest.raises(TimeoutError) as caught:
            await transport.connect(HttpRequest(method="GET", url=server.url), timeouts=Timeouts(connect_s=0.1))
        assert caught.value.phase == "connect"
        await server.until_closed()

    async def test_a_websockets_handshake_that_is_cut(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(close_in_head())
        with pytest.raises(ConnectError):
            await transport.connect(HttpRequest(method="GET", url=server.url), timeouts=Timeouts())

    async def test_a_websocket_to_a_port_where_nothing_listens(self, transport: Transport) -> None:
        async with LoopbackServer(answer()) as gone:
            pass
        with pytest.raises(ConnectError):
            await transport.connect(HttpRequest(method="GET", url=gone.url), timeouts=Timeouts())

    async def test_cancelling_a_websockets_handshake_closes_the_connection(
        self, transport: Transport, lab: Lab
    ) -> None:
        server = await lab.server(silent())
        request = HttpRequest(method="GET", url=server.url)
        connecting = asyncio.create_task(transport.connect(request, timeouts=Timeouts()))
        await server.until_requests(1)
        await cancelled(connecting)
        await server.until_closed()


async def upgrade_and_cut(talk: Conversation) -> bool:
    """Script: a websocket's handshake, and the end of the connection."""
    import base64

    key = (talk.request.header("sec-websocket-key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
    upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]
    await talk.head(101, upgrade)
    return False
