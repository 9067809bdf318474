"""What the tests share: servers and transports that are closed at the end, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any, ClassVar

import attrs
import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts, Transport, TransportOptions
from modelscan.testing.loopback import (
    LoopbackServer,
    Script,
)

BIG = bytes(range(256)) * 4096 * 24
"""24 MiB: more than the kernel takes for a reader that doesn't read."""

SECRET = "sk-secret-0123456789"


@attrs.define
class Lab:
    """A transport factory, servers, and what to close at the end."""

    factory: Callable[[TransportOptions], Transport]
    stack: AsyncExitStack
    transports: list[Transport] = attrs.field(factory=list)
    servers: list[LoopbackServer] = attrs.field(factory=list)

    def transport(self, **options: Any) -> Transport:  # the fields of TransportOptions
        """A transport that is closed after the test."""
        transport = self.factory(TransportOptions(**options))
        self.transports.append(transport)
        return transport

    async def server(self, script: Script | Mapping[str, Script], **options: Any) -> LoopbackServer:  # LoopbackServer's
        """A server that runs until the end of the test."""
        server = await self.stack.enter_async_context(LoopbackServer(script, **options))
        self.servers.append(server)
        return server


def _sockets() -> set[str]:
    """The sockets of this process, where the system shows them."""
    found = set()
    with suppress(FileNotFoundError):
        for name in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):
                found.add(os.readlink(f"/proc/self/fd/{name}"))
    return {name for name in found if name.startswith("socket:")}


async def settled(condition: Callable[[], bool]) -> bool:
    """Whether it holds after the event loop had a moment to end what was cancelled."""
    for _ in range(100):
        if condition():
            return True
        await asyncio.sleep(0.005)
    return False


async def fetch(transport: Transport, request: HttpRequest, timeouts: Timeouts | None = None) -> tuple[int, bytes]:
    exchange = await transport.send(request, timeouts=timeouts or Timeouts())
    try:
        return exchange.head.status, await exchange.read()
    finally:
        await exchange.close()


async def cancelled(work: Awaitable[object]) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def said(error: BaseException | None) -> str:
    """Everything that an error and its shown causes say."""
    text = ""
    while error is not None:
        text += f"{error}\n{error!r}\n{vars(error)}\n"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


class Fixtures:
    factory: ClassVar[Callable[[TransportOptions], Transport]]

    @pytest.fixture
    async def lab(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
        """Servers and transports; at the end everything is closed, and nothing may be left."""
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        tasks: set[asyncio.Task[Any] | None] = {*asyncio.all_tasks()}
        sockets = _sockets()
        async with AsyncExitStack() as stack:
            lab = Lab(type(self).factory, stack)
            yield lab
            for transport in lab.transports:
                await transport.close()
            for server in lab.servers:
                await server.until_closed()
        tasks.add(asyncio.current_task())
        assert await settled(lambda: not (asyncio.all_tasks() - tasks)), asyncio.all_tasks() - tasks
        assert await settled(lambda: not (_sockets() - sockets)), "a socket is left open"

    @pytest.fixture
    def transport(self, lab: Lab) -> Transport:
        """A transport with the default options."""
        return lab.transport()
