"""The most that a request can use, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.content import AnyPart, Audio, File, Image, Media, ToolResult
from modelscan.types.embed import EmbedRequest
from modelscan.types.tools import ProviderTool
from modelscan.wire.pictures import patches, size_of, without_media

# An image is cut into tiles of 258 tokens: it is scaled to 3,072 pixels at most, and a tile's side is two thirds of the
# shorter side, 256 at least, so there are 24 tiles at most; one within 384 pixels is a single tile. Newer models take
# 1,120 for each, or 2,240 where that is asked for (ai.google.dev on tokens and on media resolution, read 2026-11).
_TILE_TOKENS: Final = 258
_IMAGE_TOKENS: Final = 25 * _TILE_TOKENS
_NEWER_IMAGE_TOKENS: Final = 2_240
_LEAST_SIDE: Final = 256
_OVERHEAD_TOKENS: Final = 128
_TOOLS_TOKENS: Final = 512  # what the service says of functions to the model
_TOKENS_PER_TURN: Final = 16
# Of a request's own fields, those by which the service adds tokens that nobody counted here.
_MORE_INPUT: Final = frozenset({"cachedContent", "tools"})
_MORE_OUTPUT: Final = "generationConfig"
_SEARCHES: Final = ("googleSearch", "googleSearchRetrieval", "googleMaps", "enterpriseWebSearch")


@attrs.frozen
class GeminiMeter:
    """Bounds a chat request or an embedding: a token holds at least one byte, and an image at most a fixed count.

    A second of sound is 32 tokens, so its bytes bound it too. A video, a document that isn't plain text, a file that
    lies elsewhere, a prompt cache and a tool that the vendor runs have no bound.
    """

    def bound(self, request: ChatRequest | EmbedRequest, target: Target) -> Mapping[str, int | None]:
        """Input and output tokens, and searches."""
        if isinstance(request, EmbedRequest):
            return {"input_tokens": sum(map(_embedded_tokens, request.inputs)), "output_tokens": 0}
        most = request.max_output_tokens
        searched = any(isinstance(tool, ProviderTool) and tool.kind in _SEARCHES for tool in request.tools)
        return {
            "input_tokens": _input_tokens(request),
            "output_tokens": None if most is None or _MORE_OUTPUT in request.extra else most * (request.choices or 1),
            "searches": None if searched or "tools" in request.extra else 0,
        }


def _input_tokens(request: ChatRequest) -> int | None:
    has_tool = any(isinstance(tool, ProviderTool) for tool in request.tools)
    parts = [part for message in request.messages for part in message.content]
    media = [*parts, *(inner for part in parts if isinstance(part, ToolResult) for inner in part.content)]
    if has_tool or not _MORE_INPUT.isdisjoint(request.extra) or not all(map(_is_bounded, media)):
        return None
    plain, pictures = without_media(request)
    # The request in our own words holds every byte of text that goes out, and more, but for the pictures.
    sent = len(msgspec.json.encode((plain.messages, plain.tools, plain.response_format, plain.extra)))
    frames = _TOKENS_PER_TURN * len(plain.messages) + (_TOOLS_TOKENS if plain.tools or plain.extra else 0)
    return sent + frames + _OVERHEAD_TOKENS + sum(map(_image_tokens, pictures))


def _image_tokens(image: Media) -> int:
    size = None if image.data is None else size_of(image.data)
    if size is None:
        return _IMAGE_TOKENS
    tiles = patches(size, max(_LEAST_SIDE, int(min(size) / 1.5)))
    return min(_IMAGE_TOKENS, max(_NEWER_IMAGE_TOKENS, tiles * _TILE_TOKENS))


def _is_bounded(part: AnyPart) -> bool:
    if not isinstance(part, Media) or isinstance(part, Image):
        return True
    if part.data is None:
        return False
    if isinstance(part, File):
        return (part.media_type or "").startswith("text/")
    return isinstance(part, Audio)


def _embedded_tokens(item: str | Image) -> int:
    return len(item.encode()) + _TOKENS_PER_TURN if isinstance(item, str) else _image_tokens(item)
