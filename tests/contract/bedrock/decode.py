"""Answers of Converse and ConverseStream.

Source: the service model of botocore 1.43.11 (bedrock-runtime) and recordings, read 2026-11. Nova's own format
(InvokeModel) has the same answers, but for two names in its usage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from bedrock.errors import stream_error
from modelscan.contracts.http import Frame, Framing, HttpResponse, ResponseHead
from modelscan.errors import DecodeError, StreamCutError
from modelscan.types.chat import ChatChunk, ChatReply, FinishReason, ToolCallDelta
from modelscan.types.content import AnyPart, Citation, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.messages import Message
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.event_stream import EventStream
from modelscan.wire.failures import request_id_of

WIRE: Final = "converse"

_FINISH: Final[dict[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}


class _CacheDetail(msgspec.Struct, rename="camel"):
    ttl: str = ""
    input_tokens: int = 0


class _Usage(msgspec.Struct, rename="camel"):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    cache_read_input_token_count: int = 0
    cache_write_input_token_count: int = 0
    cache_details: list[_CacheDetail] = []


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _ReasoningText(msgspec.Struct):
    text: str = ""
    signature: str | None = None


class _Reasoning(msgspec.Struct, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _CitedText(msgspec.Struct):
    text: str = ""


class _Cited(msgspec.Struct):
    content: list[_CitedText] = []
    citations: list[dict[str, Any]] = []


class _Block(msgspec.Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _Cited | None = None


class _Message(msgspec.Struct):
    content: list[msgspec.Raw]


class _Output(msgspec.Struct):
    message: _Message


class _Reply(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str | None = None
    usage: _Usage | None = None
    additional_model_response_fields: Any = None
    trace: Any = None
    service_tier: Any = None


class _ReasoningDelta(msgspec.Struct, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _ToolUseDelta(msgspec.Struct):
    input: str = ""


class _Delta(msgspec.Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolUseDelta | None = None
    reasoning_content: _ReasoningDelta | None = None
    citation: dict[str, Any] | None = None


class _Start(msgspec.Struct, rename="camel"):
    tool_use: _ToolUse | None = None


class _Event(msgspec.Struct, rename="camel"):
    content_block_index: int = 0
    start: _Start | None = None
    delta: _Delta | None = None
    stop_reason: str | None = None
    usage: _Usage | None = None
    additional_model_response_fields: Any = None
    trace: Any = None
    service_tier: Any = None


_replies: Final = msgspec.json.Decoder(_Reply)
_blocks: Final = msgspec.json.Decoder(_Block)
_events: Final = msgspec.json.Decoder(_Event)


def reply_of(response: HttpResponse) -> ChatReply[None]:
    """The reply in a 2xx response. Raises `DecodeError` for a body that is no answer of Converse."""
    try:
        body = _replies.decode(response.body)
        parts = tuple([_part(raw) for raw in body.output.message.content])
    except msgspec.MsgspecError as error:
        raise DecodeError(f"the body is no answer of Converse: {error}") from error
    return ChatReply(
        message=Message("assistant", parts, wire=WIRE),
        finish_reason=_finish_reason(body.stop_reason),
        raw_finish_reason=body.stop_reason or "",
        usage=_usage(body.usage),
        request_id=request_id_of(response),
        extra=_extra(body),
        raw_body=response.body,
    )


class ConverseDecoder:
    """Reads one stream; a subclass may say how an event is told in a message."""

    def __init__(self, head: ResponseHead) -> None:
        self.framing: Framing = EventStream()
        self._head = head
        self._calls: dict[int, bool] = {}
        self._is_whole = False

    def event(self, frame: Frame) -> tuple[str, bytes]:
        """The event's name and its JSON."""
        return frame.event, frame.data

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        """The chunks in one message. Raises a `ProviderError` for an exception in mid-stream."""
        error = stream_error(frame, self._head)
        if error is not None:
            raise error
        try:
            name, data = self.event(frame)
            return self._chunks(name, _events.decode(data), frame.data)
        except (msgspec.MsgspecError, ValueError) as wrong:
            raise DecodeError(f"a message of the stream is no event of Converse: {wrong}") from wrong

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        """Raises `StreamCutError` where no stop reason came."""
        if not self._is_whole:
            raise StreamCutError("the stream ended before its stop reason came")
        return [chunk for index in list(self._calls) for chunk in self._closed(index, b"")]

    def _chunks(self, name: str, event: _Event, raw: bytes) -> Sequence[ChatChunk]:
        index = event.content_block_index
        if name == "messageStart":
            return (ChatChunk(wire=WIRE, raw=raw),)
        if name == "contentBlockStart" and event.start is not None and event.start.tool_use is not None:
            call = event.start.tool_use
            self._calls[index] = False
            return (ChatChunk(tool_call=ToolCallDelta(call.tool_use_id, call.name), index=index, raw=raw),)
        if name == "contentBlockDelta" and event.delta is not None:
            return self._piece(event.delta, index, raw)
        if name == "contentBlockStop":
            return self._closed(index, raw)
        if name == "messageStop":
            self._is_whole = True
            reason = event.stop_reason
            return (
                ChatChunk(
                    finish_reason=_finish_reason(reason),
                    raw_finish_reason=reason or "",
                    reply_extra=_extra(event),
                    raw=raw,
                ),
            )
        if name == "metadata":
            return (ChatChunk(usage=_usage(event.usage), reply_extra=_extra(event), raw=raw),)
        return ()

    def _piece(self, delta: _Delta, index: int, raw: bytes) -> Sequence[ChatChunk]:
        if delta.text is not None:
            return (ChatChunk(text=delta.text, index=index, raw=raw),)
        if delta.tool_use is not None:
            self._calls[index] = bool(delta.tool_use.input) or self._calls.get(index, False)
            return (ChatChunk(tool_call=ToolCallDelta(arguments=delta.tool_use.input), index=index, raw=raw),)
        if delta.citation is not None:
            return (ChatChunk(citations=(_citation(delta.citation),), index=index, raw=raw),)
        thought = delta.reasoning_content
        if thought is None:
            return ()
        if thought.redacted_content is not None:
            return (ChatChunk(part=Reasoning(encrypted=thought.redacted_content), index=index, raw=raw),)
        return (ChatChunk(reasoning=thought.text or "", signature=thought.signature, index=index, raw=raw),)

    def _closed(self, index: int, raw: bytes) -> Sequence[ChatChunk]:
        """A call without a single piece of input has none: `{}`, as a whole answer says."""
        if self._calls.pop(index, True):
            return ()
        return (ChatChunk(tool_call=ToolCallDelta(arguments="{}"), index=index, raw=raw),)


