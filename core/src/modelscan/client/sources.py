"""Where the chunks of a stream come from: a connection, or a model in this process."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from modelscan import errors
from modelscan.client.endpoints import Endpoint
from modelscan.client.watching import StreamWatch
from modelscan.contracts.http import Frame, HttpResponse, ResponseHead
from modelscan.contracts.operations import StreamDecoder
from modelscan.contracts.transport import Exchange
from modelscan.errors import DeadlineError, ModelScanError, StreamCutError, TransportError
from modelscan.limits.held import HeldLease
from modelscan.types.chat import ChatChunk, ChatReply
from modelscan.types.usage import UNREPORTED, Usage

T = TypeVar("T")


class _Source(ABC):
    """What both kinds have: an endpoint to name in replies and errors, a lease to end, and the first chunks."""

    def __init__(self, endpoint: Endpoint, lease: HeldLease, head: ResponseHead | None) -> None:
        self.endpoint = endpoint
        self.head = head
        self.is_primed = False
        self.watch: StreamWatch | None = None
        self.deadline: float | None = None  # of the loop's clock; the attempt loop watches it until the first chunks
        self.lease = lease
        self._first: Sequence[ChatChunk] = ()
        self._has_ended = False
        self._usage: Usage = UNREPORTED

    async def prime(self) -> None:
        """Read up to the first chunks, so that whatever goes wrong before them can still be tried elsewhere."""
        self._first = await self.read()
        self.is_primed = True

    @abstractmethod
    async def read(self) -> Sequence[ChatChunk]:
        """The next chunks; none at the end. Raises what went wrong, told whom it concerns."""

    def ended(self, reply: ChatReply[Any] | None, error: BaseException | None) -> None:
        """The stream is over, with its whole reply, an error, or neither: the observers hear of it."""
        if self.watch is not None:
            self.watch.finished(reply, error)

    async def _in_time(self, coming: Awaitable[T]) -> T:
        """What is coming, if it comes before the call's deadline."""
        try:
            async with asyncio.timeout_at(self.deadline):
                return await coming
        except TimeoutError as error:
            if isinstance(error, ModelScanError):
                raise
            raise DeadlineError("the call's deadline passed before the stream's end") from None

    def _waiting(self) -> Sequence[ChatChunk]:
        """What `prime` read ahead, once."""
        first, self._first = self._first, ()
        return first

    def _noted(self, chunks: Sequence[ChatChunk]) -> Sequence[ChatChunk]:
        """The chunks, after remembering the newest usage in them."""
        for chunk in chunks:
            if chunk.usage is not None:
                self._usage = chunk.usage
        return chunks

    def _settled(self) -> None:
        self._has_ended = True
        self.lease.settle(self._usage)

    def _left(self, arrived: Callable[[], ChatReply[None]] | None) -> None:
        """The stream is closed: where it wasn't whole, what came of it is charged as its provider charges it."""
        if arrived is not None and self.is_primed:
            self.lease.cut(arrived)
        self.lease.close()

    def _about(self, error: ModelScanError) -> ModelScanError:
        """The error, told whom it concerns."""
        return self.endpoint.concerns(error, request_id(self.endpoint, self.head))


