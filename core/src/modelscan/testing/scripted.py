"""A transport that plays a script, and a tiny provider to go with it: for tests of everything above the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import attrs
import msgspec

from modelscan.contracts.http import Frame, Framing, HttpRequest, HttpResponse, Repeat, ResponseHead, Target
from modelscan.contracts.provider import Connection, Provider
from modelscan.contracts.transport import Socket, Timeouts
from modelscan.errors import ModelScanError, ProviderError, StreamCutError, TransportError
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.messages import assistant
from modelscan.types.usage import Usage
from modelscan.wire.failures import provider_error


@attrs.define
class Answer:
    """One scripted answer: its pieces arrive one by one; `cut` ends it in an error of phase `read`, `broken` in its."""

    status: int = 200
    pieces: Sequence[bytes] = ()
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    broken: TransportError | None = None
    hang: bool = False


Step = Answer | ModelScanError | Callable[[HttpRequest], Answer]


class ScriptedExchange:
    """An answer under way; counts how often it was closed."""

    def __init__(self, answer: Answer) -> None:
        self.head = ResponseHead(answer.status, answer.headers)
        self.is_closed = False
        self._answer = answer

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self._answer.pieces:
            yield piece
        if self._answer.hang:
            await asyncio.Event().wait()
        if self._answer.broken is not None:
            raise self._answer.broken
        if self._answer.cut:
            raise TransportError("the connection was cut", phase="read")

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self.chunks()])

    async def close(self) -> None:
        self.is_closed = True


class ScriptedTransport:
    """Plays its steps in order, the last one again and again, and keeps what was sent.

    `answered` is set with the first answer.
    """

    def __init__(self, *steps: Step) -> None:
        self.requests: list[HttpRequest] = []
        self.exchanges: list[ScriptedExchange] = []
        self.answered = asyncio.Event()
        self.is_closed = False
        self._steps = list(steps)

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> ScriptedExchange:
        self.requests.append(request)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, ModelScanError):
            raise step
        exchange = ScriptedExchange(step if isinstance(step, Answer) else step(request))
        self.exchanges.append(exchange)
        self.answered.set()
        return exchange

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        raise TransportError("the script has no websockets", phase="connect")

    async def close(self) -> None:
        self.is_closed = True


class _Lines:
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [Frame(line) for line in lines if line]

    def finish(self) -> list[Frame]:
        return [Frame(self._rest)] if self._rest else []


class _Decoder:
    def __init__(self) -> None:
        self.framing: Framing = _Lines()
        self._has_end = False

    def feed(self, frame: Frame) -> list[ChatChunk]:
        if frame.data == b"end":
            self._has_end = True
            return [ChatChunk(finish_reason="stop", raw_finish_reason="end", usage=Usage(output_tokens=2))]
        if frame.data.startswith(b"error "):
            raise ProviderError(frame.data.decode(), status=500, retryable=True)
        return [ChatChunk(text=frame.data.decode(), wire="plain")]

    def finish(self, *, cut: bool) -> list[ChatChunk]:
        if not self._has_end:
            raise StreamCutError("the stream ended without its end")
        return []


@attrs.frozen
class PlainChat:
    """A wire format of lines: each a piece of text, `end` the last one."""

    repeat: Repeat = "unsafe"

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        body = msgspec.json.encode(request)
        key = (("idempotency-key", target.idempotency_key),) if target.idempotency_key else ()
        return HttpRequest(url=f"{target.base_url}/{target.model}", headers=key, body=body, repeat=self.repeat)

    encode_stream = encode

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        text = "".join(line for line in response.body.decode().splitlines() if line != "end")
        return ChatReply(message=assistant(text), finish_reason="stop", usage=Usage(output_tokens=2))

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> _Decoder:
        return _Decoder()


class PlainErrors:
    """Every status of 400 or more is an error, with the body as its message."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        return provider_error(response) if response.status >= 400 else None


def plain_provider(
    name: str = "plain", *, chat: PlainChat | None = None, connection: Connection | None = None
) -> Provider:
    """A provider of the plain format, without a key unless the connection says otherwise."""
    connection = connection or Connection(base_urls={"default": f"https://{name}.example.org"})
    return Provider(name=name, connection=connection, errors=PlainErrors(), chat=chat or PlainChat())
