"""The Gemini API as its server speaks it: for fake servers, mocks and gateways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.servers import ServerCall
from modelscan.errors import BadRequestError, NotFoundError, ProviderError
from modelscan.types.chat import ChatReply
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.wire.asked import checked, json_object
from modelscan.wire.gemini.events import GenerateContentEncoder
from modelscan.wire.gemini.parse import embed_request_of, request_of
from modelscan.wire.gemini.replies import embed_reply_body, error_body, error_status, reply_body

_PATH: Final = re.compile(r"(?:.*/)?(?:models|tunedModels)/(?P<model>[^/:?]+):(?P<method>\w+)")
_WRONG: Final = "INVALID_ARGUMENT"
_JSON: Final = (("content-type", "application/json; charset=UTF-8"),)


class GeminiServer:
    """Parses chat and embedding requests, and writes whole answers, streamed ones and errors."""

    paths: Sequence[str] = (
        "/v1beta/models/{model}:generateContent",
        "/v1beta/models/{model}:streamGenerateContent",
        "/v1beta/models/{model}:embedContent",
        "/v1beta/models/{model}:batchEmbedContents",
    )

    def parse(self, request: HttpRequest) -> ServerCall:
        """The call in a request. Raises `BadRequestError` for a body that isn't one, `NotFoundError` for a method."""
        found = _PATH.match(request.url)
        if found is None:
            raise NotFoundError(f"nothing is at {request.url}", status=404, code="NOT_FOUND")
        model, method = unquote(found["model"]), found["method"]
        body = json_object(request, _WRONG)
        if method in ("generateContent", "streamGenerateContent"):
            return ServerCall(
                request=checked(request_of(body), _WRONG), model=model, is_stream=method == "streamGenerateContent"
            )
        if method in ("embedContent", "batchEmbedContents"):
            return ServerCall(request=_embedding(body, is_batch=method == "batchEmbedContents"), model=model)
        raise NotFoundError(f"the method {method} isn't served", status=404, code="NOT_FOUND")

    def reply(self, reply: ChatReply[None] | EmbedReply, call: ServerCall) -> HttpResponse:
        """A whole answer."""
        body = embed_reply_body(reply) if isinstance(reply, EmbedReply) else reply_body(reply)
        return HttpResponse(ResponseHead(200, _JSON), msgspec.json.encode(body))

    def stream(self, call: ServerCall) -> GenerateContentEncoder:
        """A streamed answer, as server-sent events."""
        return GenerateContentEncoder()

    def error(self, error: ProviderError) -> HttpResponse:
        """An error, with the wait that it asks for in its details."""
        return HttpResponse(ResponseHead(error_status(error), _JSON), msgspec.json.encode(error_body(error)))


def _embedding(body: dict[str, Any], *, is_batch: bool) -> EmbedRequest:
    try:
        return checked(embed_request_of(body["requests"] if is_batch else [body]), _WRONG)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadRequestError(f"the body is no embedding request: {error!r}", status=400, code=_WRONG) from error
