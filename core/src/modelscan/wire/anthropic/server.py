"""The Messages API as its server speaks it: for fake servers, mocks and gateways."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.servers import ServerCall
from modelscan.errors import BadRequestError, ProviderError
from modelscan.types.chat import ChatReply
from modelscan.wire.anthropic.encode import BETAS
from modelscan.wire.anthropic.events import MessagesEncoder
from modelscan.wire.anthropic.parse import request_of
from modelscan.wire.anthropic.replies import error_body, error_status, reply_body
from modelscan.wire.asked import checked, json_object

_JSON = ("content-type", "application/json")


class MessagesServer:
    """Parses POST /v1/messages, and writes whole answers, streamed ones and errors."""

    paths: Sequence[str] = ("/v1/messages",)

    def parse(self, request: HttpRequest) -> ServerCall:
        """The call in a request. Raises `BadRequestError` for a body that isn't one."""
        body = json_object(request)
        if not isinstance(body.get("model"), str):
            raise BadRequestError("model: Field required", status=400)
        chat = checked(request_of(body))
        betas = [
            name.strip()
            for key, value in request.headers
            if key.lower() == "anthropic-beta"
            for name in value.split(",")
        ]
        if betas:
            chat = msgspec.structs.replace(chat, extra={**chat.extra, BETAS: betas})
        return ServerCall(request=chat, model=body["model"], is_stream=body.get("stream") is True)

    def reply(self, reply: ChatReply[None], call: ServerCall) -> HttpResponse:
        """A whole answer."""
        headers = (_JSON, ("request-id", reply.request_id)) if reply.request_id else (_JSON,)
        return HttpResponse(ResponseHead(200, headers), msgspec.json.encode(reply_body(reply)))

    def stream(self, call: ServerCall) -> MessagesEncoder:
        """A streamed answer."""
        return MessagesEncoder(call.model)

    def error(self, error: ProviderError) -> HttpResponse:
        """An error, with the wait that it asks for."""
        headers = [_JSON]
        if error.request_id:
            headers.append(("request-id", error.request_id))
        if error.retry_after_s is not None:
            headers.append(("retry-after", f"{error.retry_after_s:g}"))
        return HttpResponse(ResponseHead(error_status(error), tuple(headers)), msgspec.json.encode(error_body(error)))
