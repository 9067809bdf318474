"""Decoding in every way that the suites compare: whole, streamed, split, cut, with frames changed on the way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.http import Frame, HttpResponse
from modelscan.contracts.operations import StreamDecoder
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply
from modelscan.types.content import Text, ToolCall

_EVERY_BYTE: Final = 4096
_CHUNKINGS: Final = 20
_CUTS: Final = 40
_INCIDENTAL: Final = frozenset({"raw_body", "id", "request_id", "model", "provider", "cost"})
"""Of a reply that isn't a chat's: what differs between two answers that say the same."""


def chunks_of_pieces(decoder: StreamDecoder[ChatChunk], pieces: Iterable[bytes]) -> list[ChatChunk]:
    """The chunks of a whole stream that arrives in these pieces."""
    chunks = [chunk for piece in pieces for frame in decoder.framing.feed(piece) for chunk in decoder.feed(frame)]
    chunks += [chunk for frame in decoder.framing.finish() for chunk in decoder.feed(frame)]
    return [*chunks, *decoder.finish(cut=False)]


def chunks_of_frames(decoder: StreamDecoder[ChatChunk], frames: Iterable[Frame]) -> list[ChatChunk]:
    """The chunks of a whole stream of these frames."""
    return [*(chunk for frame in frames for chunk in decoder.feed(frame)), *decoder.finish(cut=False)]


def frames_of(decoder: StreamDecoder[ChatChunk], stream: HttpResponse) -> list[Frame]:
    """The frames of a stream."""
    return [*decoder.framing.feed(stream.body), *decoder.framing.finish()]


def folded(chunks: Iterable[ChatChunk]) -> ChatReply[None]:
    """The reply that chunks make up."""
    fold = ChatFold()
    fold.extend(chunks)
    return fold.reply()


def splits(body: bytes) -> Iterator[Sequence[bytes]]:
    """Ways to split a stream: byte by byte; up to 4 KB at every place, a longer one at twenty seeded sets of places."""
    yield [body[at : at + 1] for at in range(len(body))]
    if len(body) <= _EVERY_BYTE:
        yield from ([body[:at], body[at:]] for at in range(1, len(body)))
        return
    places = random.Random(len(body))
    for _ in range(_CHUNKINGS):
        cuts = sorted(places.sample(range(1, len(body)), k=_CUTS))
        yield [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def facts(reply: Any) -> dict[str, Any]:
    """What of a reply every way of reading it must agree on, in plain words for a message. Any reply Struct."""
    if hasattr(reply, "vectors"):
        return {"vectors": reply.vectors}
    if not isinstance(reply, ChatReply):
        told = msgspec.structs.asdict(reply) if isinstance(reply, msgspec.Struct) else {"reply": reply}
        return {name: value for name, value in told.items() if name not in _INCIDENTAL}
    usage = reply.usage
    return {
        "text": "".join(part.text for part in reply.message.content if isinstance(part, Text)),
        "reasoning": reply.reasoning,
        "refusal": reply.refusal,
        "tool calls": [(call.name, _arguments(call)) for call in reply.tool_calls],
        "finish reason": reply.finish_reason,
        "input tokens": usage.input_tokens,
        "output tokens": usage.output_tokens,
        "cached tokens": usage.cached_tokens,
        "reasoning tokens": usage.reasoning_tokens,
    }


def differences(expected: Any, found: Any) -> list[str]:  # reply Structs
    """How two replies differ, a line for each fact; empty where they don't."""
    left, right = facts(expected), facts(found)
    return [f"{name}: {right[name]!r} instead of {left[name]!r}" for name in left if right.get(name) != left[name]]


def _arguments(call: ToolCall) -> object:
    try:
        return call.args
    except ValueError:
        return call.arguments
