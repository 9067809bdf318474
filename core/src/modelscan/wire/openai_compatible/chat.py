"""The operation of chat completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors
from modelscan.types.chat import ChatReply, ChatRequest, ReasoningOptions
from modelscan.types.content import Reasoning
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible.decode import reply_of
from modelscan.wire.openai_compatible.encode import (
    WORDS,
    add_extra,
    audio_fields,
    chat_tool,
    chat_tool_choice,
    effort_of,
    plain_fields,
    response_format,
)
from modelscan.wire.openai_compatible.errors import OpenAIErrors
from modelscan.wire.openai_compatible.messages import messages_of
from modelscan.wire.openai_compatible.stream import ChatDecoder
from modelscan.wire.openai_compatible.structs import UsageBlock
from modelscan.wire.openai_compatible.usage import usage_of
from modelscan.wire.whole import framing_of

JSON_HEADERS: Final[Headers] = (("content-type", "application/json"),)


@attrs.frozen(kw_only=True)
class ChatCompletions:
    """Chat by POST /chat/completions.

    What is data in a dialect is a field: the vendor's `words` for a request's plain fields, the role of system
    messages, whether `stream_options` and strict tools are known, and the name of the message's field that takes
    reasoning of earlier turns back (empty: there is none, and it isn't sent). The rest is overridden in a subclass.
    """

    path: str = "/chat/completions"
    words: Mapping[str, str] = WORDS
    system_role: str = "system"
    has_stream_options: bool = True
    has_strict: bool = True
    reasoning_field: str = ""
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
        body: dict[str, Any] = {
            "model": target.model,
            "messages": messages_of(request.messages, self.system_role, self.echo),
        }
        if request.tools:
            body["tools"] = [chat_tool(tool, has_strict=self.has_strict) for tool in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = chat_tool_choice(request.tool_choice)
        if request.response_format is not None:
            body["response_format"] = response_format(request.response_format)
        body.update(plain_fields(request, self.words))
        if request.audio is not None:
            body["audio"] = audio_fields(request.audio)
        if request.reasoning is not None:
            body.update(self.reasoning(request.reasoning, target))
        return body

    def reasoning(self, options: ReasoningOptions, target: Target) -> Mapping[str, Any]:
        """The fields that say how much to think. Raises `UnsupportedError` for what there is no word for."""
        return effort_of(options)

    def echo(self, parts: Sequence[Reasoning]) -> Mapping[str, Any]:
        """The fields of an assistant's message that take its reasoning back."""
        text = "".join([part.text for part in parts]) if self.reasoning_field else ""
        return {self.reasoning_field: text} if text else {}

    def usage(self, block: UsageBlock | None) -> Usage:
        """The usage that a block of counts tells."""
        return usage_of(block)

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a whole answer. Raises `UnsupportedError` for a field that the format has no word for."""
        return self._described(self.body(request, target), request, target)

    def encode_stream(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a streamed answer, with its usage at the end. Raises as `encode` does."""
        body = self.body(request, target)
        body["stream"] = True
        if self.has_stream_options:
            body["stream_options"] = {"include_usage": True}
        return self._described(body, request, target)

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that is no chat completion."""
        return reply_of(response, self.usage, _audio_format(request))

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> ChatDecoder:
        """A fresh decoder for one stream; it also takes a whole answer, which some servers send in place of one."""
        return ChatDecoder(framing_of(head), self.errors, head, self.usage, _audio_format(request))

    def _described(self, body: dict[str, Any], request: ChatRequest, target: Target) -> HttpRequest:
        encoded = msgspec.json.encode(add_extra(body, request.extra))
        return HttpRequest(url=self.url(target), headers=self.headers(request, target), body=encoded)


def _audio_format(request: ChatRequest) -> str:
    return request.audio.format if request.audio is not None else "wav"
