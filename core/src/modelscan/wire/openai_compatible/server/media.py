"""Media in a request, read back."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from modelscan.types.content import Image

Json = dict[str, Any]


def image_in(url: str | None, detail: Any, *, file_id: str | None = None) -> Image:
    """A picture by its address, by the bytes in a `data:` URL, or by an uploaded file's id."""
    if url is None or not url.startswith("data:"):
        return Image(url=url, file_id=file_id if url is None else None, detail=detail)
    data, media_type = bytes_in(url)
    return Image(data=data, media_type=media_type, detail=detail)


def bytes_in(url: str) -> tuple[bytes, str]:
    """The bytes in a `data:` URL, and their media type. Raises `ValueError` for another URL."""
    head, comma, body = url.partition(";base64,")
    if not comma:
        raise ValueError(f"no base64 in {url[:50]!r}")
    return b64decode(body, validate=True), head.removeprefix("data:")
