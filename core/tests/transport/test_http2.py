"""HTTP/2, where the options ask for it and the server speaks it."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
import trustme

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts, TransportOptions
from modelscan.errors import ConfigurationError
from modelscan.testing.loopback import LoopbackServer, answer
from modelscan.transport.httpx_transport import HttpxTransport


class _EchoProtocol(asyncio.Protocol):
    """Answers every stream with the body it got."""

    connections = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        type(self).connections += 1
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._http.initiate_connection()
        self._bodies: dict[int, bytes] = {}
        self._flush()

    def data_received(self, data: bytes) -> None:
        for event in self._http.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                self._bodies[event.stream_id] = self._bodies.get(event.stream_id, b"") + event.data
            elif isinstance(event, h2.events.StreamEnded):
                self._http.send_headers(event.stream_id, [(":status", "200"), ("x-by", "h2")])
                self._http.send_data(event.stream_id, self._bodies.pop(event.stream_id, b""), end_stream=True)
        self._flush()

    def _flush(self) -> None:
        self._transport.write(self._http.data_to_send())


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority, str(tmp_path / "ca.pem")


@pytest.fixture
async def url(authority: tuple[trustme.CA, str]) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    authority[0].issue_cert("localhost").configure_cert(context)
    _EchoProtocol.connections = 0
    server = await asyncio.get_running_loop().create_server(_EchoProtocol, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}/"
    server.close()
    await server.wait_closed()


async def _post(transport: HttpxTransport, url: str, body: bytes) -> tuple[str, bytes]:
    exchange = await transport.send(HttpRequest(url=url, body=body), timeouts=Timeouts())
    return exchange.head.header("x-by"), await exchange.read()


async def test_many_requests_share_one_connection(url: str, authority: tuple[trustme.CA, str]) -> None:
    transport = HttpxTransport(TransportOptions(http2=True, ca_bundle=authority[1]))
    assert await _post(transport, url, b"0") == ("h2", b"0")
    answers = await asyncio.gather(*(_post(transport, url, b"%d" % n) for n in range(10)))
    assert answers == [("h2", b"%d" % n) for n in range(10)]
    assert _EchoProtocol.connections == 1
    await transport.close()


async def test_a_server_without_it_is_spoken_to_in_http_1(authority: tuple[trustme.CA, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("localhost").configure_cert(context)
    transport = HttpxTransport(TransportOptions(http2=True, ca_bundle=authority[1]))
    async with LoopbackServer(answer(b"old"), tls=context) as server:
        assert await _post(transport, server.url, b"x") == ("", b"old")
        await transport.close()


async def test_without_its_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)
    with pytest.raises(ConfigurationError) as caught:
        await _post(HttpxTransport(TransportOptions(http2=True, verify=False)), "https://localhost:1/", b"")
    assert "http2" in caught.value.advice
