"""A streamed answer as an object: chunks while they come, the whole reply at the end, and an end that is certain."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol

from modelscan.errors import ModelScanError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply

if TYPE_CHECKING:  # a default for a type variable is in `typing` only since Python 3.13
    from typing_extensions import TypeVar

    T = TypeVar("T", default=None)
else:
    from typing import TypeVar

    T = TypeVar("T")


class Source(Protocol):
    """Where a stream's chunks come from."""

    async def read(self) -> Sequence[ChatChunk]:
        """The chunks that arrived since the last call, at least one; none at the end of the stream."""
        ...

    async def close(self, arrived: Callable[[], ChatReply[None]]) -> None:
        """End it now; any number of times."""
        ...

    def ended(self, reply: ChatReply[Any] | None, error: BaseException | None) -> None:
        """The first telling counts: the stream is over, with its whole reply, an error, or neither."""
        ...


class ChatStream(Generic[T]):
    """A chat answer that arrives piece by piece.

    Iterate over it inside `async with`; leaving the block settles the call and closes its connection before it
    returns, however far the stream has come. `reply()` reads what is left and gives the whole reply.
    Raises what a call without streaming raises; once chunks have been seen, `StreamCutError` for a stream that ended
    without its end, or the `ProviderError` that came in mid-stream.
    """

    def __init__(
        self,
        open_source: Callable[[], Awaitable[Source]],
        finish: Callable[[ChatReply[None], Source], ChatReply[T]],
    ) -> None:
        self._open_source = open_source
        self._finish = finish
        self._source: Source | None = None
        self._waiting: deque[ChatChunk] = deque()
        self._fold = ChatFold()
        self._has_ended = False
        self._reply: ChatReply[T] | None = None

    async def __aenter__(self) -> ChatStream[T]:
        await self._opened()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> ChatStream[T]:
        return self

    async def __anext__(self) -> ChatChunk:
        waiting = self._waiting
        if waiting:
            return waiting.popleft()
        if self._has_ended:
            raise StopAsyncIteration
        source = self._source or await self._opened()
        try:
            chunks = await source.read()
            if chunks:
                self._fold.extend(chunks)
            else:
                self._reply = self._finish(self._fold.reply(), source)
                source.ended(self._reply, None)
        except BaseException as error:
            source.ended(None, error)
            await self.close()
            raise
        if not chunks:
            await self.close()
            raise StopAsyncIteration
        if len(chunks) > 1:
            waiting.extend(chunks[1:])
        return chunks[0]

    async def read(self) -> Sequence[ChatChunk]:
        """The chunks that arrived together; empty at the end. For readers that want few and large steps."""
        try:
            first = await self.__anext__()
        except StopAsyncIteration:
            return ()
        together = (first, *self._waiting)
        self._waiting.clear()
        return together

    async def reply(self) -> ChatReply[T]:
        """The whole reply; reads the rest of the stream first.

        Raises `ModelScanError` where the stream was closed before its end.
        """
        while self._reply is None:
            if self._has_ended:
                raise ModelScanError(
                    "the stream was closed before its end, so there is no whole reply",
                    advice="Use `partial()` for what had arrived.",
                )
            self._waiting.clear()
            await self.read()
        return self._reply

    def partial(self) -> ChatReply[None]:
        """What has arrived so far, also after an error or an early close."""
        return self._fold.reply()

    async def close(self) -> None:
        """End the stream now: the connection is closed and the call settled when this returns."""
        self._has_ended = True
        if self._source is not None:
            self._source.ended(None, None)
            await self._source.close(self._fold.reply)

    async def _opened(self) -> Source:
        if self._source is None:
            self._source = await self._open_source()
        return self._source
