"""Whole bodies and streams to be broken: as the servers' side writes them, and as vendors' servers did (recordings).

A seed is the frames of one body: for a stream each event or element as it stands in the bytes, for a whole body one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import recordings
from modelscan.contracts.servers import ServerCall, ServerCodec
from modelscan.errors import BadRequestError, ModelScanError, OverloadedError, ProviderError, RateLimitError
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest, TokenLogprob, ToolCallDelta
from modelscan.types.content import AnyPart, Audio, Citation, Image, ProviderPart, Reasoning, Refusal, Text, ToolCall
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.messages import Message, user
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import MessagesServer
from modelscan.wire.gemini import GeminiServer
from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer

Seed = tuple[bytes, ...]

CHAT: Final = ChatRequest(messages=(user("Hello"),))
EMBED: Final = EmbedRequest(inputs=("a", "b"))
LARGEST_BYTES: Final = 20_000
RECORDED_PER_KIND: Final = 60

_USAGE: Final = Usage(
    input_tokens=30,
    output_tokens=20,
    cached_tokens=5,
    cache_write_tokens=2,
    reasoning_tokens=4,
    audio_input_tokens=1,
    image_output_tokens=1,
    searches=1,
)
_PARTS: Final[tuple[AnyPart, ...]] = (
    Reasoning(text="Hm.", signature="c2ln"),
    Reasoning(encrypted="c2VjcmV0"),
    Text(text="Blue \U0001f600", citations=(Citation(url="https://e.example", title="E", text="b", location="url"),)),
    ToolCall(id="t", name="f", arguments='{"a":[1,{"b":null}]}'),
    ToolCall(id="u", name="g", arguments="{}"),
    Refusal(text="No."),
    Image(data=b"\x89PNG", media_type="image/png"),
    Audio(data=b"RIFF", media_type="audio/wav", transcript="Blue"),
    ProviderPart(kind="server_tool_use", extra={"type": "server_tool_use", "id": "s", "name": "w", "input": {"q": 1}}),
)
_LOGPROBS: Final = (TokenLogprob("Blue", -0.5, (66, 108), (TokenLogprob("Red", -1.5),)),)
_ERRORS: Final[tuple[ProviderError, ...]] = (
    OverloadedError("busy", status=503),
    RateLimitError("slow", status=429, retry_after_s=2.5),
    BadRequestError("wrong", status=400, code="x"),
)


def replies() -> list[ChatReply[None]]:
    """A reply with everything, and one for each part alone."""
    everything: list[tuple[AnyPart, ...]] = [_PARTS, *((part,) for part in _PARTS), ()]
    return [
        ChatReply(
            message=Message("assistant", parts),
            finish_reason="tool_calls" if len(parts) > 1 else "stop",
            usage=_USAGE,
            model="m",
            id="r",
            logprobs=_LOGPROBS,
        )
        for parts in everything
    ]


def chunks() -> list[ChatChunk]:
    """A stream with everything, piece by piece."""
    return [
        ChatChunk(id="r", model="m", reasoning="H", index=0),
        ChatChunk(reasoning="m.", index=0),
        ChatChunk(signature="c2ln", index=0),
        ChatChunk(text="Bl", index=1, logprobs=_LOGPROBS),
        ChatChunk(text="ue \U0001f600", index=1),
        ChatChunk(tool_call=ToolCallDelta("t", "f", '{"a":'), index=2),
        ChatChunk(tool_call=ToolCallDelta(arguments="1}"), index=2),
        ChatChunk(tool_call=ToolCallDelta("u", "g", "{}"), index=3),
        ChatChunk(part=_PARTS[-1], index=4),
        ChatChunk(finish_reason="tool_calls", usage=_USAGE),
    ]


def written_whole(server: ServerCodec) -> list[Seed]:
    """Every reply, and every error, as the server writes it."""
    call = ServerCall(request=CHAT, model="m")
    bodies = [body for reply in replies() if (body := _body(server, reply, call))]
    return [*((body,) for body in bodies), *((server.error(error).body,) for error in _ERRORS)]


def written_streams(server: ServerCodec) -> list[Seed]:
    """The stream with everything, ones of each reply's parts, and ones that break off in an error."""
    call = ServerCall(request=CHAT, model="m", is_stream=True)
    seeds = [_stream(server, call, chunks(), None)]
    for reply in replies():
        parts = [ChatChunk(part=part, index=index) for index, part in enumerate(reply.message.content)]
        seeds.append(_stream(server, call, [*parts, ChatChunk(finish_reason="stop", usage=_USAGE)], None))
    seeds += [_stream(server, call, chunks()[:4], error) for error in _ERRORS]
    return [seed for seed in seeds if seed]


def _body(server: ServerCodec, reply: ChatReply[None], call: ServerCall) -> bytes:
    try:
        return server.reply(reply, call).body
    except ModelScanError:  # the format has no word for a part
        return b""


def _stream(server: ServerCodec, call: ServerCall, told: Iterable[ChatChunk], error: ProviderError | None) -> Seed:
    encoder = server.stream(call)
    try:
        written = [encoder.encode(chunk) for chunk in told]
        written.append(encoder.finish() if error is None else encoder.error(error))
    except ModelScanError:  # the same
        return ()
    return events(b"".join(written))


def embeddings(server: ServerCodec) -> list[Seed]:
    """Vectors as the server writes them, and as base64 of 32-bit floats, which OpenAI's sends."""
    reply = EmbedReply(vectors=((0.5, -1.0), (0.25, 1e-7)), usage=_USAGE, model="m", id="r")
    call = ServerCall(request=EMBED, model="m")
    packed = (
        b'{"data":[{"embedding":"AACAPw==","index":1},{"embedding":"AAAAPw==","index":0}],"usage":{"total_tokens":2}}'
    )
    return [(packed,), (server.reply(reply, call).body,), *((server.error(error).body,) for error in _ERRORS)]


def events(body: bytes) -> Seed:
    """A stream of events cut behind each blank line, an array or a body as one."""
    if not re.match(rb"\s*(data|event|id|retry)?:", body):
        return (body,)
    return tuple(piece for piece in re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", body) if piece)


@cache
def recorded(providers: tuple[str, ...], *, stream: bool, mark: bytes) -> tuple[Seed, ...]:
    """Recorded bodies that hold a mark, small ones, chosen by lot but always the same; none where there are none."""
    if not recordings.RECORDINGS.is_dir():
        return ()
    found = [
        recording.response.body
        for provider in providers
        for recording in recordings.interactions(provider=provider, stream=stream)
        if mark in recording.response.body and len(recording.response.body) <= LARGEST_BYTES
    ]
    found = sorted(set(found))
    return tuple(events(body) for body in random.Random(1).sample(found, min(RECORDED_PER_KIND, len(found))))


SERVERS: Final[dict[str, Any]] = {
    "openai": OpenAIServer(),
    "responses": ResponsesServer(),
    "anthropic": MessagesServer(),
    "gemini": GeminiServer(),
}