def _part(raw: msgspec.Raw) -> AnyPart:
    block = _blocks.decode(raw)
    if block.text is not None:
        return Text(text=block.text)
    if block.tool_use is not None:
        call = block.tool_use
        return ToolCall(id=call.tool_use_id, name=call.name, arguments=bytes(call.input).decode())
    if block.reasoning_content is not None:
        thought = block.reasoning_content.reasoning_text
        if thought is None:
            return Reasoning(encrypted=block.reasoning_content.redacted_content)
        return Reasoning(text=thought.text, signature=thought.signature)
    if block.citations_content is not None:
        cited = block.citations_content
        text = "".join([piece.text for piece in cited.content])
        return Text(text=text, citations=tuple([_citation(one) for one in cited.citations]))
    fields = msgspec.json.decode(raw, type=dict[str, Any])
    return ProviderPart(kind=next(iter(fields), ""), extra=fields)


def _citation(told: dict[str, Any]) -> Citation:
    location: dict[str, dict[str, Any]] = told.get("location") or {}
    kind = next(iter(location), "")
    place = location.get(kind, {})
    return Citation(
        url=place.get("url", ""),
        title=told.get("title") or "",
        text="".join([piece.get("text", "") for piece in told.get("sourceContent") or ()]),
        document=told.get("source") or "",
        location=kind,
        source_start=place.get("start"),
        source_end=place.get("end"),
        extra=told,
    )


def _finish_reason(reason: str | None) -> FinishReason | None:
    return None if reason is None else _FINISH.get(reason, "other")


def _usage(told: _Usage | None) -> Usage:
    """Tokens as we count them: the vendor counts what came from and went into a cache beside its input."""
    if told is None:
        return UNREPORTED
    read = told.cache_read_input_tokens or told.cache_read_input_token_count
    written = told.cache_write_input_tokens or told.cache_write_input_token_count
    return Usage(
        input_tokens=told.input_tokens + read + written,
        output_tokens=told.output_tokens,
        cached_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=sum([detail.input_tokens for detail in told.cache_details if detail.ttl == "1h"]),
    )


def _extra(told: _Reply | _Event) -> dict[str, Any]:
    names = {
        "additionalModelResponseFields": told.additional_model_response_fields,
        "trace": told.trace,
        "serviceTier": told.service_tier,
    }
    return {name: value for name, value in names.items() if value is not None}
