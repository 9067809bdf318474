"""What is fuzzed: each target reads bytes, and may raise nothing but ModelScan's own errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import fuzz_seeds as seeds
from event_stream_writer import message, text
from fuzz_seeds import SERVERS, Seed
from modelscan.contracts.http import Framing, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors, Operation, StreamingOperation
from modelscan.errors import ModelScanError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import AudioOptions, ChatChunk, ChatReply, ChatRequest, ReasoningOptions
from modelscan.types.content import Image, Text, ToolCall
from modelscan.types.embed import EmbedReply
from modelscan.types.messages import Message, system, tool_result, user
from modelscan.types.tools import JsonSchema, Tool
from modelscan.types.versioned import dump, load
from modelscan.wire.anthropic import AnthropicErrors, Messages
from modelscan.wire.event_stream import EventStream
from modelscan.wire.gemini import GeminiErrors, GenerateContent
from modelscan.wire.gemini.embed import EmbedContent
from modelscan.wire.gemini.framing import ArrayOrWhole, GeminiEvents
from modelscan.wire.json_array import JsonArray
from modelscan.wire.multipart import MultipartMixed
from modelscan.wire.ndjson import NdJson
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.raw import Raw
from modelscan.wire.sse import ServerSentEvents
from modelscan.wire.whole import WholeBody

TARGET: Final = Target(base_urls={"default": "https://api.example.org/v1"}, model="m")
SPOKEN: Final = ChatRequest(
    messages=(user("Hello"),), audio=AudioOptions("v"), response_format=JsonSchema({"type": "object"})
)
_SSE: Final = ResponseHead(200, (("content-type", "text/event-stream"),))
_JSON: Final = ResponseHead(200, (("content-type", "application/json"),))

Run = Callable[[Sequence[bytes]], None]
"""Reads a body that arrives in these pieces."""


@dataclass(frozen=True)
class FuzzTarget:
    """Something that reads foreign bytes, and what to break for it."""

    name: str
    run: Run
    make_seeds: Callable[[], Sequence[Seed]]


def survives(target: FuzzTarget, pieces: Sequence[bytes]) -> bool:
    """Whether the bytes were read without an error; raises whatever isn't an error of ModelScan's."""
    try:
        target.run(pieces)
    except ModelScanError as error:
        str(error)
        return False
    return True


def _frames(make: Callable[[], Framing]) -> Run:
    def run(pieces: Sequence[bytes]) -> None:
        framing = make()
        for piece in pieces:
            framing.feed(piece)
        framing.finish()

    return run


def _stream(operation: StreamingOperation[Any, Any, ChatChunk], head: ResponseHead, request: ChatRequest) -> Run:
    def run(pieces: Sequence[bytes]) -> None:
        decoder = operation.decoder(head, request, TARGET)
        fold = ChatFold()
        try:
            for piece in pieces:
                for frame in decoder.framing.feed(piece):
                    fold.extend(_sound(decoder.feed(frame)))
            for frame in decoder.framing.finish():
                fold.extend(_sound(decoder.feed(frame)))
            fold.extend(_sound(decoder.finish(cut=False)))
        finally:
            assert_stores(fold.reply(), ChatReply[None])

    return run


def _sound(chunks: Sequence[ChatChunk]) -> Sequence[ChatChunk]:
    for chunk in chunks:
        assert_stores(chunk, ChatChunk)
    return chunks


def _whole(operation: Operation[Any, Any], request: Any) -> Run:
    def run(pieces: Sequence[bytes]) -> None:
        reply = operation.decode(HttpResponse(_JSON, b"".join(pieces)), request, TARGET)
        assert_stores(reply, EmbedReply if isinstance(reply, EmbedReply) else ChatReply[None])

    return run


def _error(errors: Errors) -> Run:
    def run(pieces: Sequence[bytes]) -> None:
        body = b"".join(pieces)
        for status in (200, 400, 429, 503):
            found = errors.error(HttpResponse(ResponseHead(status), body))
            assert found is not None or status == 200
            assert found is None or isinstance(str(found), str)

    return run


def _parse(name: str, url: str) -> Run:
    def run(pieces: Sequence[bytes]) -> None:
        call = SERVERS[name].parse(HttpRequest(url=url, body=b"".join(pieces)))
        assert_stores(call.request, type(call.request))

    return run


def assert_stores(value: Any, type_: Any) -> None:
    """The value is of the types that it declares, so that it can be stored and read again."""
    load(dump(value), type_)


FRAMINGS: Final[dict[str, Callable[[], Framing]]] = {
    "sse": ServerSentEvents,
    "gemini events": GeminiEvents,
    "ndjson": NdJson,
    "json array": JsonArray,
    "array or whole": ArrayOrWhole,
    "event stream": EventStream,
    "multipart": lambda: MultipartMixed("b"),
    "raw": Raw,
    "whole body": WholeBody,
}


def _array(seed: Seed) -> Seed:
    """A stream of events as an array: an element and what stands before it are one frame."""
    elements = [found[1] for event in seed if (found := re.search(rb"data: (.*)", event))]
    return (*(b"[" + one if not at else b",\n" + one for at, one in enumerate(elements)), b"]")


def _chat_seeds(name: str, *, stream: bool) -> Callable[[], Sequence[Seed]]:
    def make() -> Sequence[Seed]:
        _, providers, mark = OPERATIONS[name]
        server = SERVERS[name]
        written = seeds.written_streams(server) if stream else seeds.written_whole(server)
        return [*written, *seeds.recorded(providers, stream=stream, mark=mark)]

    return make


def framing_seeds() -> Sequence[Seed]:
    """Streams in every framing: each is broken for each."""
    events = seeds.written_streams(SERVERS["openai"])[:3]
    parts = (b"--b\r\nContent-Type: a/b\r\n\r\nxyz\r\n", b"--b\r\n\r\n{}\r\n", b"--b--")
    messages = tuple(message(text(":event-type", "chunk"), b'{"a":%d}' % number) for number in range(3))
    lines = tuple(b'{"a":[%d]}\n' % number for number in range(4))
    return [*events, *(_array(seed) for seed in events), parts, messages, lines]


_CONVERSATION: Final = ChatRequest(
    messages=(
        system("Be brief."),
        user("Hello", Image(data=b"\x89PNG", media_type="image/png")),
        Message("assistant", (Text(text="Blue"), ToolCall(id="t", name="f", arguments='{"a":1}'))),
        tool_result("t", "5"),
    ),
    tools=(Tool("f", "F", {"type": "object", "properties": {"a": {"type": "integer"}}}),),
    response_format=JsonSchema({"type": "object"}),
    max_output_tokens=4096,
    tool_choice="auto",
    reasoning=ReasoningOptions(effort="low"),
)
_MANY: Final = ("openai", "azure", "groq", "mistral", "deepseek", "openrouter", "together", "fireworks", "xai")
_GEMINI: Final = ("gemini", "vertex")

OPERATIONS: Final[dict[str, tuple[Any, tuple[str, ...], bytes]]] = {
    "openai": (ChatCompletions(), _MANY, b'"choices"'),
    "responses": (Responses(), ("openai", "azure"), b"response"),
    "anthropic": (Messages(), ("anthropic",), b'"type"'),
    "gemini": (GenerateContent(), _GEMINI, b'"candidates"'),
}

_REQUESTS: Final = {
    "openai": "/v1/chat/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:generateContent",
}


def _of_each_format() -> Iterator[FuzzTarget]:
    for name, (operation, *_) in OPERATIONS.items():
        streams, bodies = _chat_seeds(name, stream=True), _chat_seeds(name, stream=False)
        yield FuzzTarget(f"stream: {name}", _stream(operation, _SSE, SPOKEN), streams)
        yield FuzzTarget(f"whole in a stream: {name}", _stream(operation, _JSON, SPOKEN), bodies)
        yield FuzzTarget(f"whole: {name}", _whole(operation, SPOKEN), bodies)
        yield FuzzTarget(f"requests: {name}", _parse(name, _REQUESTS[name]), partial(_asked, operation))


def _asked(operation: Any) -> Sequence[Seed]:
    return [(operation.encode(_CONVERSATION, TARGET).body,)]


def _arrays() -> Sequence[Seed]:
    return [_array(seed) for seed in seeds.written_streams(SERVERS["gemini"])]


_EMBEDDINGS: Final[dict[str, Any]] = {"openai": Embeddings(), "gemini": EmbedContent()}
_ERRORS: Final[dict[str, Errors]] = {
    "openai": OpenAIErrors(),
    "anthropic": AnthropicErrors(),
    "gemini": GeminiErrors(),
}

TARGETS: Final[dict[str, FuzzTarget]] = {
    target.name: target
    for target in (
        *(FuzzTarget(f"framing: {name}", _frames(make), framing_seeds) for name, make in FRAMINGS.items()),
        *_of_each_format(),
        FuzzTarget("stream: gemini array", _stream(GenerateContent(), _JSON, SPOKEN), _arrays),
        *(
            FuzzTarget(f"embeddings: {name}", _whole(operation, seeds.EMBED), partial(seeds.embeddings, SERVERS[name]))
            for name, operation in _EMBEDDINGS.items()
        ),
        *(
            FuzzTarget(f"errors: {name}", _error(errors), _chat_seeds(name, stream=False))
            for name, errors in _ERRORS.items()
        ),
    )
}
"""All of them, by name."""
