"""How many tokens a prompt has: POST /responses/input_tokens, for the models of either API.

Source: OpenAI's OpenAPI description (mirror of 2026-08, `TokenCountsBody`), read 2026-11.
"""

from __future__ import annotations

from typing import Final

import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatRequest
from modelscan_provider_openai.chat import responses_api

_COUNTED: Final = (
    *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"),
    *("previous_response_id", "conversation", "truncation"),
)


class _Count(msgspec.Struct):
    input_tokens: int


class CountTokens:
    """The number of a prompt's input tokens, its tools and its answer's schema included."""

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` for a field that the Responses API has no word for."""
        api = responses_api()
        body = api.body(request, target)
        counted = {name: value for name, value in {**body, **request.extra}.items() if name in _COUNTED}
        return HttpRequest(
            url=f"{target.base_url}/responses/input_tokens",
            headers=api.headers(request, target),
            body=msgspec.json.encode(counted),
            repeat="safe",
        )

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> int:
        """The count. Raises `DecodeError` for a body that holds none."""
        try:
            return msgspec.json.decode(response.body, type=_Count).input_tokens
        except msgspec.MsgspecError as error:
            raise DecodeError(f"the body is no count of tokens: {error}") from error
