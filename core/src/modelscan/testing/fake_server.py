"""A vendor's server on 127.0.0.1, made of its family's `ServerCodec`: it answers right, or wrong in a chosen way.

async with FakeServer(MessagesServer(), reply, Faulty(reply, cut_after=2)) as server:
    client = AsyncClient(base_urls={"anthropic": server.url}, ...)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import attrs

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.servers import ServerCall, ServerCodec
from modelscan.errors import ProviderError
from modelscan.testing.loopback import Conversation, LoopbackServer
from modelscan.testing.pieces import chunks_of
from modelscan.types.chat import ChatReply


@attrs.frozen(kw_only=True)
class Faulty:
    """An answer with something wrong, or slow, about it.

    `latency_s` passes before the head, `gap_s` after each event (a slow drip). `status` and `content_type` replace
    those of the answer. `cut_after` events (0: none of the body) the connection ends without the end of the stream.
    `error_after` events an error comes in mid-stream. `is_malformed` ends a JSON body too early, or the last event of a
    stream; `is_head_cut` closes the connection inside the head.
    """

    reply: Any = attrs.field(kw_only=False)  # a reply Struct, or a ProviderError
    latency_s: float = 0.0
    gap_s: float = 0.0
    status: int | None = None
    content_type: str = ""
    cut_after: int | None = None
    error_after: int | None = None
    error: ProviderError = attrs.field(factory=lambda: ProviderError("the server broke in mid-stream", status=500))
    is_malformed: bool = False
    is_head_cut: bool = False
    headers: Headers = ()


class FakeServer(LoopbackServer):
    """Answers with its `answers` in turn, and with the last one again and again.

    An answer is a reply Struct, a `ProviderError`, or either of them `Faulty`. `calls` are the requests as the codec
    understood them; `requests` are those that arrived, raw. A request that is no request of the format gets the
    format's own error.
    """

    def __init__(self, codec: ServerCodec, *answers: Any) -> None:  # reply Structs of any kind
        super().__init__(self._serve)
        self.calls: list[ServerCall] = []
        self._codec = codec
        self._answers = list(answers)

    async def _serve(self, talk: Conversation) -> bool:
        await talk.read_body()
        got = talk.request
        try:
            call = self._codec.parse(HttpRequest(method=got.method, url=got.path, headers=got.headers, body=got.body))
        except ProviderError as error:
            return await _send(talk, self._codec.error(error), Faulty(error))
        self.calls.append(call)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        fault = answer if isinstance(answer, Faulty) else Faulty(answer)
        await asyncio.sleep(fault.latency_s)
        if fault.is_head_cut:
            await talk.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
            return False
        if isinstance(fault.reply, ProviderError):
            return await _send(talk, self._codec.error(fault.reply), fault)
        if call.is_stream:
            return await self._stream(talk, call, fault)
        return await _send(talk, self._codec.reply(fault.reply, call), fault)

    async def _stream(self, talk: Conversation, call: ServerCall, fault: Faulty) -> bool:
        encoder = self._codec.stream(call)
        status, headers = encoder.head
        head = ResponseHead(fault.status or status, _headers(headers, fault))
        await talk.head(head.status, [*head.headers, ("Transfer-Encoding", "chunked")])
        for piece in islice(_events(encoder, fault), fault.cut_after):
            await talk.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(fault.gap_s)
        if fault.cut_after is not None:
            return False
        await talk.write(b"0\r\n\r\n")
        return True


def stream_events(codec: ServerCodec, call: ServerCall, reply: ChatReply[Any]) -> tuple[Headers, list[bytes]]:
    """The headers and the events of a reply's stream, as the family's server writes them."""
    encoder = codec.stream(call)
    return encoder.head[1], list(_events(encoder, Faulty(reply)))


def _events(encoder: Any, fault: Faulty) -> Iterator[bytes]:
    chunks: Iterable[Any] = islice(chunks_of(fault.reply), fault.error_after)
    yield from filter(None, map(encoder.encode, chunks))
    if fault.error_after is not None:
        yield encoder.error(fault.error)
        return
    end = encoder.finish()
    yield end[: len(end) // 2] if fault.is_malformed else end


def _headers(headers: Headers, fault: Faulty) -> Headers:
    kept = [(name, value) for name, value in headers if not (fault.content_type and name == "content-type")]
    named = [("content-type", fault.content_type)] if fault.content_type else []
    return (*kept, *named, *fault.headers)


async def _send(talk: Conversation, response: HttpResponse, fault: Faulty) -> bool:
    body = response.body[: len(response.body) // 2] if fault.is_malformed else response.body
    headers = [*_headers(response.head.headers, fault), ("Content-Length", str(len(body)))]
    await talk.head(fault.status or response.status, headers)
    if fault.cut_after is not None:
        return False
    await talk.write(body)
    return True
