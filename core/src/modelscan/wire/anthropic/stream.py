"""A streamed answer of the Messages API: events to chunks whose fold is the whole answer.

Source: platform.claude.com's page on streaming, and recordings; read 2026-11. Unknown events and deltas are passed
over, as the vendor asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.http import Frame, Framing, HttpResponse, ResponseHead
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError, StreamCutError
from modelscan.types.chat import ChatChunk, FinishReason, ToolCallDelta
from modelscan.types.content import AnyPart, ProviderPart, Reasoning, Text, ToolCall
from modelscan.wire.anthropic.citations import citation
from modelscan.wire.anthropic.decode import WIRE, finish_reason, message_extra, part_of, reply_of, usage_extra
from modelscan.wire.anthropic.structs import Delta, Event, EventType, UsageBlock
from modelscan.wire.anthropic.usage import merged, usage_of
from modelscan.wire.unreadable import UNREADABLE
from modelscan.wire.whole import came_whole, chunks_of

_events: Final = msgspec.json.Decoder(Event)
_types: Final = msgspec.json.Decoder(EventType)
_NO_CHUNKS: Final[Sequence[ChatChunk]] = ()


class _OpenBlock:
    """A content block between its start and its stop."""

    __slots__ = ("calls_answer", "has_content", "part", "pieces")

    def __init__(self, part: AnyPart, *, calls_answer: bool) -> None:
        self.part = part
        self.calls_answer = calls_answer
        self.has_content = False
        self.pieces: list[str] = []

    def grow(self, delta: Mapping[str, Any]) -> None:
        """Takes a delta of a block that is kept whole: its input piece by piece, anything else by its name."""
        for name, value in delta.items():
            before = self.part.extra.get(name)
            if name == "partial_json":
                self.pieces.append(value or "")
            elif name != "type":
                self.part.extra[name] = before + value if isinstance(before, str) and isinstance(value, str) else value

    def whole(self) -> AnyPart:
        """The block as it would have come in one piece."""
        if joined := "".join(self.pieces):
            try:
                self.part.extra["input"] = msgspec.json.decode(joined)
            except UNREADABLE:  # the answer was cut off inside of it
                self.part.extra["input"] = joined
        return self.part


class MessagesDecoder:
    """Reads one stream. `answer_tool` is the tool whose call is the answer itself, where a schema is kept so."""

    def __init__(self, framing: Framing, errors: Errors, head: ResponseHead, answer_tool: str | None = None) -> None:
        self.framing = framing
        self._errors = errors
        self._head = head
        self._answer_tool = answer_tool
        self._usage: UsageBlock | None = None
        self._open: dict[int, _OpenBlock] = {}
        self._calls: list[AnyPart] = []
        self._is_whole = False
        self._on: Mapping[str, Callable[[Event, bytes], Sequence[ChatChunk]]] = {
            "content_block_delta": self._block_delta,
            "content_block_start": self._block_start,
            "content_block_stop": self._block_stop,
            "message_start": self._message_start,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
        }

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        """The chunks in one event. Raises a `ProviderError` for an error event, `DecodeError` for what is no event."""
        data = frame.data
        try:
            event = _events.decode(data)
        except UNREADABLE as error:
            event = self._unreadable(frame, error)
        kind = event.type or frame.event
        handle = self._on.get(kind)
        if handle is not None:
            return handle(event, data)
        if kind == "error":
            self._raise(data)
        if kind == "message" or came_whole(self.framing):
            return self._whole_body(data)
        return _NO_CHUNKS

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        """What is left. Raises `StreamCutError` where neither a stop reason nor `message_stop` came."""
        if not self._is_whole:
            how = "the connection broke" if cut else "the stream ended"
            raise StreamCutError(f"{how} before the message did: no stop reason came, and no message_stop")
        return self._close_all(b"")

    def _unreadable(self, frame: Frame, error: Exception) -> Event:
        """An event of which only the type is known; it is an error in one that matters."""
        try:
            kind = _types.decode(frame.data).type or frame.event
        except UNREADABLE:
            kind = ""
        if kind in ("", "message") or kind in self._on:
            raise DecodeError(f"an event of the stream is none of the Messages API: {error}") from error
        return Event(type=kind)

    def _raise(self, data: bytes) -> None:
        found = self._errors.error(HttpResponse(self._head, data))
        raise found or DecodeError(f"an error event that tells no error: {data[:300].decode('utf-8', 'replace')}")

    def _whole_body(self, data: bytes) -> Sequence[ChatChunk]:
        """The chunks of a whole answer, which some servers send in place of a stream."""
        reply = reply_of(HttpResponse(self._head, data), self._answer_tool)
        self._is_whole = True
        return chunks_of(reply, data)

    def _message_start(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        message = event.message
        if message is None:
            return _NO_CHUNKS
        self._usage = merged(self._usage, message.usage)
        begin = ChatChunk(
            id=message.id or "",
            model=message.model or "",
            wire=WIRE,
            usage=usage_of(self._usage) if self._usage else None,
            reply_extra=message_extra(message) | usage_extra(message.usage),
            raw=raw,
        )
        blocks = enumerate(message.content or ())
        return [begin, *[ChatChunk(part=part_of(block), index=index, raw=raw) for index, block in blocks]]

    def _block_start(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        index = event.index or 0
        if not event.content_block:
            raise DecodeError("a content block starts without saying what it is")
        part = part_of(event.content_block)
        block = _OpenBlock(part, calls_answer=isinstance(part, ToolCall) and part.name == self._answer_tool)
        self._open[index] = block
        chunk = self._beginning(block, index, raw)
        if chunk is None:
            return _served_by(part, raw)
        block.has_content = True
        return (chunk,)

    def _beginning(self, block: _OpenBlock, index: int, raw: bytes) -> ChatChunk | None:
        """What the start of a block tells already; a block that must come whole, or is empty yet, tells nothing."""
        part = block.part
        if isinstance(part, Text) and (part.text or part.citations):
            return ChatChunk(text=part.text, citations=part.citations, index=index, raw=raw)
        if isinstance(part, Reasoning) and part != Reasoning():
            return ChatChunk(part=part, index=index, raw=raw)
        if isinstance(part, ToolCall) and not block.calls_answer:
            self._calls.append(part)
            return ChatChunk(tool_call=ToolCallDelta(part.id, part.name), extra=part.extra, index=index, raw=raw)
        return None

    def _block_delta(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        delta = event.delta
        if delta is None:
            return _NO_CHUNKS
        index = event.index or 0
        block = self._open.get(index)
        if block is not None and isinstance(block.part, ProviderPart):
            block.grow(_whole_delta(raw))
            return _NO_CHUNKS
        chunk = self._piece(delta, block, index, raw)
        if chunk is None:
            return _NO_CHUNKS
        if block is not None:
            block.has_content = True
        return (chunk,)

    def _piece(self, delta: Delta, block: _OpenBlock | None, index: int, raw: bytes) -> ChatChunk | None:
        kind = delta.type
        if kind == "text_delta" and delta.text:
            return ChatChunk(text=delta.text, index=index, raw=raw)
        if kind == "thinking_delta" and delta.thinking:
            return ChatChunk(reasoning=delta.thinking, index=index, raw=raw)
        if kind == "input_json_delta" and delta.partial_json:
            if block is not None:
                block.pieces.append(delta.partial_json)
            return _arguments(delta.partial_json, block, index, raw)
        if kind == "signature_delta" and delta.signature:
            return ChatChunk(signature=delta.signature, index=index, raw=raw)
        if kind == "citations_delta" and delta.citation:
            return ChatChunk(citations=(citation(delta.citation),), index=index, raw=raw)
        return None

    def _block_stop(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        index = event.index or 0
        block = self._open.pop(index, None)
        return _NO_CHUNKS if block is None else self._close(block, index, raw)

    def _close(self, block: _OpenBlock, index: int, raw: bytes) -> Sequence[ChatChunk]:
        part = block.part
        if isinstance(part, ToolCall):
            # No piece at all stands for the input that the start told, which is {} in every stream seen.
            return () if block.pieces else (_arguments(part.arguments, block, index, raw),)
        if isinstance(part, ProviderPart):
            return (ChatChunk(part=block.whole(), index=index, raw=raw),)
        return () if block.has_content else (ChatChunk(part=part, index=index, raw=raw),)

    def _close_all(self, raw: bytes) -> Sequence[ChatChunk]:
        chunks = [chunk for index, block in self._open.items() for chunk in self._close(block, index, raw)]
        self._open.clear()
        return chunks

    def _message_delta(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        delta = event.delta or Delta()
        self._is_whole |= delta.stop_reason is not None
        self._usage = merged(self._usage, event.usage)
        extra = message_extra(delta) | usage_extra(event.usage)
        extra |= message_extra(event)
        reason: FinishReason | None = finish_reason(delta.stop_reason, self._calls, self._answer_tool)
        return (
            ChatChunk(
                finish_reason=reason,
                raw_finish_reason=delta.stop_reason or "",
                usage=usage_of(self._usage) if event.usage else None,
                reply_extra=extra,
                raw=raw,
            ),
        )

    def _message_stop(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        self._is_whole = True
        return self._close_all(raw)


def _whole_delta(raw: bytes) -> Mapping[str, Any]:
    """A delta with the fields that no other block has."""
    try:
        delta: Mapping[str, Any] = msgspec.json.decode(raw)["delta"]
    except UNREADABLE as error:
        raise DecodeError(f"the delta of a content block can't be read: {error}") from error
    return delta


def _served_by(part: AnyPart, raw: bytes) -> Sequence[ChatChunk]:
    """The model that goes on with the answer, at the block that tells where another's ends."""
    if not isinstance(part, ProviderPart) or part.kind != "fallback":
        return _NO_CHUNKS
    to = part.extra.get("to")
    model = to.get("model") if isinstance(to, dict) else None
    return (ChatChunk(model=model, raw=raw),) if isinstance(model, str) and model else _NO_CHUNKS


def _arguments(piece: str, block: _OpenBlock | None, index: int, raw: bytes) -> ChatChunk:
    if block is not None and block.calls_answer:
        return ChatChunk(text=piece, index=index, raw=raw)
    return ChatChunk(tool_call=ToolCallDelta(arguments=piece), index=index, raw=raw)
