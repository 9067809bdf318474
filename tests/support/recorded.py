"""What a recording says, whatever recorder wrote it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import brotli  # type: ignore[import-untyped]  # it has no stubs

# The last is what Cohere's first chat API calls lines of JSON.
_FRAMED = frozenset(
    {"text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson", "application/stream+json"}
)


_STREAM_MARKS = ("streamGenerateContent", "/converse-stream", "-with-response-stream")


@dataclass(frozen=True)
class Request:
    """What was sent. The URL may lack its host, and the body is None where the recorder didn't keep it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    @property
    def asks_for_a_stream(self) -> bool:
        """Whether the body or the path says so."""
        return any(mark in self.url for mark in _STREAM_MARKS) or b'"stream":true' in (self.body or b"").replace(
            b" ", b""
        )


@dataclass(frozen=True)
class Response:
    """What came back: the body without its content encoding; `status` is None where nothing recorded it."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header by its lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def is_framed(self) -> bool:
        """Whether the body is a stream of messages."""
        return self.media_type in _FRAMED


@dataclass(frozen=True)
class Exchange:
    """One request and its response. `rebuilt`: the recorder kept parsed values, the body is written anew from them."""

    request: Request | None
    response: Response
    rebuilt: bool = False


def lowered(headers: Iterable[tuple[str, object]] | Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Headers with names in lower case; a list of values becomes one pair each."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple(
        (name.lower(), str(one)) for name, value in pairs for one in (value if isinstance(value, list) else [value])
    )


def response(status: int | None, headers: tuple[tuple[str, str], ...], body: bytes) -> Response:
    """A response whose body is decoded where the recorder kept it encoded; many decode it and keep the header."""
    found = Response(status, headers, body)
    return Response(status, headers, _decoded(body, found.header("content-encoding").lower()))


def _decoded(body: bytes, encoding: str) -> bytes:
    if body[:2] == b"\x1f\x8b":
        # A decompressor, for some recorders cut the trailer off.
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body)
    if encoding == "br":
        try:
            return bytes(brotli.decompress(body))
        except brotli.error:
            return body
    return body


def json_bytes(value: object) -> bytes:
    """A parsed value, written as JSON again."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_bytes(value: object) -> bytes:
    """A body that a recorder kept as text, as bytes, or not at all."""
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else b""
