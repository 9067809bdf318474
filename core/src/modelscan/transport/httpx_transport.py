"""The built-in transport: httpx's connection pool, without the client around it.

httpx's client adds cookies, redirects and a user agent, and costs more than it gives here; the pool below it
(`httpx.AsyncHTTPTransport`) sends a request once and hands the answer over as it comes.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncGenerator, AsyncIterator
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from modelscan.contracts.http import HttpRequest, ResponseHead
from modelscan.contracts.transport import Exchange, Socket, Timeouts, TransportOptions
from modelscan.errors import ConfigurationError, InvalidRequestError, ModelScanError
from modelscan.hookspecs import hookimpl
from modelscan.transport.bodies import OpenedBody, open_body
from modelscan.transport.carrying import carried, finished
from modelscan.transport.decoding import decoder_for
from modelscan.transport.defaults import IDLE_CONNECTIONS, IDLE_S, SEND_PIECE_BYTES, socket_options
from modelscan.transport.exchange import StreamedExchange
from modelscan.transport.failures import broken, proxy_refused, timed_out
from modelscan.transport.headers import check_url, head_headers, wire_headers
from modelscan.transport.phases import PhaseClock
from modelscan.transport.proxies import Proxies
from modelscan.transport.tls import ssl_context

if TYPE_CHECKING:
    import ssl

_LIMITS: Final = httpx.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS, keepalive_expiry=IDLE_S)


class HttpxTransport:
    """Sends requests over pooled connections, HTTP/1.1 or (`http2`) HTTP/2."""

    name = "httpx"

    def __init__(self, options: TransportOptions | None = None) -> None:
        self._options = options or TransportOptions()
        self._proxies = Proxies(trust_env=self._options.trust_env)
        self._pools: dict[tuple[bool, str | None], httpx.AsyncHTTPTransport] = {}
        bound = self._options.max_connections
        self._slots = None if bound is None else asyncio.Semaphore(bound)

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> Exchange:
        """Send the request once; returns when the head has arrived.

        Raises a `TransportError` that says its phase, `MediaError` for a file that can't be read,
        `InvalidRequestError` for a URL that isn't one.
        """
        url, host = _parsed(request.url)
        body = open_body(request.body)
        watch = _Watch(timeouts)
        outgoing = httpx.Request(
            request.method,
            url,
            headers=wire_headers(request, body, self._options, host),
            stream=_stream(body, watch.clock),
            extensions={"trace": watch.trace, "timeout": watch.httpx_timeouts},
        )
        pool = self._pool(url, host)
        try:
            async with watch.clock:
                await watch.take_slot(self._slots)
                response = await carried(pool.handle_async_request(outgoing), httpx.Response.aclose)
        except BaseException as error:
            await watch.abandon()
            failure = _failure(error, watch.clock, self._proxies.described(url.scheme, host))
            if failure is None:
                raise
            raise failure from error
        return _HttpxExchange(response, watch, host, timeouts.read_s)

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        """Open a websocket; needs the package `websockets` (extra `websockets`)."""
        from modelscan.transport.websocket import open_websocket

        return await open_websocket(request, timeouts, self._options, self._proxies)

    async def close(self) -> None:
        """Close all connections; answers still being read end with an error."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.aclose()

    def _pool(self, url: httpx.URL, host: str) -> httpx.AsyncHTTPTransport:
        is_tls = url.scheme == "https"
        key = (is_tls, self._proxies.url_for(url.scheme, host))
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = self._new_pool(*key)
        return pool

    def _new_pool(self, is_tls: bool, proxy: str | None) -> httpx.AsyncHTTPTransport:
        options = self._options
        if options.http2 and find_spec("h2") is None:
            raise ConfigurationError(
                "HTTP/2 is asked for, and its package isn't installed",
                advice="pip install 'modelscan-core[http2]', or unset the option.",
            )
        to_proxy = ssl_context(options) if proxy is not None and proxy.startswith("https:") else None
        try:
            return httpx.AsyncHTTPTransport(
                verify=ssl_context(options, http2=options.http2) if is_tls else _no_tls(),
                http2=options.http2,
                limits=_LIMITS,
                proxy=None if proxy is None else httpx.Proxy(proxy, ssl_context=to_proxy),
                socket_options=socket_options(),
                retries=0,
            )
        except ImportError as error:
            raise ConfigurationError(
                "the environment names a SOCKS proxy, and its package isn't installed",
                advice="pip install 'httpx[socks]', or name an HTTP proxy.",
            ) from error


