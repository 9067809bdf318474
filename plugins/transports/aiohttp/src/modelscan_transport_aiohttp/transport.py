"""The transport. What aiohttp does on its own is off: the second attempt, redirects, cookies, netrc, added headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final
from weakref import WeakSet

import aiohttp
import attrs
from aiohttp.connector import Connection
from multidict import CIMultiDict
from yarl import URL

from modelscan.contracts.http import HttpRequest, ResponseHead
from modelscan.contracts.transport import Exchange, Socket, Timeouts, TransportOptions
from modelscan.errors import InvalidRequestError, ModelScanError
from modelscan.transport.bodies import OpenedBody, open_body
from modelscan.transport.defaults import IDLE_S, READ_BYTES, SEND_PIECE_BYTES
from modelscan.transport.headers import check_url, head_headers, socket_headers, wire_headers
from modelscan.transport.phases import PhaseClock
from modelscan.transport.proxies import Proxies
from modelscan_transport_aiohttp.exchange import AiohttpExchange
from modelscan_transport_aiohttp.failures import Dropped, failure, shown_cause
from modelscan_transport_aiohttp.network import Way, open_socket
from modelscan_transport_aiohttp.websocket import open_websocket, refuse_redirect

_NO_TIMEOUTS: Final = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_NOT_ADDED: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class AiohttpTransport:
    """Sends requests over pooled HTTP/1.1 connections."""

    name = "aiohttp"

    def __init__(self, options: TransportOptions | None = None) -> None:
        self._options = options or TransportOptions()
        self._proxies = Proxies(trust_env=self._options.trust_env)
        self._session: aiohttp.ClientSession | None = None
        self._exchanges: WeakSet[AiohttpExchange] = WeakSet()

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> Exchange:
        """Send the request once; returns when the head has arrived.

        Raises a `TransportError` that says its phase, `MediaError` for a file that can't be read,
        `InvalidRequestError` for a URL that isn't one.
        """
        url, host = _parsed(request.url)
        body = open_body(request.body)
        way = Way.to(url, host, self._options, self._proxies)
        headers = way.headers + wire_headers(request, body, self._options, host)
        session = self._opened()
        watch = _Watch(PhaseClock(timeouts))
        content = _content(body, watch)
        _watched.set(watch)
        try:
            async with watch.clock:
                response = await session.request(
                    request.method,
                    url,
                    headers=CIMultiDict(headers),
                    data=content,
                    allow_redirects=False,
                    **way.arguments,
                )
        except BaseException as error:
            watch.abandon()
            if watch.body_error is not None:
                raise watch.body_error from None
            found = failure(error, watch.clock, self._proxies.described(url.scheme, host))
            if found is None:
                raise
            raise found from shown_cause(error)
        finally:
            _watched.set(None)
        head = ResponseHead(response.status, head_headers(response.raw_headers))
        exchange = AiohttpExchange(head, response, watch.connection, host, timeouts.read_s)
        self._exchanges.add(exchange)
        return exchange

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        """Open a websocket: once, without following a redirect.

        Raises `ConnectError`, `TimeoutError`, or the `ProviderError` for the status of a server that refuses.
        """
        url, host = _parsed(request.url)
        way = Way.to(url, host, self._options, self._proxies)
        subprotocols, headers = socket_headers(request, self._options, host)
        return await open_websocket(
            self._opened(),
            url,
            self._proxies.described(url.scheme, host),
            way.headers + headers,
            subprotocols,
            way.arguments,
            timeouts.connect_s,
        )

    async def close(self) -> None:
        """Close all connections; answers still being read end with an error."""
        session, self._session = self._session, None
        for exchange in list(self._exchanges):  # closing the session wakes no reader
            await exchange.close()
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = _Connector(
                limit=self._options.max_connections or 0,
                keepalive_timeout=IDLE_S,
                socket_factory=open_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=_NO_TIMEOUTS,
                trust_env=False,  # proxies are looked up here; all that it would add is netrc
                skip_auto_headers=_NOT_ADDED,
                auto_decompress=False,
                read_bufsize=READ_BYTES,
                middlewares=(_send_once,),
            )
        return self._session


@attrs.define(eq=False)
class _Watch:
    """Follows one request: its phase, its connection, and what went wrong in its body."""

    clock: PhaseClock
    is_streamed: bool = False
    connection: asyncio.Transport | None = None
    body_error: ModelScanError | None = None

    def connected(self, connection: asyncio.Transport | None) -> None:
        """A connection was made or taken from the pool."""
        self.connection = connection
        self.clock.enter("send" if self.is_streamed else "wait")

    def abandon(self) -> None:
        """Break the connection at once: closing it would first send what is still buffered."""
        if self.connection is not None:
            self.connection.abort()


_watched: ContextVar[_Watch | None] = ContextVar("modelscan_aiohttp_watch", default=None)


class _Connector(aiohttp.TCPConnector):
    """Tells the request's watch when its connection is there."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Connection:  # noqa: ASYNC109 - aiohttp's signature
        """A connection for the request."""
        connection = await super().connect(req, traces, timeout)
        watch = _watched.get()
        if watch is not None:
            watch.connected(connection.transport)
        return connection


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Middleware that hides a dropped connection from aiohttp, which would send an idempotent request once more.

    aiohttp looks for ClientOSError and ServerDisconnectedError above its middlewares (client.py, 3.14); what comes out
    here is neither. Whether to send again is decided where limits and costs are known.
    """
    try:
        response = await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Dropped(error) from error
    if "upgrade" in request.headers:
        await refuse_redirect(response)
    return response


def _content(body: OpenedBody, watch: _Watch) -> bytes | AsyncIterator[bytes] | None:
    content = body.content
    if content is None or len(content) > SEND_PIECE_BYTES:
        watch.is_streamed = True
        return _watched_pieces(body, watch)
    return content or None


async def _watched_pieces(body: OpenedBody, watch: _Watch) -> AsyncIterator[bytes]:
    try:
        async for piece in body.chunks():
            watch.clock.enter("send")
            yield piece
    except ModelScanError as error:
        watch.body_error = error
        raise
    watch.clock.enter("wait")


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[URL, str]:
    """The URL and its host with the port where it isn't the scheme's own."""
    try:
        url = URL(text, encoded=True)
        host = url.host_port_subcomponent or ""
    except ValueError:
        raise InvalidRequestError("the request's URL isn't one", advice="Check the base URL.") from None
    check_url(url.scheme, host, has_userinfo=url.raw_user is not None)
    return url, host
