"""The operations of the Messages API: chat, token counting, the list of models."""

from __future__ import annotations

from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.wire.anthropic.decode import reply_of
from modelscan.wire.anthropic.encode import answer_tool_of, betas_of, body_of
from modelscan.wire.anthropic.errors import AnthropicErrors
from modelscan.wire.anthropic.stream import MessagesDecoder
from modelscan.wire.anthropic.structs import ModelPage, TokenCount
from modelscan.wire.unreadable import UNREADABLE
from modelscan.wire.whole import framing_of

VERSION: Final = "2023-06-01"
"""The version of the API that this family speaks (header `anthropic-version`).

The one after it, 2026-10-21, refuses `temperature`, `top_p` and `top_k` even where the model has them, and not every
cloud knows it. Source: platform.claude.com's page on versions, read 2026-11.
"""

_COUNTED: Final = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control")
_MOST_MODELS: Final = 1000


@attrs.frozen
class Messages:
    """Chat by POST /v1/messages. A cloud that hosts these models overrides `url`, `headers` or `body`."""

    errors: Errors = attrs.field(factory=AnthropicErrors)

    def url(self, target: Target, *, is_stream: bool) -> str:
        """Where the request goes."""
        return f"{target.base_url}/v1/messages"

    def headers(self, request: ChatRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return headers_of(request)

    def body(self, request: ChatRequest, target: Target, *, is_stream: bool) -> dict[str, Any]:
        """The body, before it is written as JSON. Raises `UnsupportedError` for a field without a word."""
        body = body_of(request, target.model)
        return {**body, "stream": True} if is_stream else body

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a whole answer. Raises `UnsupportedError` for a field that the format has no word for."""
        return self._described(request, target, is_stream=False)

    def encode_stream(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a streamed answer. Raises as `encode` does."""
        return self._described(request, target, is_stream=True)

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that is no message."""
        return reply_of(response, answer_tool_of(request, target.model))

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> MessagesDecoder:
        """A fresh decoder for one stream; it also takes a whole answer, which some servers send in place of one."""
        return MessagesDecoder(framing_of(head), self.errors, head, answer_tool_of(request, target.model))

    def _described(self, request: ChatRequest, target: Target, *, is_stream: bool) -> HttpRequest:
        return HttpRequest(
            url=self.url(target, is_stream=is_stream),
            headers=self.headers(request, target),
            body=msgspec.json.encode(self.body(request, target, is_stream=is_stream)),
        )


@attrs.frozen
class CountTokens:
    """A chat request's input tokens, counted by POST /v1/messages/count_tokens: free, with a rate limit of its own."""

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` for a field that the format has no word for."""
        body = body_of(request, target.model)
        return HttpRequest(
            url=f"{target.base_url}/v1/messages/count_tokens",
            headers=headers_of(request),
            body=msgspec.json.encode({name: body[name] for name in _COUNTED if name in body}),
            repeat="safe",
        )

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> int:
        """The count. Raises `DecodeError` for a body without one."""
        try:
            return msgspec.json.decode(response.body, type=TokenCount).input_tokens
        except UNREADABLE as error:
            raise DecodeError(f"the body is no token count: {error}") from error


@attrs.frozen
class Models:
    """The names of the models that the key may use, by GET /v1/models: one page holds all."""

    def encode(self, request: None, target: Target) -> HttpRequest:
        """The request."""
        return HttpRequest(
            method="GET",
            url=f"{target.base_url}/v1/models?limit={_MOST_MODELS}",
            headers=(("anthropic-version", VERSION),),
            repeat="safe",
        )

    def decode(self, response: HttpResponse, request: None, target: Target) -> tuple[str, ...]:
        """The names, newest first. Raises `DecodeError` for a body without a list."""
        try:
            page = msgspec.json.decode(response.body, type=ModelPage)
        except UNREADABLE as error:
            raise DecodeError(f"the body is no list of models: {error}") from error
        return tuple([model.id for model in page.data])


def headers_of(request: ChatRequest) -> Headers:
    """The headers of a call that sends a chat request, but the credential's."""
    headers = (("content-type", "application/json"), ("anthropic-version", VERSION))
    betas = betas_of(request)
    return (*headers, ("anthropic-beta", ",".join(betas))) if betas else headers