class _Watch:
    """Follows one request through httpx's trace: its phase, its deadline, and a socket that TLS may leave behind."""

    __slots__ = ("_slots", "_socket", "clock", "httpx_timeouts")

    def __init__(self, timeouts: Timeouts) -> None:
        self.clock = PhaseClock(timeouts)
        self.httpx_timeouts: dict[str, float | None] = {}  # ours hold for whole phases; httpx's for single reads
        self._slots: asyncio.Semaphore | None = None
        self._socket: Any = None  # httpcore's stream: its type is not public

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """httpx's `trace` extension: called between the steps of a request, never within one."""
        step = event.partition(".")[2]
        if step == "send_request_headers.started":
            if info["request"].method != b"CONNECT":
                self._socket = None
                self.clock.enter("send")
        elif step == "send_request_body.complete":
            if self.clock.phase == "send":
                self.clock.enter("wait")
        elif step == "receive_response_headers.started":
            if self.clock.phase == "send":
                self.clock.allow("wait")  # httpx looks for an early answer when sending has failed
        elif step == "connect_tcp.complete":
            self._socket = info["return_value"]

    async def take_slot(self, slots: asyncio.Semaphore | None) -> None:
        """Wait for one of the transport's slots, where it has a bound.

        httpcore's own queue loses a place when a waiter that was just served is cancelled.
        """
        if slots is not None:
            await slots.acquire()
            self._slots = slots

    async def abandon(self) -> None:
        """Clean up after a failure."""
        self.release()
        if self._socket is not None:  # a handshake that is cancelled leaves its socket open (httpcore 1.0)
            await finished(self._socket.aclose())

    def release(self) -> None:
        """Give the slot back, once."""
        if self._slots is not None:
            self._slots.release()
            self._slots = None


class _HttpxExchange(StreamedExchange):
    """An answer that httpx reads."""

    __slots__ = ("_host", "_response", "_watch")

    def __init__(self, response: httpx.Response, watch: _Watch, host: str, read_s: float | None) -> None:
        super().__init__(ResponseHead(response.status_code, head_headers(response.headers.raw)))
        self._response = response
        self._watch = watch
        self._host = host
        watch.httpx_timeouts["read"] = read_s  # the body's iterator looks it up when it begins

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            decoder = decoder_for(self.head.header("content-encoding"))
            async for data in cast(httpx.AsyncByteStream, self._response.stream):
                piece = data if decoder is None else decoder.feed(data)
                if piece:
                    yield piece
            if decoder is not None:
                decoder.finish()
        except GeneratorExit:
            raise
        except BaseException as error:
            await self._hang_up()
            if isinstance(error, httpx.ReadTimeout):
                raise timed_out("read", self._host, self._watch.httpx_timeouts["read"]) from error
            if isinstance(error, httpx.HTTPError):
                raise broken("read", self._host, error) from error
            raise
        finally:
            await self._end()

    async def _hang_up(self) -> None:
        """Close the connection itself: httpcore's own clean-up stops half-way when a second cancellation comes."""
        if self._response.extensions["http_version"] != b"HTTP/2":  # where others may be using it
            await finished(self._response.extensions["network_stream"].aclose())

    async def _end(self) -> None:
        self._watch.release()
        if not self._response.is_closed:
            await finished(self._response.aclose())


class _Pieces(httpx.AsyncByteStream):
    """A body that goes out piece by piece; each piece has the time for sending anew."""

    def __init__(self, body: OpenedBody, clock: PhaseClock) -> None:
        self._body = body
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body.chunks():
            self._clock.enter("send")
            yield piece


def _stream(body: OpenedBody, clock: PhaseClock) -> httpx.AsyncByteStream:
    content = body.content
    if content is None or len(content) > SEND_PIECE_BYTES:
        return _Pieces(body, clock)
    return httpx.ByteStream(content)


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[httpx.URL, str]:
    """The URL and its host with the port where it isn't the scheme's own."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise InvalidRequestError("the request's URL isn't one", advice="Check the base URL.") from None
    check_url(url.scheme, url.host, has_userinfo=bool(url.userinfo))
    return url, url.netloc.decode("ascii")


@lru_cache(maxsize=1)
def _no_tls() -> ssl.SSLContext:
    """For pools that only see http: httpx wants a context, and its own takes 30 ms."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _failure(error: BaseException, clock: PhaseClock, host: str) -> ModelScanError | None:
    """What to raise instead of an exception of httpx or of the clock; None for one that is to pass as it is."""
    if isinstance(error, ModelScanError):
        return None
    if isinstance(error, builtins.TimeoutError) and clock.is_expired:
        return timed_out(clock.phase, host, clock.limit_s)
    if isinstance(error, httpx.ProxyError):
        return proxy_refused(host, str(error))
    if isinstance(error, httpx.ConnectError):
        return broken("connect", host, error)
    if isinstance(error, (httpx.HTTPError, OSError)):
        return broken(clock.phase, host, error)
    return None


@hookimpl
def modelscan_transport() -> type[HttpxTransport]:
    """The transport that is used where none is named."""
    return HttpxTransport
