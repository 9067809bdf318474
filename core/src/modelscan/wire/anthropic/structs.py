"""What the Messages API answers, read leniently: any field may be null or absent, and unknown ones are passed over.

Source: Anthropic's OpenAPI description (mirror of 2026-08) and the types of its Python SDK 2.12.0, read 2026-11.
"""

from __future__ import annotations

from typing import Any

import msgspec

NOTHING = msgspec.Raw(b"")


class CacheCreation(msgspec.Struct):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class ServerToolUse(msgspec.Struct):
    """How often the vendor's own tools ran."""

    web_search_requests: int | None = None
    web_fetch_requests: int | None = None


class OutputTokensDetails(msgspec.Struct):
    """Parts of the output tokens."""

    thinking_tokens: int | None = None


class Iteration(msgspec.Struct):
    """One sampling of several that made up the answer."""

    type: str | None = None
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens: int | None = None


class UsageBlock(msgspec.Struct):
    """Counts of a message. In a stream each count is cumulative, and one that is absent keeps its value."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputTokensDetails | None = None
    server_tool_use: ServerToolUse | None = None
    iterations: list[Iteration] | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


class Block(msgspec.Struct):
    """A content block of a type that this family knows; `input` and the citations keep the vendor's own shape."""

    type: str | None = None
    text: str | None = None
    citations: list[dict[str, Any]] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NOTHING
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


class MessageBody(msgspec.Struct):
    """A whole answer, or the beginning of a streamed one."""

    type: str | None = None
    id: str | None = None
    model: str | None = None
    content: list[msgspec.Raw] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    container: dict[str, Any] | None = None
    context_management: dict[str, Any] | None = None
    diagnostics: dict[str, Any] | None = None
    input_transformations: list[dict[str, Any]] | None = None
    usage: UsageBlock | None = None


class Delta(msgspec.Struct):
    """What a stream's event adds: to a block, or to the message."""

    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    container: dict[str, Any] | None = None


class Event(msgspec.Struct):
    """An event of a stream, of any type."""

    type: str | None = None
    index: int | None = None
    message: MessageBody | None = None
    content_block: msgspec.Raw = NOTHING
    delta: Delta | None = None
    usage: UsageBlock | None = None
    context_management: dict[str, Any] | None = None
    input_transformations: list[dict[str, Any]] | None = None


class EventType(msgspec.Struct):
    """The type of an event whose other fields can't be read."""

    type: str | None = None


class ErrorDetails(msgspec.Struct):
    """What some errors say beside their type."""

    error_code: str | None = None


class ErrorBody(msgspec.Struct):
    """The error itself."""

    type: str | None = None
    message: str | None = None
    details: ErrorDetails | None = None


class ErrorEnvelope(msgspec.Struct):
    """The body of an error, or an error event's data."""

    type: str | None = None
    error: ErrorBody | None = None
    request_id: str | None = None


class TokenCount(msgspec.Struct):
    """The answer to a token count."""

    input_tokens: int


class ModelInfo(msgspec.Struct):
    """A model of the list."""

    id: str


class ModelPage(msgspec.Struct):
    """A page of the list of models."""

    data: list[ModelInfo]
