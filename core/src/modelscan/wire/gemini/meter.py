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
from modelscan.wire.gemini.encode import body_of

# An image is cut into tiles of 258 tokens: it is scaled to 3,072 pixels at most, and a tile's side is two thirds of the
# shorter side, 256 at least, so there are 24 tiles at most; newer models take 2,240 at most (ai.google.dev's pages on
# tokens and on media resolution, read 2026-11).
_IMAGE_TOKENS: Final = 25 * 258
_OVERHEAD_TOKENS: Final = 1_000
_TOKENS_PER_TURN: Final = 16
_READ: Final = ("systemInstruction", "contents", "tools", "generationConfig")
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
            "input_tokens": _input_tokens(request, target),
            "output_tokens": None if most is None else most * (request.choices or 1),
            "searches": None if searched else 0,
        }


def _input_tokens(request: ChatRequest, target: Target) -> int | None:
    has_tool = any(isinstance(tool, ProviderTool) for tool in request.tools)
    parts = [part for message in request.messages for part in message.content]
    media = [*parts, *(inner for part in parts if isinstance(part, ToolResult) for inner in part.content)]
    if has_tool or "cachedContent" in request.extra or not all(map(_is_bounded, media)):
        return None
    body = body_of(request, target)
    # The text of the request as it is sent holds every byte that is counted; so do pictures, which are beside it.
    sent = len(msgspec.json.encode({name: body[name] for name in _READ if name in body}))
    pictures = [part for part in media if isinstance(part, Image)]
    sent -= sum(4 * len(part.data) // 3 for part in pictures if part.data is not None)
    return sent + len(pictures) * _IMAGE_TOKENS + _OVERHEAD_TOKENS + _TOKENS_PER_TURN * len(request.messages)


def _is_bounded(part: AnyPart) -> bool:
    if not isinstance(part, Media):
        return True
    if part.data is None:
        return False
    if isinstance(part, File):
        return (part.media_type or "").startswith("text/")
    return isinstance(part, (Image, Audio))


def _embedded_tokens(item: str | Image) -> int:
    return len(item.encode()) + _TOKENS_PER_TURN if isinstance(item, str) else _IMAGE_TOKENS
