"""The most that a chat request can use, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.content import AnyPart, CacheLifetime, File, Media, ToolResult
from modelscan.types.tools import ProviderTool, Tool
from modelscan.wire.anthropic.encode import max_tokens_of
from modelscan.wire.pictures import patches, size_of, without_media

# An image is scaled down before it is counted: 4,784 tokens at most on the newest models, about 1,600 on the others.
# The newest count squares of 28 pixels, those before 750 pixels each (platform.claude.com on vision, read 2026-11).
_MOST_IMAGE_TOKENS: Final = 4_800
_PATCH, _PIXELS = 28, 750
# The vendor's own prompts: a little for thinking, and more for tools (up to 800 tokens), a schema or cited documents.
_OVERHEAD_TOKENS: Final = 300
_PROMPT_TOKENS: Final = 1_700
_TOKENS_PER_TURN: Final = 16
_TOKENS_PER_TOOL: Final = 64
_MORE_INPUT: Final = frozenset({"context_management", "container", "mcp_servers"})


@attrs.frozen
class MessagesMeter:
    """Bounds a chat request: a token holds at least one byte of UTF-8, and an image at most a fixed count.

    A document that isn't plain text in the request itself, a tool that the vendor runs, a container, and edits of the
    context have no bound: the vendor adds what it reads to the input.
    """

    def bound(self, request: ChatRequest, target: Target) -> Mapping[str, int | None]:
        """Input, output and cache-write tokens, and searches."""
        own_tools = _tools_of_the_vendor(request)
        has_more = bool(own_tools) or not _MORE_INPUT.isdisjoint(request.extra)
        read = None if has_more else _input_tokens(request)
        marks = _cache_marks(request)
        is_cached = "cache_control" in request.extra
        written: int = request.extra.get("max_tokens") or max_tokens_of(request, target.model)
        return {
            "input_tokens": read,
            "output_tokens": None if has_more else written * (request.choices or 1),
            "cache_write_tokens": read if marks or is_cached else 0,
            "cache_write_1h_tokens": read if "1h" in marks or is_cached else 0,
            "searches": _searches(own_tools),
        }


def _input_tokens(request: ChatRequest) -> int | None:
    plain, pictures = without_media(request)
    parts = [part for message in plain.messages for part in message.content]
    media = [*parts, *(inner for part in parts if isinstance(part, ToolResult) for inner in part.content)]
    if not all(map(_is_bounded, media)):
        return None
    # The request in our own words holds every byte of text that goes out, and more, but for the pictures.
    sent = len(msgspec.json.encode((plain.messages, plain.tools, plain.response_format, plain.extra)))
    frames = _TOKENS_PER_TURN * len(plain.messages) + _TOKENS_PER_TOOL * len(plain.tools)
    is_prompted = plain.tools or plain.response_format is not None or any(isinstance(part, File) for part in media)
    prompts = _PROMPT_TOKENS if is_prompted or plain.extra else 0
    return sent + frames + prompts + _OVERHEAD_TOKENS + sum(map(_image_tokens, pictures))


def _image_tokens(image: Media) -> int:
    size = None if image.data is None else size_of(image.data)
    if size is None:
        return _MOST_IMAGE_TOKENS
    pixels = size[0] * size[1]
    return min(_MOST_IMAGE_TOKENS, max(patches(size, _PATCH), pixels // _PIXELS) + _TOKENS_PER_TURN)


def _is_bounded(part: AnyPart) -> bool:
    if isinstance(part, File):
        return part.data is not None and (part.media_type or "").startswith("text/")
    return True


def _tools_of_the_vendor(request: ChatRequest) -> list[Mapping[str, Any]]:
    """The tools that the vendor knows without a schema, and adds to the input by itself."""
    own = [{"type": tool.kind, **tool.options} for tool in request.tools if isinstance(tool, ProviderTool)]
    return own + [tool for tool in request.extra.get("tools", ()) if "input_schema" not in tool]


def _searches(own_tools: Sequence[Mapping[str, Any]]) -> int | None:
    searching = [tool for tool in own_tools if str(tool.get("type")).startswith("web_search")]
    uses: list[Any] = [tool.get("max_uses") for tool in searching]
    return None if None in uses else sum(uses, 0)


def _cache_marks(request: ChatRequest) -> list[CacheLifetime]:
    parts = [part.cache for message in request.messages for part in message.content]
    tools = [tool.cache for tool in request.tools if isinstance(tool, Tool)]
    return [mark for mark in (*parts, *tools) if mark is not None]
