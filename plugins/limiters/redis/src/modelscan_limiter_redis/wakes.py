"""Hearing that another process gave something back, so that whoever waits here asks again at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelscan_limiter_redis.server import Server, ServerLostError

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

    from modelscan_limiter_redis.domains import Domain

_PAUSE_S: Final = 0.5
_DECODER: Final = msgspec.msgpack.Decoder(tuple[str, list[str]])

CameBack = Callable[["Domain", Sequence[str] | None], None]


class Wakes:
    """A subscription to the domains in which somebody has waited; it begins with the first of them."""

    def __init__(self, server: Server, holder: str, came_back: CameBack) -> None:
        self._server = server
        self._holder = holder
        self._came_back = came_back
        self._domains: dict[bytes, Domain] = {}
        self._gone: list[bytes] = []
        self._is_new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def listen(self, domain: Domain) -> None:
        """Hear of what comes back in a domain; of what has come back until the subscription holds as well."""
        channel = domain.base + b"w"
        if self._domains.get(channel) is domain:
            return
        self._domains[channel] = domain
        self._is_new.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen())

    def forget(self, domain: Domain) -> None:
        """Nobody waits in a domain any more, nor will soon."""
        channel = domain.base + b"w"
        if self._domains.pop(channel, None) is not None:
            self._gone.append(channel)
            self._is_new.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen(self) -> None:
        from redis.exceptions import RedisError

        while True:
            try:
                await self._listen_once()
            except (ServerLostError, OSError, RedisError):  # the server is lost for all, or soon there again
                await asyncio.sleep(_PAUSE_S)

    async def _listen_once(self) -> None:
        subscription = self._server.client().pubsub()
        try:
            self._is_new.clear()
            self._gone = []
            if not self._domains:
                await self._is_new.wait()
            await subscription.subscribe(*self._domains)
            reading = asyncio.ensure_future(self._read(subscription))
            try:
                while not reading.done():
                    new = asyncio.ensure_future(self._is_new.wait())
                    await asyncio.wait([reading, new], return_when=asyncio.FIRST_COMPLETED)
                    new.cancel()
                    if self._is_new.is_set():
                        self._is_new.clear()
                        await self._change(subscription)
                reading.result()
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        finally:
            await subscription.aclose()  # type: ignore[no-untyped-call]  # the redis client's

    async def _change(self, subscription: PubSub) -> None:
        gone, self._gone = self._gone, []
        if gone:
            await subscription.unsubscribe(*gone)
        if self._domains:
            await subscription.subscribe(*self._domains)

    async def _read(self, subscription: PubSub) -> None:
        async for message in subscription.listen():
            domain = self._domains.get(message["channel"])
            if domain is not None:
                self._heard(domain, message)

    def _heard(self, domain: Domain, message: dict[str, Any]) -> None:  # of the redis client's own making
        if message["type"] == "subscribe":
            self._came_back(domain, None)
        elif message["type"] == "message":
            holder, keys = _DECODER.decode(message["data"])
            if holder != self._holder:
                self._came_back(domain, keys)