class LiveSource(_Source):
    """Chunks from a connection."""

    def __init__(
        self, exchange: Exchange, decoder: StreamDecoder[ChatChunk], endpoint: Endpoint, lease: HeldLease
    ) -> None:
        super().__init__(endpoint, lease, exchange.head)
        self._exchange = exchange
        self._pieces = exchange.chunks()
        self._decoder = decoder
        self._error: ModelScanError | None = None

    async def read(self) -> Sequence[ChatChunk]:
        """The chunks of the next piece of the body that has any; what came before an error is given out before it."""
        if self._first:
            return self._waiting()
        feed_bytes, feed_frame = self._decoder.framing.feed, self._decoder.feed
        try:
            while not self._has_ended:
                if self._error is not None:
                    raise self._error
                try:
                    coming = self._pieces.__anext__()
                    piece = await (coming if self.deadline is None else self._in_time(coming))
                except StopAsyncIteration:
                    return self._finish()
                except TransportError as error:
                    return self._cut(error)
                frames = feed_bytes(piece)
                chunks = feed_frame(frames[0]) if len(frames) == 1 else self._chunks_of(frames)
                if chunks:
                    return self._noted(chunks)
        except ModelScanError as error:
            self._about(error)
            raise
        return ()

    def _chunks_of(self, frames: Sequence[Frame]) -> Sequence[ChatChunk]:
        """The chunks in some frames. An error behind some of them waits until they have been read."""
        feed = self._decoder.feed
        chunks: list[ChatChunk] = []
        try:
            for frame in frames:
                chunks += feed(frame)
        except ModelScanError as error:
            if not chunks:
                raise
            self._error = error
        return chunks

    def _finish(self) -> Sequence[ChatChunk]:
        """What is left at the end of the body. That the end is missing is told after it."""
        chunks = list(self._chunks_of(self._decoder.framing.finish()))
        try:
            if self._error is None:
                chunks += self._decoder.finish(cut=False)
        except ModelScanError as error:
            if not chunks:
                raise
            self._error = error
        self._noted(chunks)
        if self._error is None:
            self._settled()
        return chunks

    def _cut(self, error: TransportError) -> Sequence[ChatChunk]:
        """The connection broke: harmless after the stream's end has been seen, a cut before it."""
        try:
            chunks = self._decoder.finish(cut=True)
        except StreamCutError as cut:
            cut.message += f": {error.message}"
            if isinstance(error, errors.TimeoutError):
                cut.advice = f"{error.advice} {cut.advice}"
            raise cut from error
        self._noted(chunks)
        self._settled()
        return chunks

    async def close(self, arrived: Callable[[], ChatReply[None]] | None = None) -> None:
        """Close the connection, and charge what can't be known at its bound."""
        self._has_ended = True
        self._first = ()
        try:
            await self._exchange.close()
        finally:
            self._left(arrived)


class NativeSource(_Source):
    """Chunks from a model in this process."""

    def __init__(self, chunks: AsyncIterator[ChatChunk], endpoint: Endpoint, lease: HeldLease) -> None:
        super().__init__(endpoint, lease, None)
        self._chunks = chunks

    async def read(self) -> Sequence[ChatChunk]:
        """The next chunk; none at the end."""
        if self._first:
            return self._waiting()
        if self._has_ended:
            return ()
        try:
            coming = self._chunks.__anext__()
            return self._noted((await (coming if self.deadline is None else self._in_time(coming)),))
        except StopAsyncIteration:
            self._settled()
            return ()
        except ModelScanError as error:
            self._about(error)
            raise

    async def close(self, arrived: Callable[[], ChatReply[None]] | None = None) -> None:
        """Stop the model."""
        self._has_ended = True
        self._first = ()
        try:
            close = getattr(self._chunks, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._left(arrived)


def request_id(endpoint: Endpoint, head: ResponseHead | None) -> str:
    """The vendor's id of the request; empty for none."""
    if head is not None:
        for name in endpoint.provider.request_id_headers:
            value = head.header(name)
            if value:
                return value
    return ""


def stamped(reply: Any, endpoint: Endpoint, lease: HeldLease, response: HttpResponse | None = None) -> Any:
    """A reply Struct, told who gave it and what it cost; anything else (a count of tokens) as it is."""
    if not _names_its_provider(reply.__class__):
        return reply
    return msgspec.structs.replace(
        reply,
        provider=endpoint.candidate.account.provider,
        model=reply.model or endpoint.target.model,
        request_id=reply.request_id or request_id(endpoint, response.head if response else None),
        cost=lease.ticket.cost,
    )


@cache
def _names_its_provider(type_: type) -> bool:
    return issubclass(type_, msgspec.Struct) and "provider" in type_.__struct_fields__
