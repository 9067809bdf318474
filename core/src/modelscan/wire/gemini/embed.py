"""Embeddings, by batchEmbedContents: also of one text, as Google's own SDK (3.6.1) sends them.

Source: `EmbedContentRequest` and `BatchEmbedContentsRequest` of Google's OpenAPI description of v1beta, read 2026-11.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.errors import DecodeError, MediaError, UnsupportedError
from modelscan.types.content import Image
from modelscan.types.embed import EmbedPurpose, EmbedReply, EmbedRequest
from modelscan.wire.gemini.structs import EmbedBody
from modelscan.wire.gemini.urls import JSON_HEADERS, method_url, model_path
from modelscan.wire.gemini.usage import usage_of
from modelscan.wire.unreadable import UNREADABLE

TASKS: Final[Mapping[EmbedPurpose, str]] = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "similarity": "SEMANTIC_SIMILARITY",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "code_query": "CODE_RETRIEVAL_QUERY",
}

_bodies: Final = msgspec.json.Decoder(EmbedBody, strict=False)
Json = dict[str, Any]


@attrs.frozen
class EmbedContent:
    """Vectors. What stands in `extra` (`title`, ...) goes into the request of every input."""

    def url(self, target: Target, method: str) -> str:
        """Where a method of the model is."""
        return method_url(target, method)

    def encode(self, request: EmbedRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` for a field that the format has no word for."""
        name = model_path(target.model)
        body = {"requests": [{"model": name, **embed_body(request, item)} for item in request.inputs]}
        return HttpRequest(
            url=self.url(target, "batchEmbedContents"),
            headers=JSON_HEADERS,
            body=msgspec.json.encode(body),
            repeat="safe",
        )

    def decode(self, response: HttpResponse, request: EmbedRequest, target: Target) -> EmbedReply:
        """The vectors. Raises `DecodeError` for a body without one for each input."""
        try:
            body = _bodies.decode(response.body)
        except UNREADABLE as error:
            raise DecodeError(f"the body is no embedding: {error}") from error
        found = body.embeddings if body.embeddings is not None else [body.embedding] if body.embedding else []
        vectors = tuple([tuple(one.values or ()) for one in found])
        if len(vectors) != len(request.inputs) or not all(vectors):
            raise DecodeError(f"{sum(map(bool, vectors))} vectors came for {len(request.inputs)} inputs")
        if not all(math.isfinite(sum(vector)) for vector in vectors):  # the service may write "NaN", as all of protobuf
            raise DecodeError("a vector holds what is no number")
        return EmbedReply(vectors=vectors, usage=usage_of(body.usage_metadata), raw_body=response.body)


def embed_body(request: EmbedRequest, item: str | Image) -> Json:
    """The body for one input, without the model's name."""
    if request.end_user is not None or request.truncate is False:
        what = "end_user" if request.end_user is not None else "truncate=False: it cuts long inputs"
        raise UnsupportedError(f"embeddings of the Gemini API have no word for {what}", advice="Leave it out.")
    body: Json = {"content": {"parts": [_part(item)]}}
    if request.purpose is not None:
        body["taskType"] = TASKS[request.purpose]
    if request.dimensions is not None:
        body["outputDimensionality"] = request.dimensions
    return body | request.extra


def _part(item: str | Image) -> Json:
    if isinstance(item, str):
        return {"text": item}
    if item.data is None or item.media_type is None:
        raise MediaError("an embedding takes an image as bytes with their media type")
    return {"inlineData": {"mimeType": item.media_type, "data": item.data}}
