"""Chat with OpenAI by whichever of its two APIs the model is called.

Which models only the Responses API has is from litellm 1.109.1's price map (`mode: responses`), read 2026-11.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import attrs

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import StreamDecoder
from modelscan.contracts.provider import Parameter
from modelscan.errors import ConfigurationError
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions
from modelscan_provider_openai.account import OpenAIChatCompletions

if TYPE_CHECKING:
    from modelscan_provider_openai.responses import OpenAIResponses

API: Final = Parameter(
    name="api",
    env=("OPENAI_API_STYLE",),
    default="auto",
    help="Which API chat goes by: `chat` (completions), `responses`, or `auto` for the one that the model needs.",
)
_RESPONSES_ONLY: Final = re.compile(
    r"-codex(-|$)|^codex-|-pro(-\d{4}|$)|-deep-research(-|$)|^computer-use|^gpt-daybreak-"
)


@lru_cache(maxsize=256)
def needs_responses(model: str) -> bool:
    """Whether only the Responses API has the model, told by its name.

    >>> needs_responses("gpt-5.3-codex"), needs_responses("o3-pro-2025-06-10"), needs_responses("gpt-4o")
    (True, True, False)
    """
    return _RESPONSES_ONLY.search(model) is not None


@cache
def responses_api() -> OpenAIResponses:
    """The Responses API, imported when it is first needed."""
    from modelscan_provider_openai.responses import OpenAIResponses

    return OpenAIResponses()


@attrs.frozen(kw_only=True)
class OpenAIChat:
    """Chat by the API that the account's parameter `api` names, or that the model needs."""

    completions: ChatCompletions = attrs.field(factory=OpenAIChatCompletions)

    def api_of(self, target: Target) -> ChatCompletions | OpenAIResponses:
        """The operation for a model. Raises `ConfigurationError` for an `api` of another name."""
        api = target.params.get("api") or "auto"
        if api == "auto":
            return responses_api() if needs_responses(target.model) else self.completions
        if api == "responses":
            return responses_api()
        if api == "chat":
            return self.completions
        raise ConfigurationError(
            f"api = {api!r} is none of OpenAI's APIs", advice="Use `auto`, `chat` or `responses` (OPENAI_API_STYLE)."
        )

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a whole answer. Raises `UnsupportedError` for a field that its API has no word for."""
        return self.api_of(target).encode(request, target)

    def encode_stream(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a streamed answer. Raises as `encode` does."""
        return self.api_of(target).encode_stream(request, target)

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that isn't one."""
        return self.api_of(target).decode(response, request, target)

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> StreamDecoder[ChatChunk]:
        """A fresh decoder for one stream."""
        return self.api_of(target).decoder(head, request, target)
