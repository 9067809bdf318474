"""The operation of the Responses API.

Source: OpenAI's OpenAPI description (mirror of 2026-08) and the parameters of its Python SDK (3.54.0), read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError, UnsupportedError
from modelscan.types.chat import ChatReply, ChatRequest, ReasoningOptions
from modelscan.types.messages import Message
from modelscan.types.tools import AnyTool, ForcedTool, JsonSchema, ResponseFormat, Tool
from modelscan.wire.failures import request_id_of
from modelscan.wire.openai_compatible.chat import JSON_HEADERS
from modelscan.wire.openai_compatible.encode import add_extra, function_fields, plain_fields, schema_fields
from modelscan.wire.openai_compatible.errors import OpenAIErrors
from modelscan.wire.openai_compatible.responses.input import instructions_of, items_of
from modelscan.wire.openai_compatible.responses.items import (
    WIRE,
    finish_of,
    logprobs_in,
    parts_of,
    reply_extra,
    usage_of,
)
from modelscan.wire.openai_compatible.responses.stream import ResponsesDecoder
from modelscan.wire.openai_compatible.responses.structs import Response
from modelscan.wire.unreadable import UNREADABLE
from modelscan.wire.whole import framing_of

RESPONSES_WORDS: Final[Mapping[str, str]] = {
    "parallel_tool_calls": "parallel_tool_calls",
    "max_output_tokens": "max_output_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_logprobs": "top_logprobs",
    "end_user": "user",
}
"""The word for each plain field of a request: fewer than chat completions has."""

# These think not at all, and answer a request for their encrypted thoughts with a 400.
_WITHOUT_REASONING: Final = re.compile(r"gpt-3|gpt-4|gpt-5(\.\d)?-chat|gpt-5-search")
ENCRYPTED: Final = "reasoning.encrypted_content"
LOGPROBS: Final = "message.output_text.logprobs"

_responses: Final = msgspec.json.Decoder(Response)


@attrs.frozen(kw_only=True)
class Responses:
    """Chat by POST /responses.

    Nothing is stored unless the request says so (`extra={"store": True}`): a model's reasoning comes back encrypted and
    goes out again with the conversation. `has_store` is off for servers that don't know the field.
    """

    path: str = "/responses"
    words: Mapping[str, str] = RESPONSES_WORDS
    has_store: bool = True
    errors: Errors = attrs.field(factory=OpenAIErrors)

    def url(self, target: Target) -> str:
        """Where the request goes."""
        return target.base_url + self.path

    def headers(self, request: ChatRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return JSON_HEADERS

    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        """The body, before it is written as JSON and without what a stream adds.

        Raises `UnsupportedError` for a field without a word.
        """
        instructions, messages = instructions_of(request.messages)
        is_stored = bool(request.extra.get("store")) or not self.has_store
        body: dict[str, Any] = {"model": target.model}
        if instructions is not None:
            body["instructions"] = instructions
        body["input"] = items_of(messages, is_stored=is_stored)
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice is not None:
            choice = request.tool_choice
            body["tool_choice"] = (
                {"type": "function", "name": choice.name} if isinstance(choice, ForcedTool) else choice
            )
        if request.response_format is not None:
            body["text"] = {"format": _format(request.response_format)}
        body.update(self._plain(request))
        if request.reasoning is not None:
            body.update(self.reasoning(request.reasoning, target))
        if self.has_store:
            body["store"] = False
        if include := self._include(request, target):
            body["include"] = include
        return body

    def reasoning(self, options: ReasoningOptions, target: Target) -> Mapping[str, Any]:
        """The fields that say how much to think, and whether to tell. Raises `UnsupportedError` for a budget."""
        if options.budget_tokens is not None:
            raise UnsupportedError(
                "this API has no word for a budget of reasoning tokens", advice="Give an effort instead."
            )
        summary = None if options.summary == "none" else options.summary
        fields = {"effort": options.effort, "summary": summary}
        told = {name: value for name, value in fields.items() if value is not None}
        return {"reasoning": told} if told else {}

    def reasons(self, target: Target) -> bool:
        """Whether the model thinks, so that its thoughts can be asked for."""
        return _WITHOUT_REASONING.search(target.model) is None

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a whole answer. Raises `UnsupportedError` for a field that the format has no word for."""
        return self._described(self.body(request, target), request, target)

    def encode_stream(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a streamed answer. Raises as `encode` does."""
        return self._described({**self.body(request, target), "stream": True}, request, target)

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that is no response."""
        try:
            body = _responses.decode(response.body)
        except UNREADABLE as error:
            raise DecodeError(f"the body is no response of the Responses API: {error}") from error
        if body.output is None and body.object != "response":
            raise DecodeError("the body is no response of the Responses API: it has neither its type nor output")
        output = body.output or []
        parts = tuple([part for item in output for part in parts_of(item)])
        finish, raw_finish = finish_of(body, parts)
        return ChatReply(
            message=Message("assistant", parts, wire=WIRE),
            finish_reason=finish,
            raw_finish_reason=raw_finish,
            usage=usage_of(body),
            model=body.model or "",
            id=body.id or "",
            request_id=request_id_of(response),
            logprobs=logprobs_in(output),
            extra=reply_extra(body),
            raw_body=response.body,
        )

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> ResponsesDecoder:
        """A fresh decoder for one stream; it also takes a whole answer, which some servers send in place of one."""
        return ResponsesDecoder(framing_of(head), self.errors, head)

    def _plain(self, request: ChatRequest) -> dict[str, Any]:
        bare = request
        if request.logprobs is not None:  # asked for by `include`
            bare = msgspec.structs.replace(bare, logprobs=None)
        if request.modalities == ("text",):
            bare = msgspec.structs.replace(bare, modalities=())
        if request.audio is not None:
            raise UnsupportedError("the Responses API doesn't speak; use chat completions")
        return plain_fields(bare, self.words)

    def _include(self, request: ChatRequest, target: Target) -> list[str]:
        wanted = []
        if self.has_store and self.reasons(target):
            wanted.append(ENCRYPTED)
        if request.logprobs:
            wanted.append(LOGPROBS)
        return wanted

    def _described(self, body: dict[str, Any], request: ChatRequest, target: Target) -> HttpRequest:
        asked = body.get("include", [])
        add_extra(body, request.extra)
        if asked and isinstance(request.extra.get("include"), (list, tuple)):
            body["include"] = list(dict.fromkeys([*asked, *request.extra["include"]]))
        encoded = msgspec.json.encode(body)
        return HttpRequest(url=self.url(target), headers=self.headers(request, target), body=encoded)


def _tool(tool: AnyTool) -> dict[str, Any]:
    """A tool, flat. `strict` is always told: without the field this API takes a function to be strict."""
    if isinstance(tool, Tool):
        fields = function_fields(tool, has_strict=True)
        return {"type": "function", **fields, "strict": fields.get("strict", False)}
    return {"type": tool.kind, **tool.options}


def _format(answer: ResponseFormat) -> dict[str, Any]:
    if isinstance(answer, JsonSchema):
        return {"type": "json_schema", **schema_fields(answer)}
    return {"type": "json_object"}
