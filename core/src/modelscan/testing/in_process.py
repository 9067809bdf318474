"""A provider whose requests go over a transport of its own, whatever the client's is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs

from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.contracts.operations import Errors, StreamingOperation
from modelscan.contracts.provider import Provider
from modelscan.contracts.transport import Exchange, Timeouts, Transport
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest


def in_process(provider: Provider, transport: Transport) -> Provider:
    """The provider with its chat and embeddings run over this transport. The chat must stream."""
    chat = _Run(provider.chat, provider.errors, transport)
    embed: Any = _Run(provider.embed, provider.errors, transport) if provider.embed is not None else None
    return attrs.evolve(provider, chat=chat, embed=embed)


@attrs.frozen
class _Run:
    """A native operation, made of one of the wire."""

    operation: Any  # an operation of any request
    errors: Errors
    transport: Transport

    async def run(self, request: Any, target: Target) -> Any:
        """The reply to a request Struct."""
        exchange = await self._sent(self.operation.encode(request, target))
        response = HttpResponse(exchange.head, await exchange.read())
        return self.operation.decode(response, request, target)

    async def stream(self, request: ChatRequest, target: Target) -> AsyncIterator[ChatChunk]:
        """The chunks of the reply."""
        operation: StreamingOperation[ChatRequest, ChatReply[None], ChatChunk] = self.operation
        exchange = await self._sent(operation.encode_stream(request, target))
        decoder = operation.decoder(exchange.head, request, target)
        async for piece in exchange.chunks():
            for frame in decoder.framing.feed(piece):
                for chunk in decoder.feed(frame):
                    yield chunk
        for frame in decoder.framing.finish():
            for chunk in decoder.feed(frame):
                yield chunk
        for chunk in decoder.finish(cut=False):
            yield chunk

    async def _sent(self, request: HttpRequest) -> Exchange:
        exchange = await self.transport.send(request, timeouts=Timeouts())
        if exchange.head.status >= 400:
            error = self.errors.error(HttpResponse(exchange.head, await exchange.read()))
            assert error is not None
            raise error
        return exchange
