"""The other direction: a wire format as its server writes it, for fake servers, mocks and the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from modelscan.contracts.http import HttpRequest, HttpResponse
from modelscan.errors import ProviderError


class ServerCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a server understood: `request` is a request Struct (its type is the capability)."""

    request: Any
    model: str
    is_stream: bool = False


class StreamEncoder(Protocol):
    """Writes one streamed answer."""

    head: tuple[int, tuple[tuple[str, str], ...]]

    def encode(self, chunk: Any) -> bytes:
        """The bytes of one chunk, framed; empty for a chunk that the format has no words for."""
        ...

    def error(self, error: ProviderError) -> bytes:
        """An error in mid-stream."""
        ...

    def finish(self) -> bytes:
        """The end of the stream."""
        ...


@runtime_checkable
class ServerCodec(Protocol):
    """Parses requests and writes replies, one wire family each."""

    paths: Sequence[str]

    def parse(self, request: HttpRequest) -> ServerCall:
        """The call in an HTTP request (`url` is path and query). Raises `BadRequestError`."""
        ...

    def reply(self, reply: Any, call: ServerCall) -> HttpResponse:
        """A whole answer."""
        ...

    def stream(self, call: ServerCall) -> StreamEncoder:
        """A streamed answer."""
        ...

    def error(self, error: ProviderError) -> HttpResponse:
        """An error."""
        ...
