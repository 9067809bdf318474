"""Cloudflare Workers AI: chat as OpenAI speaks it, vectors in the vendor's own envelope.

Source: developers.cloudflare.com/workers-ai (REST API, errors) and a recording, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.contracts.provider import Connection, Parameter, Provider
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    DecodeError,
    NotFoundError,
    OverloadedError,
    ProviderError,
    QuotaExceededError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServerError,
    UnsupportedError,
)
from modelscan.hookspecs import hookimpl
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.wire.failures import class_of, provider_error
from modelscan.wire.openai_compatible import COMPATIBLE_WORDS, ChatCompletions, OpenAIErrors
from modelscan.wire.schemes import Bearer

KINDS: Final[Mapping[int, type[ProviderError]]] = {
    3006: RequestTooLargeError,
    3007: RequestTimeoutError,
    3036: QuotaExceededError,  # the day's free allocation; nothing helps before midnight in universal time
    3040: OverloadedError,
    5004: BadRequestError,
    5006: BadRequestError,
    7003: NotFoundError,
    10000: AuthenticationError,
}


class _Complaint(msgspec.Struct):
    message: str = ""
    code: int = 0


class _Envelope(msgspec.Struct):
    success: bool
    errors: list[_Complaint] = []


class _Vectors(msgspec.Struct):
    data: list[list[float]]


class _VectorEnvelope(msgspec.Struct):
    result: _Vectors


class CloudflareErrors(OpenAIErrors):
    """Reads `{"success": false, "errors": [{"code", "message"}]}`; what has another shape is OpenAI's."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response, with whatever status; None where there is none."""
        try:
            envelope = msgspec.json.decode(response.body, type=_Envelope)
        except msgspec.MsgspecError:
            return super().error(response)
        if envelope.success and response.status < 400:
            return None
        first = next(iter(envelope.errors), _Complaint())
        kind = KINDS.get(first.code) or (class_of(response.status) if response.status >= 400 else ServerError)
        message = "; ".join(filter(None, (complaint.message for complaint in envelope.errors)))
        return provider_error(response, message=message, code=str(first.code or ""), kind=kind)


@attrs.frozen
class RunEmbedding:
    """Vectors by POST /ai/run/{model}."""

    def encode(self, request: EmbedRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` for anything but texts."""
        if not all(isinstance(item, str) for item in request.inputs) or request.dimensions is not None:
            raise UnsupportedError("Workers AI makes vectors of text alone, in one size")
        body = msgspec.json.encode({"text": list(request.inputs), **request.extra})
        url = f"{target.base_url}/run/{target.model}"
        return HttpRequest(url=url, headers=(("content-type", "application/json"),), body=body)

    def decode(self, response: HttpResponse, request: EmbedRequest, target: Target) -> EmbedReply:
        """The vectors, in the inputs' order. Raises `DecodeError` for a body without them."""
        try:
            vectors = msgspec.json.decode(response.body, type=_VectorEnvelope).result.data
        except msgspec.MsgspecError as error:
            raise DecodeError(f"the body holds no vectors: {error}") from error
        return EmbedReply(vectors=tuple([tuple(vector) for vector in vectors]), raw_body=response.body)


@hookimpl
def modelscan_provider() -> Provider:
    """Workers AI."""
    return Provider(
        name="cloudflare",
        connection=Connection(
            base_urls={"default": "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai"},
            schemes={"default": Bearer()},
            env=("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"),
            parameters=(Parameter(name="account_id", env=("CLOUDFLARE_ACCOUNT_ID",), help="It is in the dashboard."),),
        ),
        errors=CloudflareErrors(),
        chat=ChatCompletions(path="/v1/chat/completions", words=COMPATIBLE_WORDS, errors=CloudflareErrors()),
        embed=RunEmbedding(),
        request_id_headers=("cf-ray",),
    )
