"""The most that a request can use, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Media, ToolResult
from modelscan.types.embed import EmbedRequest
from modelscan.types.tools import ProviderTool

# What a chat template adds around a message and around the conversation, generously: OpenAI's adds 3 or 4 a message.
_TOKENS_PER_MESSAGE: Final = 16
_OVERHEAD_TOKENS: Final = 256
_TOKENS_PER_TEXT: Final = 4
# Of a request's own fields, those in which a server may put tokens that nobody counted here.
_UNBOUNDED_EXTRA: Final = frozenset(
    {"web_search_options", "search_parameters", "plugins", "prompt", "previous_response_id", "conversation"}
)


@attrs.frozen
class CompatibleMeter:
    """Bounds requests by their bytes: a token holds at least one byte of UTF-8.

    Pictures, sound and documents have no bound here, since every vendor counts them otherwise; nor have tools that the
    vendor runs. Output is bounded only where the request caps it, once for each answer.
    """

    def bound(self, request: ChatRequest | EmbedRequest, target: Target) -> Mapping[str, int | None]:
        """Input and output tokens; None where there is no bound."""
        if isinstance(request, EmbedRequest):
            return {"input_tokens": _texts(request), "output_tokens": 0}
        cap = request.max_output_tokens
        return {
            "input_tokens": self.input_tokens(request),
            "output_tokens": None if cap is None else cap * (request.choices or 1),
        }

    def input_tokens(self, request: ChatRequest) -> int | None:
        """The most tokens that a conversation can have."""
        if _UNBOUNDED_EXTRA & request.extra.keys() or any(isinstance(tool, ProviderTool) for tool in request.tools):
            return None
        parts = [part for message in request.messages for part in message.content]
        inner = [part for result in parts if isinstance(result, ToolResult) for part in result.content]
        if any(isinstance(part, Media) for part in (*parts, *inner)):
            return None
        # The request in our own words holds every byte of text that goes out, and more.
        sent = len(msgspec.json.encode((request.messages, request.tools, request.response_format)))
        return sent + _TOKENS_PER_MESSAGE * len(request.messages) + _OVERHEAD_TOKENS


def _texts(request: EmbedRequest) -> int | None:
    texts = [text for text in request.inputs if isinstance(text, str)]
    if len(texts) != len(request.inputs):
        return None
    return sum(len(text.encode()) + _TOKENS_PER_TEXT for text in texts)
