"""Websockets, by aiohttp's own client."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import WSMsgType
from multidict import CIMultiDict
from yarl import URL

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.contracts.transport import Socket, SocketClosed
from modelscan.transport.defaults import ABNORMAL_CLOSE, CLOSE_S, MAX_MESSAGE_BYTES, PING_S
from modelscan.transport.failures import broken, timed_out
from modelscan.transport.headers import head_headers
from modelscan.wire.failures import provider_error
from modelscan_transport_aiohttp.failures import Dropped, shown_cause

_UPGRADED = 101
_NORMAL_CLOSE = 1000


async def open_websocket(
    session: aiohttp.ClientSession,
    url: URL,
    host: str,
    headers: list[tuple[str, str]],
    subprotocols: list[str],
    way: Mapping[str, Any],  # keyword arguments of aiohttp: each has a type of its own
    connect_s: float | None,
) -> Socket:
    """Open a websocket. Raises `ConnectError`, `TimeoutError` or `ProviderError`."""
    try:
        async with asyncio.timeout(connect_s):
            opened = await session.ws_connect(
                url,
                headers=CIMultiDict(headers),
                protocols=subprotocols,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                heartbeat=PING_S,
                max_msg_size=MAX_MESSAGE_BYTES,
                **way,
            )
    except builtins.TimeoutError as error:
        raise timed_out("connect", host, connect_s) from error
    except (aiohttp.ClientError, OSError, Dropped) as error:
        raise broken("connect", host, error) from shown_cause(error)
    return _AiohttpSocket(opened)


async def refuse_redirect(response: aiohttp.ClientResponse) -> None:
    """Raises the `ProviderError` for a server that answers a websocket's request with anything but an upgrade.

    aiohttp's `ws_connect` would follow a redirect, and hand the headers to another host.
    """
    if response.status == _UPGRADED:
        return
    try:
        body = await response.read()
    finally:
        response.close()
    head = ResponseHead(response.status, head_headers(response.raw_headers))
    raise provider_error(HttpResponse(head, body))


class _AiohttpSocket:
    """A websocket of aiohttp."""

    __slots__ = ("_closed", "_socket")

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self._socket = socket
        self._closed: SocketClosed | None = None

    async def send(self, data: str | bytes) -> None:
        """Send one message. Raises `SocketClosed`."""
        try:
            if isinstance(data, str):
                await self._socket.send_str(data)
            else:
                await self._socket.send_bytes(data)
        except (aiohttp.ClientError, OSError) as error:
            raise self._closed or SocketClosed(ABNORMAL_CLOSE, "") from error

    async def receive(self) -> str | bytes:
        """The next message. Raises `SocketClosed` at the end."""
        if self._closed is not None:
            raise self._closed
        message = await self._socket.receive()
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data: str | bytes = message.data
            return data
        if message.type is WSMsgType.CLOSE:
            self._closed = SocketClosed(message.data, message.extra or "")
        else:
            self._closed = SocketClosed(ABNORMAL_CLOSE, "")
        raise self._closed

    async def close(self, code: int = _NORMAL_CLOSE, reason: str = "") -> None:
        """Close it, and wait for the other side to agree for at most `CLOSE_S`."""
        if self._closed is None:
            self._closed = SocketClosed(code, reason)
        await self._socket.close(code=code, message=reason.encode())
