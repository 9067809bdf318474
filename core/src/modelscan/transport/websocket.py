"""Websockets for the httpx transport, by the package `websockets`; httpx has none of its own."""

from __future__ import annotations

import builtins
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.transport import Socket, SocketClosed, Timeouts, TransportOptions
from modelscan.errors import ConfigurationError
from modelscan.transport.defaults import ABNORMAL_CLOSE, CLOSE_S, MAX_MESSAGE_BYTES, PING_S
from modelscan.transport.failures import broken, timed_out
from modelscan.transport.headers import check_url, socket_headers
from modelscan.transport.proxies import Proxies
from modelscan.transport.tls import ssl_context
from modelscan.wire.failures import provider_error

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
    from websockets.typing import Subprotocol

_AS_SOCKET: Final = {"http": "ws", "https": "wss"}
_LIBRARY_OWN: Final = frozenset({"host", "user-agent"})


async def open_websocket(
    request: HttpRequest, timeouts: Timeouts, options: TransportOptions, proxies: Proxies
) -> Socket:
    """Open a websocket: once, without following a redirect.

    Raises `ConnectError`, `TimeoutError`, or the `ProviderError` that stands for the status of a server that refuses.
    """
    library = _library()
    url = _parsed(request.url)
    subprotocols, headers = socket_headers(request, options, url.netloc)
    try:
        connection = await library.connect(
            url._replace(scheme=_AS_SOCKET.get(url.scheme, url.scheme)).geturl(),
            additional_headers=[(name, value) for name, value in headers if name.lower() not in _LIBRARY_OWN],
            user_agent_header=next(value for name, value in headers if name.lower() == "user-agent"),
            subprotocols=cast("list[Subprotocol]", subprotocols) or None,
            compression=None,
            open_timeout=timeouts.connect_s,
            close_timeout=CLOSE_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            max_size=MAX_MESSAGE_BYTES,
            **_way(url, options, proxies),
        )
    except library.InvalidStatus as error:
        answer = error.response
        head = ResponseHead(answer.status_code, tuple((k.lower(), v) for k, v in answer.headers.raw_items()))
        raise provider_error(HttpResponse(head, bytes(answer.body or b""))) from None
    except builtins.TimeoutError as error:
        raise timed_out("connect", proxies.described(url.scheme, url.netloc), timeouts.connect_s) from error
    except (OSError, library.InvalidHandshake, library.ConnectionClosed) as error:
        raise broken("connect", proxies.described(url.scheme, url.netloc), error) from error
    return _WebsocketsSocket(connection, library.ConnectionClosed)


class _WebsocketsSocket:
    """A websocket of the package `websockets`."""

    __slots__ = ("_closed", "_connection")

    def __init__(self, connection: ClientConnection, closed: type[ConnectionClosed]) -> None:
        self._connection = connection
        self._closed = closed

    async def send(self, data: str | bytes) -> None:
        """Send one message. Raises `SocketClosed`."""
        try:
            await self._connection.send(data)
        except self._closed as error:
            raise _closed_by(error) from error

    async def receive(self) -> str | bytes:
        """The next message. Raises `SocketClosed` at the end."""
        try:
            return await self._connection.recv()
        except self._closed as error:
            raise _closed_by(error) from error

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, and wait for the other side to agree for at most `CLOSE_S`."""
        await self._connection.close(code, reason)


def _closed_by(error: ConnectionClosed) -> SocketClosed:
    frame = error.rcvd
    return SocketClosed(ABNORMAL_CLOSE, "") if frame is None else SocketClosed(frame.code, frame.reason)


@attrs.frozen
class _Library:
    """What is used of the package `websockets`."""

    connect: type[connect]
    InvalidStatus: type[InvalidStatus]
    InvalidHandshake: type[InvalidHandshake]
    ConnectionClosed: type[ConnectionClosed]


@lru_cache(maxsize=1)
def _library() -> _Library:
    try:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
    except ImportError:
        raise ConfigurationError(
            "live sessions need websockets, and the package isn't installed",
            advice="pip install 'modelscan-core[websockets]', or use the aiohttp transport, which has its own.",
        ) from None

    class _ConnectOnce(connect):
        """Without redirects: the new host would get the headers."""

        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    return _Library(_ConnectOnce, InvalidStatus, InvalidHandshake, ConnectionClosed)


def _parsed(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        host = url.hostname if url.port != 0 else None  # asking for the port checks it
    except ValueError:
        host, url = None, SplitResult("", "", "", "", "")
    check_url(url.scheme, host or "", has_userinfo="@" in url.netloc)
    return url


def _way(url: SplitResult, options: TransportOptions, proxies: Proxies) -> dict[str, Any]:
    """The library's arguments for TLS and the proxy."""
    proxy = proxies.url_for(url.scheme, url.netloc)
    way: dict[str, Any] = {"proxy": proxy}
    if url.scheme in ("wss", "https"):
        way["ssl"] = ssl_context(options)
    if proxy is not None and proxy.startswith("https:"):
        way["proxy_ssl"] = ssl_context(options)
    return way
