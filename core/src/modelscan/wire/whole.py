"""A stream that isn't one: servers and proxies that answer with a whole body where a stream was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from modelscan.contracts.http import Frame, Framing, ResponseHead
from modelscan.types.chat import ChatChunk, ChatReply, ToolCallDelta
from modelscan.types.content import AnyPart, Reasoning, Refusal, Text, ToolCall
from modelscan.wire.sse import ServerSentEvents

_WHOLE = ("application/json", "text/html")


class WholeBody:
    """One frame, at the end, with all that arrived.

    An event stream under a wrong content type is read as one, and `is_stream` says so.
    """

    def __init__(self) -> None:
        self.is_stream = False
        self._body = bytearray()

    def feed(self, data: bytes) -> Sequence[Frame]:
        """Nothing yet."""
        self._body += data
        return ()

    def finish(self) -> Sequence[Frame]:
        """What arrived; no frame for nothing."""
        body = bytes(self._body).strip()
        if body.startswith((b"data:", b"event:", b":")):
            self.is_stream = True
            events = ServerSentEvents()
            return [*events.feed(body), *events.finish()]
        return (Frame(body),) if body else ()


def came_whole(framing: Framing) -> bool:
    """Whether what a framing took has turned out to be a whole body, and its one frame is that."""
    return isinstance(framing, WholeBody) and not framing.is_stream


def is_whole(head: ResponseHead) -> bool:
    """Whether a reply to a request for a stream says by its content type that it is none."""
    return head.media_type in _WHOLE


def framing_of(head: ResponseHead) -> Framing:
    """The framing of a reply to a request for a stream of server-sent events, by its content type."""
    return WholeBody() if is_whole(head) else ServerSentEvents()


def chunks_of(reply: ChatReply[Any], raw: bytes) -> list[ChatChunk]:
    """The chunks of a reply that came whole, as a reader of streams expects them; their fold is the reply.

    They tell the first answer alone; `raw` is the frame that it came in.
    """
    begin = ChatChunk(
        id=reply.id,
        model=reply.model,
        wire=reply.message.wire,
        usage=reply.usage if reply.usage.is_reported else None,
        reply_extra=reply.extra,
        raw=raw,
    )
    end = ChatChunk(finish_reason=reply.finish_reason, raw_finish_reason=reply.raw_finish_reason, raw=raw)
    parts = [_chunk(part, index, raw) for index, part in enumerate(reply.message.content)]
    return [begin, *parts, *([end] if reply.finish_reason is not None else [])]


def _chunk(part: AnyPart, index: int, raw: bytes) -> ChatChunk:
    if isinstance(part, ToolCall):
        call = ToolCallDelta(part.id, part.name, part.arguments)
        return ChatChunk(tool_call=call, signature=part.signature, extra=part.extra, index=index, raw=raw)
    # What is read piece by piece stands in its own field, and the part holds the rest.
    if isinstance(part, Text):
        return ChatChunk(text=part.text, part=_without_text(part), index=index, raw=raw)
    if isinstance(part, Reasoning):
        return ChatChunk(reasoning=part.text, part=_without_text(part), index=index, raw=raw)
    if isinstance(part, Refusal):
        return ChatChunk(refusal=part.text, part=_without_text(part), index=index, raw=raw)
    return ChatChunk(part=part, index=index, raw=raw)


def _without_text(part: Text | Reasoning | Refusal) -> AnyPart:
    return msgspec.structs.replace(part, text="")
