"""The most that a chat request can use, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.content import AnyPart, CacheLifetime, File, Media, ToolResult
from modelscan.types.tools import Tool
from modelscan.wire.anthropic.encode import body_of
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


@attrs.frozen
class MessagesMeter:
    """Bounds a chat request: a token holds at least one byte of UTF-8, and an image at most a fixed count.

    A document that isn't plain text in the request itself, a tool that the vendor runs, a container, and edits of the
    context have no bound: the vendor adds what it reads to the input.
    """

    def bound(self, request: ChatRequest, target: Target) -> Mapping[str, int | None]:
        """Input, output and cache-write tokens, and searches."""
        plain, pictures = without_media(request)
        body = body_of(plain, target.model)
        tokens = self._input_tokens(plain, body)
        if tokens is not None:
            tokens += sum(map(_image_tokens, pictures))
        marks = list(_cache_marks(request))
        output: int | None = body["max_tokens"]
        if _has_more_input(body):
            output = None
        return {
            "input_tokens": tokens,
            "output_tokens": output,
            "cache_write_tokens": tokens if marks or "cache_control" in body else 0,
            "cache_write_1h_tokens": tokens if "1h" in marks or "cache_control" in body else 0,
            "searches": _searches(body),
        }

    def _input_tokens(self, request: ChatRequest, body: dict[str, Any]) -> int | None:
        if _has_more_input(body):
            return None
        parts = [part for message in request.messages for part in message.content]
        media = [*parts, *(inner for part in parts if isinstance(part, ToolResult) for inner in part.content)]
        if not all(_is_bounded(part) for part in media):
            return None
        # The text of the request as it is sent holds every byte that is counted, but for the pictures.
        sent = len(msgspec.json.encode({name: body[name] for name in _READ if name in body}))
        frames = _TOKENS_PER_TURN * len(request.messages) + _TOKENS_PER_TOOL * len(body.get("tools", ()))
        is_prompted = "tools" in body or "output_config" in body or any(isinstance(part, File) for part in media)
        prompts = _PROMPT_TOKENS if is_prompted else 0
        return sent + frames + prompts + _OVERHEAD_TOKENS


_READ: Final = ("system", "messages", "tools", "output_config")


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


def _has_more_input(body: dict[str, Any]) -> bool:
    """Whether the vendor adds to the input by itself: by a tool that it knows without a schema, or by what it keeps."""
    if any(name in body for name in ("context_management", "container", "mcp_servers")):
        return True
    return any("input_schema" not in tool for tool in body.get("tools", ()))


def _searches(body: dict[str, Any]) -> int | None:
    searching = [tool for tool in body.get("tools", ()) if str(tool.get("type")).startswith("web_search")]
    uses: list[Any] = [tool.get("max_uses") for tool in searching]
    return None if None in uses else sum(uses, 0)


def _cache_marks(request: ChatRequest) -> list[CacheLifetime]:
    parts = [part.cache for message in request.messages for part in message.content]
    tools = [tool.cache for tool in request.tools if isinstance(tool, Tool)]
    return [mark for mark in (*parts, *tools) if mark is not None]
