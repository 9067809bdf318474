"""Embeddings.

Source: OpenAI's OpenAPI description (mirror of 2026-08) and the parameters of its Python SDK (3.54.0), read 2026-11.
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target
from modelscan.errors import DecodeError, UnsupportedError
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.failures import request_id_of
from modelscan.wire.openai_compatible.chat import JSON_HEADERS
from modelscan.wire.openai_compatible.encode import add_extra
from modelscan.wire.openai_compatible.parts import decoded
from modelscan.wire.openai_compatible.structs import UsageBlock
from modelscan.wire.openai_compatible.usage import usage_of
from modelscan.wire.unreadable import UNREADABLE

EMBED_WORDS: Final[Mapping[str, str]] = {"dimensions": "dimensions", "end_user": "user"}
"""OpenAI's word for each plain field. `purpose` and `truncate` have none there; others have."""


class _Vector(msgspec.Struct):
    embedding: list[float] | str
    index: int | None = None


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    id: str | None = None
    model: str | None = None
    usage: UsageBlock | None = None


@attrs.frozen(kw_only=True)
class Embeddings:
    """Vectors by POST /embeddings. `words` are the vendor's for a request's plain fields.

    With `encoding="base64"` a reply is a quarter of the size; a reply in either encoding is understood. `None` leaves
    the field out, for servers that don't know it.
    """

    path: str = "/embeddings"
    words: Mapping[str, str] = EMBED_WORDS
    encoding: str | None = None

    def url(self, target: Target) -> str:
        """Where the request goes."""
        return target.base_url + self.path

    def headers(self, request: EmbedRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return JSON_HEADERS

    def body(self, request: EmbedRequest, target: Target) -> dict[str, Any]:
        """The body, before it is written as JSON. Raises `UnsupportedError` for a picture or a field without a word."""
        body: dict[str, Any] = {"model": target.model, "input": self.inputs(request)}
        for name in ("dimensions", "purpose", "truncate", "end_user"):
            if (value := getattr(request, name)) is None:
                continue
            if (word := self.words.get(name)) is None:
                raise UnsupportedError(f"this API has no word for {name}", advice="Leave it out.")
            body[word] = value
        if self.encoding is not None:
            body["encoding_format"] = self.encoding
        return body

    def inputs(self, request: EmbedRequest) -> list[Any]:
        """The field `input`. Raises `UnsupportedError` for a picture."""
        if not all(isinstance(item, str) for item in request.inputs):
            raise UnsupportedError("this API makes vectors of nothing but text")
        return list(request.inputs)

    def encode(self, request: EmbedRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` as `body` does."""
        encoded = msgspec.json.encode(add_extra(self.body(request, target), request.extra))
        return HttpRequest(url=self.url(target), headers=self.headers(request, target), body=encoded)

    def decode(self, response: HttpResponse, request: EmbedRequest, target: Target) -> EmbedReply:
        """The vectors, in the inputs' order. Raises `DecodeError` for a body without one for each."""
        try:
            body = msgspec.json.decode(response.body, type=_Vectors)
        except UNREADABLE as error:
            raise DecodeError(f"the body holds no embeddings: {error}") from error
        if len(body.data) != len(request.inputs):
            raise DecodeError(f"{len(request.inputs)} texts were sent and {len(body.data)} vectors came back")
        if any(item.index for item in body.data):
            body.data.sort(key=lambda item: item.index or 0)
        return EmbedReply(
            vectors=tuple([_floats(item.embedding) for item in body.data]),
            usage=self.usage(body.usage),
            model=body.model or "",
            id=body.id or "",
            request_id=request_id_of(response),
            raw_body=response.body,
        )

    def usage(self, block: UsageBlock | None) -> Usage:
        """The usage that a block of counts tells; there is no output, and some servers tell the total alone."""
        if block is None:
            return UNREPORTED
        tokens = block.prompt_tokens if block.prompt_tokens is not None else block.total_tokens
        usage = usage_of(msgspec.structs.replace(block, prompt_tokens=tokens))
        return msgspec.structs.replace(usage, output_tokens=0) if usage.is_reported else usage


def _floats(embedding: list[float] | str) -> tuple[float, ...]:
    """A vector's numbers: written out, or as base64 of little-endian 32-bit floats."""
    if not isinstance(embedding, str):
        return tuple(embedding)
    data = decoded(embedding)
    if len(data) % 4:
        raise DecodeError(f"a vector of {len(data)} bytes holds no whole number of 32-bit floats")
    numbers = array.array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    if not math.isfinite(sum(numbers)):
        raise DecodeError("a vector holds what is no number")
    return tuple(numbers)
