"""Where the chunks of a stream come from: a connection, or a model in this process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from modelscan.client.endpoints import Endpoint
from modelscan.client.watching import StreamWatch
from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.contracts.operations import StreamDecoder
from modelscan.contracts.transport import Exchange
from modelscan.errors import ModelScanError, StreamCutError, TransportError
from modelscan.limits.held import HeldLease
from modelscan.types.chat import ChatChunk, ChatReply
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage

UNPRICED = Cost(note="no price is known for this model")


class _Source(ABC):
    """What both kinds have: an endpoint to name in replies and errors, a lease to end, and the first chunks."""

    def __init__(self, endpoint: Endpoint, lease: HeldLease, head: ResponseHead | None) -> None:
        self.endpoint = endpoint
        self.head = head
        self.is_primed = False
        self.watch: StreamWatch | None = None
        self._lease = lease
        self._first: Sequence[ChatChunk] = ()
        self._has_ended = False
        self._usage: Usage = UNREPORTED

    async def prime(self) -> None:
        """Read up to the first chunks, so that whatever goes wrong before them can still be tried elsewhere."""
        self._first = await self._next()
        self.is_primed = True

    async def read(self) -> Sequence[ChatChunk]:
        """The next chunks; none at the end. Raises what went wrong, told whom it concerns."""
        if self._first:
            first, self._first = self._first, ()
            return first
        if self._has_ended:
            return ()
        try:
            return await self._next()
        except ModelScanError as error:
            account = self.endpoint.candidate.account
            error.about(
                provider=account.provider,
                model=self.endpoint.target.model,
                account=account.name,
                request_id=request_id(self.endpoint, self.head),
            )
            raise

    def ended(self, reply: ChatReply[Any] | None, error: BaseException | None) -> None:
        """The stream is over, with its whole reply, an error, or neither: the observers hear of it."""
        if self.watch is not None:
            self.watch.finished(reply, error)

    @abstractmethod
    async def _next(self) -> Sequence[ChatChunk]: ...

    def _ended(self) -> None:
        self._has_ended = True
        self._lease.settle(self._usage)

    def _noted(self, chunks: Sequence[ChatChunk]) -> Sequence[ChatChunk]:
        for chunk in chunks:
            if chunk.usage is not None:
                self._usage = chunk.usage
        return chunks


class LiveSource(_Source):
    """Chunks from a connection."""

    def __init__(
        self, exchange: Exchange, decoder: StreamDecoder[ChatChunk], endpoint: Endpoint, lease: HeldLease
    ) -> None:
        super().__init__(endpoint, lease, exchange.head)
        self._exchange = exchange
        self._pieces = exchange.chunks()
        self._decoder = decoder

    async def _next(self) -> Sequence[ChatChunk]:
        decoder = self._decoder
        while True:
            try:
                piece = await anext(self._pieces, None)
            except TransportError as error:
                return self._cut(error)
            if piece is None:
                return self._finish()
            chunks = [chunk for frame in decoder.framing.feed(piece) for chunk in decoder.feed(frame)]
            if chunks:
                return self._noted(chunks)

    def _finish(self) -> Sequence[ChatChunk]:
        decoder = self._decoder
        chunks = [chunk for frame in decoder.framing.finish() for chunk in decoder.feed(frame)]
        chunks.extend(decoder.finish(cut=False))
        self._noted(chunks)
        self._ended()
        return chunks

    def _cut(self, error: TransportError) -> Sequence[ChatChunk]:
        """The connection broke: harmless after the stream's end has been seen, a cut before it."""
        try:
            chunks = self._decoder.finish(cut=True)
        except StreamCutError as cut:
            raise cut from error
        self._noted(chunks)
        self._ended()
        return chunks

    async def close(self) -> None:
        """Close the connection, and charge what can't be known at its bound."""
        self._has_ended = True
        self._first = ()
        try:
            await self._exchange.close()
        finally:
            self._lease.close()


class NativeSource(_Source):
    """Chunks from a model in this process."""

    def __init__(self, chunks: AsyncIterator[ChatChunk], endpoint: Endpoint, lease: HeldLease) -> None:
        super().__init__(endpoint, lease, None)
        self._chunks = chunks

    async def _next(self) -> Sequence[ChatChunk]:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            self._ended()
            return ()
        return self._noted((chunk,))

    async def close(self) -> None:
        """Stop the model."""
        self._has_ended = True
        self._first = ()
        try:
            close = getattr(self._chunks, "aclose", None)
            if close is not None:
                await close()
        finally:
            self._lease.close()


def request_id(endpoint: Endpoint, head: ResponseHead | None) -> str:
    """The vendor's id of the request; empty for none."""
    if head is not None:
        for name in endpoint.provider.request_id_headers:
            value = head.header(name)
            if value:
                return value
    return ""


def stamped(reply: Any, endpoint: Endpoint, response: HttpResponse | None = None) -> Any:
    """A reply Struct, told who gave it; anything else (a count of tokens) as it is."""
    if not isinstance(reply, msgspec.Struct) or "provider" not in reply.__struct_fields__:
        return reply
    changes: dict[str, Any] = {
        "provider": endpoint.candidate.account.provider,
        "request_id": request_id(endpoint, response.head if response else None),
        "cost": UNPRICED,
    }
    if not getattr(reply, "model", ""):
        changes["model"] = endpoint.target.model
    return msgspec.structs.replace(reply, **changes)
