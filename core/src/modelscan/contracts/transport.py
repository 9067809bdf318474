"""Transports: what really sends. A transport sends a request once: no retry, redirect, cookie or netrc of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

import msgspec

from modelscan.contracts.http import HttpRequest, ResponseHead


class Timeouts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Seconds for each phase; None means no limit.

    `wait_s` is the time from the request's end to the response's head (a model may think for many minutes), `read_s`
    the longest silence between two pieces of the body.
    """

    connect_s: float | None = 10.0
    send_s: float | None = 60.0
    wait_s: float | None = 600.0
    read_s: float | None = 120.0


class TransportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a transport is set up.

    `ca_bundle` is a file or folder of trusted certificates (None: SSL_CERT_FILE, SSL_CERT_DIR, else certifi's);
    `verify` off trusts anybody, for tests only. `trust_env` takes proxies and CA bundles from the environment.
    `max_connections` bounds how many requests are under way at once; None means no bound.
    """

    ca_bundle: str | None = None
    verify: bool = True
    http2: bool = False
    trust_env: bool = True
    max_connections: int | None = None
    user_agent: str = "modelscan"


@runtime_checkable
class Exchange(Protocol):
    """One request under way: the head is there; the body comes when it is asked for.

    Errors are `TransportError`s that say their phase.
    """

    head: ResponseHead

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, content-decoded."""
        ...

    async def read(self) -> bytes:
        """The whole body, content-decoded."""
        ...

    async def close(self) -> None:
        """End it now, at any time, any number of times; a body not read to its end closes the connection."""
        ...


@runtime_checkable
class Socket(Protocol):
    """A websocket that is open."""

    async def send(self, data: str | bytes) -> None:
        """Send one message."""
        ...

    async def receive(self) -> str | bytes:
        """The next message. Raises `SocketClosed` at the end."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it; any number of times."""
        ...


class SocketClosed(Exception):
    """The other side closed the websocket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the websocket was closed with code {code}: {reason or 'no reason given'}")
        self.code = code
        self.reason = reason


@runtime_checkable
class Transport(Protocol):
    """Sends requests. One belongs to one event loop; `close` ends all that is under way."""

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> Exchange:
        """Send the request once; returns when the head has arrived. Cancelling it closes the connection."""
        ...

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        """Open a websocket."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
