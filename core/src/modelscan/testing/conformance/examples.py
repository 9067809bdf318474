"""Examples: a request and the bytes that answer it, written by a family's server or given by an author."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Operation, StreamingOperation
from modelscan.contracts.provider import Provider
from modelscan.contracts.servers import ServerCall, ServerCodec
from modelscan.errors import ModelScanError
from modelscan.testing.conformance.samples import CHAT, CHAT_REPLIES, EMBEDDING, REQUESTS
from modelscan.testing.fake_server import stream_events
from modelscan.types.chat import ChatReply


@attrs.frozen(kw_only=True)
class Example:
    """What a vendor answers: whole, as a stream, or both ways the same.

    `expected` is the reply that it must be read as, where that is known; its message, finish reason and usage are
    compared. `origin` says where the bytes come from: recorded against what and when, or written from which document.
    """

    name: str
    origin: str
    request: Any  # a request Struct
    capability: str = "chat"
    whole: HttpResponse | None = None
    stream: HttpResponse | None = None
    expected: Any = None  # a reply Struct


@attrs.frozen(kw_only=True)
class Golden:
    """A request and what must be sent for it.

    `body` is the decoded JSON, or the bytes; `headers` must be among those that are sent.
    """

    name: str
    request: Any  # a request Struct
    body: Any
    capability: str = "chat"
    url: str = ""
    headers: Headers = ()
    is_stream: bool = False
    params: dict[str, str] = attrs.field(factory=dict)


_LAST: Final = {"completions": 0, "responses": 1, "messages": 2}


def server_of(provider: Provider, target: Target) -> ServerCodec | None:
    """The server's side of the family that a provider's chat is of; None for a format of its own."""
    from modelscan.wire.anthropic import MessagesServer
    from modelscan.wire.gemini import GeminiServer
    from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer

    if not isinstance(provider.chat, Operation):
        return None
    try:
        path = provider.chat.encode(CHAT, target).url.partition("?")[0]
    except ModelScanError:
        return None
    if path.endswith(("generateContent", "streamGenerateContent")):
        return cast(ServerCodec, GeminiServer())  # its `paths` is a tuple, not any sequence
    place = _LAST.get(path.rpartition("/")[2])
    return None if place is None else (OpenAIServer(), ResponsesServer(), MessagesServer())[place]


def written_by(server: ServerCodec, provider: Provider, target: Target) -> Iterator[Example]:
    """The sample answers as the family's server writes them."""
    origin = f"written by {type(server).__name__}, which is held to recordings by its own tests"
    chat = provider.chat
    for name, (request, reply) in CHAT_REPLIES.items() if isinstance(chat, Operation) else ():
        assert isinstance(chat, Operation)
        whole = server.reply(reply, _call(server, chat.encode(request, target), request))
        stream = None
        if isinstance(chat, StreamingOperation):
            headers, events = stream_events(server, _call(server, chat.encode_stream(request, target), request), reply)
            stream = HttpResponse(ResponseHead(200, headers), b"".join(events))
        yield Example(name=name, origin=origin, request=request, whole=whole, stream=stream, expected=reply)
    if isinstance(provider.embed, Operation):
        embedding: Any = REQUESTS["embed"]
        try:
            call = server.parse(provider.embed.encode(embedding, target))
        except ModelScanError:  # embeddings in a format of their own
            return
        whole = server.reply(EMBEDDING, call)
        yield Example(
            name="vectors", origin=origin, request=embedding, capability="embed", whole=whole, expected=EMBEDDING
        )


def _call(server: ServerCodec, sent: HttpRequest, request: Any) -> ServerCall:
    """The call as the server reads it; one of a dialect that it can't read is taken as it was meant."""
    try:
        return server.parse(sent)
    except ModelScanError:
        return ServerCall(request=request, model="conformance-model")


def error_event(server: ServerCodec, example: Example, error: Any, target: Target) -> Sequence[bytes]:
    """A stream of which an error is the last event, after a piece of the answer."""
    encoder = server.stream(ServerCall(request=example.request, model=target.model, is_stream=True))
    from modelscan.testing.pieces import chunks_of

    reply: ChatReply[None] = example.expected
    first = [encoder.encode(chunk) for chunk in list(chunks_of(reply))[:2]]
    return [*filter(None, first), encoder.error(error)]


def changed(request: Any, **fields: Any) -> Any:
    """A request Struct with other fields."""
    return msgspec.structs.replace(request, **fields)
