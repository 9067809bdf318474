"""A whole answer of the Messages API, from its bytes to a `ChatReply`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.http import HttpResponse
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatReply, FinishReason
from modelscan.types.content import AnyPart, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.messages import Message
from modelscan.wire.anthropic.citations import citation
from modelscan.wire.anthropic.structs import Block, Delta, Event, MessageBody, UsageBlock
from modelscan.wire.anthropic.usage import usage_of
from modelscan.wire.unreadable import UNREADABLE

WIRE: Final = "anthropic"
"""The name of this wire format in `Message.wire`."""

FINISH_REASONS: Final[Mapping[str, FinishReason]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
}

_BESIDE: Final = (
    *("stop_sequence", "stop_details", "container"),
    *("context_management", "diagnostics", "input_transformations"),
)
_bodies: Final = msgspec.json.Decoder(MessageBody)
_blocks: Final = msgspec.json.Decoder(Block)


def reply_of(response: HttpResponse, answer_tool: str | None = None) -> ChatReply[None]:
    """The reply in a 2xx response. `answer_tool` is the tool whose call is the answer itself, where there is one.

    Raises `DecodeError` for a body that is no message.
    """
    try:
        body = _bodies.decode(response.body)
    except UNREADABLE as error:
        raise DecodeError(f"the body is no message of the Messages API: {error}") from error
    if body.content is None and body.type != "message":
        raise DecodeError("the body is no message of the Messages API: it has neither its type nor content")
    parts = tuple([part_of(raw, answer_tool) for raw in body.content or ()])
    return ChatReply(
        message=Message("assistant", parts, wire=WIRE),
        finish_reason=finish_reason(body.stop_reason, parts, answer_tool),
        raw_finish_reason=body.stop_reason or "",
        usage=usage_of(body.usage),
        model=body.model or "",
        id=body.id or "",
        request_id=response.header("request-id"),
        extra=message_extra(body) | usage_extra(body.usage),
        raw_body=response.body,
    )


def part_of(raw: msgspec.Raw, answer_tool: str | None = None) -> AnyPart:
    """The part that a content block holds; a `ProviderPart` with the whole block for every type not known here."""
    try:
        block = _blocks.decode(raw)
    except UNREADABLE:
        return _provider_part(raw)
    if block.type == "text":
        return Text(text=block.text or "", citations=tuple([citation(cited) for cited in block.citations or ()]))
    if block.type == "tool_use":
        if answer_tool is not None and block.name == answer_tool:
            return Text(text=_arguments(block))
        return ToolCall(id=block.id or "", name=block.name or "", arguments=_arguments(block), extra=_call_extra(block))
    if block.type == "thinking":
        return Reasoning(text=block.thinking or "", signature=block.signature or None)
    if block.type == "redacted_thinking":
        return Reasoning(encrypted=block.data or "")
    return _provider_part(raw)


def finish_reason(reason: str | None, parts: Sequence[AnyPart], answer_tool: str | None) -> FinishReason | None:
    """The normalised reason; the call of the answer's tool is no call, so the answer just ended."""
    if reason is None:
        return None
    if reason == "tool_use" and answer_tool is not None and not any(isinstance(part, ToolCall) for part in parts):
        return "stop"
    return FINISH_REASONS.get(reason, "other")


def message_extra(told: MessageBody | Delta | Event) -> dict[str, Any]:
    """What a message, or the end of a streamed one, tells beside its content and that only this vendor has."""
    return {name: value for name in _BESIDE if (value := getattr(told, name, None)) is not None}


def usage_extra(usage: UsageBlock | None) -> dict[str, Any]:
    """The words beside the counts: each changes the price."""
    names = ("service_tier", "inference_geo", "speed")
    return {name: value for name in names if (value := getattr(usage, name, None)) is not None}


def _arguments(block: Block) -> str:
    try:
        text = bytes(block.input).decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"the input of a tool call isn't UTF-8: {error}") from error
    return "{}" if text in ("", "null") else text


def _call_extra(block: Block) -> dict[str, Any]:
    names = ("caller", "toolset_name")
    return {name: value for name in names if (value := getattr(block, name)) is not None}


def _provider_part(raw: msgspec.Raw) -> ProviderPart:
    try:
        block = msgspec.json.decode(raw)
    except UNREADABLE as error:
        raise DecodeError(f"a content block can't be read: {error}") from error
    if not isinstance(block, dict):
        raise DecodeError(f"a content block is an object, not {type(block).__name__}")
    return ProviderPart(kind=str(block.get("type") or ""), extra=block)
