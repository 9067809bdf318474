"""The operations of the Gemini API: chat, token counting, the list of models."""

from __future__ import annotations

from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.wire.gemini.decode import reply_of
from modelscan.wire.gemini.encode import body_of, wants_wav
from modelscan.wire.gemini.errors import GeminiErrors
from modelscan.wire.gemini.framing import framing_of
from modelscan.wire.gemini.stream import GenerateContentDecoder
from modelscan.wire.gemini.structs import ModelPage, TokenCount
from modelscan.wire.gemini.urls import JSON_HEADERS, method_url, model_path
from modelscan.wire.unreadable import UNREADABLE

_MOST_MODELS: Final = 1000
_PREFIX: Final = "models/"


@attrs.frozen
class GenerateContent:
    """Chat by generateContent and streamGenerateContent. A cloud with the same bodies overrides `url`, or `body`."""

    errors: Errors = attrs.field(factory=GeminiErrors)

    def url(self, target: Target, method: str) -> str:
        """Where a method of the model is."""
        return method_url(target, method)

    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        """The body, before it is written as JSON. Raises `UnsupportedError` for a field without a word."""
        return body_of(request, target)

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a whole answer. Raises `UnsupportedError` for a field that the format has no word for."""
        return self._described(request, target, "generateContent")

    def encode_stream(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a streamed answer, as server-sent events. Raises as `encode` does."""
        return self._described(request, target, "streamGenerateContent?alt=sse")

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that is no answer, `ContentFilterError` for a blocked prompt."""
        if (error := self.errors.error(response)) is not None:
            raise error
        return reply_of(response, wants_wav=wants_wav(request))

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> GenerateContentDecoder:
        """A fresh decoder for one stream, of events or of an array as the head tells."""
        return GenerateContentDecoder(framing_of(head), self.errors, head, wants_wav=wants_wav(request))

    def _described(self, request: ChatRequest, target: Target, method: str) -> HttpRequest:
        body = msgspec.json.encode(self.body(request, target))
        return HttpRequest(url=self.url(target, method), headers=JSON_HEADERS, body=body)


@attrs.frozen
class CountTokens:
    """A chat request's input tokens, counted by countTokens: free, with a rate limit of its own."""

    def url(self, target: Target, method: str) -> str:
        """Where a method of the model is."""
        return method_url(target, method)

    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        """The body. The whole request stands in it, so that tools and instructions are counted too."""
        return {"generateContentRequest": {"model": model_path(target.model), **body_of(request, target)}}

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` for a field that the format has no word for."""
        body = msgspec.json.encode(self.body(request, target))
        return HttpRequest(url=self.url(target, "countTokens"), headers=JSON_HEADERS, body=body, repeat="safe")

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> int:
        """The count. Raises `DecodeError` for a body without one."""
        try:
            return msgspec.json.decode(response.body, type=TokenCount, strict=False).total_tokens
        except UNREADABLE as error:
            raise DecodeError(f"the body is no token count: {error}") from error


@attrs.frozen
class Models:
    """The names of the models that the key may use, without `models/` before them; one page holds all."""

    def encode(self, request: None, target: Target) -> HttpRequest:
        """The request."""
        return HttpRequest(method="GET", url=f"{target.base_url}/models?pageSize={_MOST_MODELS}", repeat="safe")

    def decode(self, response: HttpResponse, request: None, target: Target) -> tuple[str, ...]:
        """The names, in the vendor's order. Raises `DecodeError` for a body without a list."""
        try:
            page = msgspec.json.decode(response.body, type=ModelPage)
        except UNREADABLE as error:
            raise DecodeError(f"the body is no list of models: {error}") from error
        return tuple([model.name.removeprefix(_PREFIX) for model in page.models])
