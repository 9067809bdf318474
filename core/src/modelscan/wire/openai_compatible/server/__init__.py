"""This family as its server speaks it: for fake servers, mocks and gateways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.servers import ServerCall, StreamEncoder
from modelscan.errors import BadRequestError, NotFoundError, ProviderError
from modelscan.types.chat import ChatReply
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.wire.asked import checked, json_object
from modelscan.wire.openai_compatible.server import embedding
from modelscan.wire.openai_compatible.server.chat_events import ChatEncoder
from modelscan.wire.openai_compatible.server.chat_reply import completion_body
from modelscan.wire.openai_compatible.server.chat_request import chat_request
from modelscan.wire.openai_compatible.server.refusals import error_body, error_head
from modelscan.wire.openai_compatible.server.response_events import ResponseEncoder
from modelscan.wire.openai_compatible.server.response_reply import response_body
from modelscan.wire.openai_compatible.server.response_request import response_request

_JSON = ("content-type", "application/json")


class OpenAIServer:
    """Parses POST /v1/chat/completions and /v1/embeddings; writes whole answers, streamed ones and errors.

    Vectors are always written as numbers. A stream always tells its usage.
    """

    paths: Sequence[str] = ("/v1/chat/completions", "/v1/embeddings")

    def parse(self, request: HttpRequest) -> ServerCall:
        """The call in a request. Raises `BadRequestError` for another body, `NotFoundError` for another path."""
        path = urlsplit(request.url).path
        body = json_object(request)
        read = {"completions": chat_request, "embeddings": embedding.embed_request}.get(path.rpartition("/")[2])
        if read is None:
            raise _no_path(request, path)
        return _call(read, body)

    def reply(self, reply: ChatReply[None] | EmbedReply, call: ServerCall) -> HttpResponse:
        """A whole answer."""
        if isinstance(reply, EmbedReply):
            return _answer(embedding.embed_body(reply, call.model), reply.request_id)
        return _answer(completion_body(reply, call.model), reply.request_id)

    def stream(self, call: ServerCall) -> StreamEncoder:
        """A streamed answer."""
        if isinstance(call.request, EmbedRequest):
            raise BadRequestError("embeddings don't stream", status=400)
        return ChatEncoder(call.model)

    def error(self, error: ProviderError) -> HttpResponse:
        """An error, with the wait that it asks for."""
        return _refusal(error)


class ResponsesServer:
    """Parses POST /v1/responses; writes whole answers, streamed ones and errors."""

    paths: Sequence[str] = ("/v1/responses",)

    def parse(self, request: HttpRequest) -> ServerCall:
        """The call in a request. Raises `BadRequestError` for another body, `NotFoundError` for another path."""
        path = urlsplit(request.url).path
        if not path.endswith("/responses"):
            raise _no_path(request, path)
        return _call(response_request, json_object(request))

    def reply(self, reply: ChatReply[None], call: ServerCall) -> HttpResponse:
        """A whole answer."""
        return _answer(response_body(reply, call.model), reply.request_id)

    def stream(self, call: ServerCall) -> StreamEncoder:
        """A streamed answer."""
        return ResponseEncoder(call.model)

    def error(self, error: ProviderError) -> HttpResponse:
        """An error, with the wait that it asks for."""
        return _refusal(error)


def _call(read: Any, body: dict[str, Any]) -> ServerCall:
    model = body.pop("model", None)
    if not isinstance(model, str):
        raise BadRequestError("you must provide a model parameter", status=400)
    is_stream = body.pop("stream", None) is True
    try:
        request = read({name: value for name, value in body.items() if value is not None})
    except KeyError as error:
        raise BadRequestError(f"Missing required parameter: '{error.args[0]}'.", status=400) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequestError(f"the body is no request of this API: {error}", status=400) from error
    return ServerCall(request=checked(request), model=model, is_stream=is_stream)


def _no_path(request: HttpRequest, path: str) -> NotFoundError:
    return NotFoundError(f"Invalid URL ({request.method} {path})", status=404)


def _answer(body: dict[str, Any], request_id: str) -> HttpResponse:
    headers = (_JSON, ("x-request-id", request_id)) if request_id else (_JSON,)
    return HttpResponse(ResponseHead(200, headers), msgspec.json.encode(body))


def _refusal(error: ProviderError) -> HttpResponse:
    status, headers = error_head(error)
    return HttpResponse(ResponseHead(status, (_JSON, *headers)), msgspec.json.encode(error_body(error)))
