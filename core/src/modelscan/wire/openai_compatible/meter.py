"""The most that a request can use, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Media
from modelscan.types.embed import EmbedRequest
from modelscan.types.tools import ProviderTool
from modelscan.wire.pictures import without_media

# What a chat template adds around a message and around a tool, generously: OpenAI's adds 3 or 4 to a message.
_TOKENS_PER_MESSAGE: Final = 16
_TOKENS_PER_TOOL: Final = 64
_TOKENS_PER_TEXT: Final = 4
# Of a request's own fields, those by which a server adds tokens that nobody counted here, to the input or the output.
_MORE_INPUT: Final = frozenset(
    {
        "web_search_options",
        "search_parameters",
        "venice_parameters",
        "plugins",
        "prompt",
        "previous_response_id",
        "tools",
        "conversation",
    }
)
_MORE_OUTPUT: Final = frozenset(
    {"max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of", "prediction"}
)


@attrs.frozen
class CompatibleMeter:
    """Bounds requests by their bytes: a token holds at least one byte of UTF-8.

    Pictures, sound and documents have no bound here, since every vendor counts them otherwise; nor have tools that the
    vendor runs. Output is bounded only where the request caps it, once for each answer. `hidden_tokens` is the longest
    prompt that a host puts before a conversation: recorded ones were of up to 1,600 tokens (Venice's own, Mixtral's and
    Claude's for tools). `tokens_beyond_cap` are those that a host bills past the cap: Perplexity 1.
    """

    hidden_tokens: int = 2_048
    tokens_beyond_cap: int = 1

    def bound(self, request: ChatRequest | EmbedRequest, target: Target) -> Mapping[str, int | None]:
        """Input and output tokens; None where there is no bound."""
        if isinstance(request, EmbedRequest):
            return {"input_tokens": _texts(request), "output_tokens": 0}
        return {
            "input_tokens": self._input_tokens(request, target.model),
            "output_tokens": self._output_tokens(request),
        }

    def media_tokens(self, medium: Media, model: str) -> int | None:
        """The most tokens that a picture, a sound or a document has for a model; None where there is no most."""
        return None

    def _input_tokens(self, request: ChatRequest, model: str) -> int | None:
        if _MORE_INPUT & request.extra.keys() or any(isinstance(tool, ProviderTool) for tool in request.tools):
            return None
        plain, media = without_media(request, Media)
        seen = [self.media_tokens(medium, model) for medium in media]
        if None in seen:
            return None
        # The request in our own words holds every byte of text that goes out, and more.
        sent = len(msgspec.json.encode((plain.messages, plain.tools, plain.response_format, plain.extra)))
        frames = _TOKENS_PER_MESSAGE * len(request.messages) + _TOKENS_PER_TOOL * len(request.tools)
        return sent + frames + self.hidden_tokens + sum(tokens for tokens in seen if tokens is not None)

    def _output_tokens(self, request: ChatRequest) -> int | None:
        cap = request.max_output_tokens
        if cap is None or _MORE_OUTPUT & request.extra.keys():
            return None
        return (cap + self.tokens_beyond_cap) * (request.choices or 1)


def _texts(request: EmbedRequest) -> int | None:
    texts = [text for text in request.inputs if isinstance(text, str)]
    if len(texts) != len(request.inputs):
        return None
    return sum(len(text.encode()) + _TOKENS_PER_TEXT for text in texts)
