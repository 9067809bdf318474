"""A streamed answer for blocking callers: the background loop hands chunks over in batches, a bounded number ahead."""

from __future__ import annotations

import asyncio
import queue
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Generic

from modelscan.client.background import BackgroundLoop
from modelscan.streams.stream import ChatStream
from modelscan.types.chat import ChatChunk, ChatReply

if TYPE_CHECKING:  # a default for a type variable is in `typing` only since Python 3.13
    from typing_extensions import TypeVar

    T = TypeVar("T", default=None)
else:
    from typing import TypeVar

    T = TypeVar("T")

_MOST_BATCHES_AHEAD = 64


class SyncChatStream(Generic[T]):
    """A chat answer that arrives piece by piece: iterate over it inside `with`. See `ChatStream`."""

    def __init__(self, stream: ChatStream[T], background: BackgroundLoop) -> None:
        self._stream = stream
        self._background = background
        self._batches: queue.SimpleQueue[Sequence[ChatChunk] | BaseException] = queue.SimpleQueue()
        self._waiting: deque[ChatChunk] = deque()
        self._room = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._has_ended = False

    def __enter__(self) -> SyncChatStream[T]:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> SyncChatStream[T]:
        return self

    def __next__(self) -> ChatChunk:
        while not self._waiting:
            if self._has_ended:
                raise StopIteration
            self._take()
        return self._waiting.popleft()

    def reply(self) -> ChatReply[T]:
        """The whole reply; reads the rest of the stream first. Raises `ModelScanError` after an early close."""
        while not self._has_ended:
            self._take()
        self._waiting.clear()
        return self._background.run(self._stream.reply())

    def partial(self) -> ChatReply[None]:
        """What has arrived so far, also after an error or an early close."""
        return self._stream.partial()

    def close(self) -> None:
        """End the stream now: the connection is closed and the call settled when this returns."""
        self._has_ended = True
        self._waiting.clear()
        self._background.run(self._close())

    def _start(self) -> None:
        if self._pump is None:
            self._background.run(self._open())

    async def _open(self) -> None:
        await self._stream.__aenter__()
        self._pump = asyncio.get_running_loop().create_task(self._hand_over())

    async def _hand_over(self) -> None:
        batches = self._batches
        try:
            while True:
                batch = await self._stream.read()
                batches.put(batch)
                if not batch:
                    return
                while batches.qsize() >= _MOST_BATCHES_AHEAD:
                    self._room.clear()
                    await self._room.wait()
        except BaseException as error:
            batches.put(error)
            if not isinstance(error, Exception):
                raise

    def _take(self) -> None:
        """Wait for the next batch; raises what the stream raised."""
        self._start()
        batch = self._batches.get()
        if isinstance(batch, BaseException):
            self._has_ended = True
            raise batch
        if not batch:
            self._has_ended = True
            return
        self._waiting.extend(batch)
        if self._batches.qsize() == _MOST_BATCHES_AHEAD // 2:
            self._background.loop.call_soon_threadsafe(self._room.set)

    async def _close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
        await self._stream.close()
