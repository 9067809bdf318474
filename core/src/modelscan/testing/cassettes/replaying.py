"""Replaying: a transport that answers from a cassette, piece by piece as it was recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Exchange, Socket, Timeouts
from modelscan.errors import ConfigurationError
from modelscan.testing.cassettes.recording import scrubbed
from modelscan.testing.cassettes.scrubbing import Scrubber
from modelscan.testing.cassettes.tape import Tape
from modelscan.transport.replay import ReplayTransport

Sleep = Callable[[float], Awaitable[None]]


class CassetteTransport:
    """Answers each request with the first exchange that fits and hasn't been used.

    Without `sleep` nothing is waited for; with it (`asyncio.sleep`, or a `FakeClock`'s) the pieces come as slowly as
    they did. A request is scrubbed as the recorded ones were before it is compared.
    """

    def __init__(self, path: Path, *, sleep: Sleep | None = None) -> None:
        if not path.exists():
            raise ConfigurationError(
                f"there is no cassette {path}", advice="Record it: pytest --record sends real requests, with real keys."
            )
        self.tape = Tape.read(path)
        self._sleep = sleep
        self._replay = ReplayTransport(one.interaction() for one in self.tape.exchanges)
        self._delays = {id(one.head): [piece.delay_s for piece in one.pieces] for one in self.tape.exchanges}

    @property
    def remaining(self) -> int:
        """How many exchanges haven't been used."""
        return self._replay.remaining

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> Exchange:
        """The recorded answer. Raises `InvalidRequestError`, which shows what differs, where none fits."""
        exchange = await self._replay.send(scrubbed(request, Scrubber()))
        if self._sleep is None:
            return exchange
        return _Paced(exchange, self._delays[id(exchange.head)], self._sleep)

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        """Raises `UnsupportedError`: websockets aren't recorded."""
        return await self._replay.connect(request)

    async def close(self) -> None:
        """Nothing is open."""


class _Paced:
    """An exchange whose pieces take their time."""

    def __init__(self, inner: Exchange, delays: list[float], sleep: Sleep) -> None:
        self.head = inner.head
        self._inner = inner
        self._delays = iter(delays)
        self._sleep = sleep

    async def chunks(self) -> AsyncIterator[bytes]:
        async for piece in self._inner.chunks():
            await self._sleep(next(self._delays, 0.0))
            yield piece

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self.chunks()])

    async def close(self) -> None:
        await self._inner.close()
