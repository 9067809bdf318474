"""What the Responses API answers, read leniently: any field may be null or absent, unknown ones are passed over.

Items stay plain objects, for there are some thirty types of them and most go back as they came. Source: OpenAI's
OpenAPI description (mirror of 2026-08) and the types of its Python SDK (3.54.0), read 2026-11.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from modelscan.wire.openai_compatible.structs import Count

Item = dict[str, Any]
Place = Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None


class InputDetails(msgspec.Struct):
    """Parts of the input's tokens."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None


class OutputDetails(msgspec.Struct):
    """Parts of the output's tokens."""

    reasoning_tokens: Count = None


class ResponsesUsage(msgspec.Struct):
    """Counts."""

    input_tokens: Count = None
    output_tokens: Count = None
    total_tokens: Count = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class WebSearchUsage(msgspec.Struct):
    """How often the vendor searched."""

    num_requests: Count = None


class ToolUsage(msgspec.Struct):
    """What the vendor's own tools used."""

    web_search: WebSearchUsage | None = None


class IncompleteDetails(msgspec.Struct):
    """Why a response is incomplete."""

    reason: str | None = None


class Response(msgspec.Struct):
    """A whole answer, or what a stream's event says of it."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    status: str | None = None
    output: list[Item] | None = None
    usage: ResponsesUsage | None = None
    tool_usage: ToolUsage | None = None
    incomplete_details: IncompleteDetails | None = None
    error: Any = None
    service_tier: str | None = None
    conversation: Any = None
    previous_response_id: str | None = None


class Event(msgspec.Struct):
    """One event of a stream. A whole response has no type of this kind, and is told by its `object`."""

    type: str | None = None
    object: str | None = None
    response: Response | None = None
    item: Item | None = None
    item_id: str | None = None
    output_index: Place = None
    content_index: Place = None
    summary_index: Place = None
    delta: Any = None
    logprobs: Any = None
