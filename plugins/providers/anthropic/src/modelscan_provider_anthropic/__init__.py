"""Anthropic: Claude by the Messages API.

Source: platform.claude.com (API reference, vision, PDF support, rate limits) and Anthropic's Python SDK 2.12.0, read
2026-11.
"""

from __future__ import annotations

from modelscan.contracts.provider import Connection, MediaRules, Provider
from modelscan.hookspecs import hookimpl
from modelscan.wire.anthropic import AnthropicErrors, CountTokens, FileUpload, Messages, MessagesMeter, Models
from modelscan.wire.schemes import HeaderKey

__all__ = ["modelscan_provider"]

_MOST_IMAGE_BYTES = 5 * 1024 * 1024
_MEDIA = {
    # An image is as large at most where it is uploaded, so that it gains nothing by that.
    "image": MediaRules(
        forms=("url", "data", "file_id"),
        media_types=("image/jpeg", "image/png", "image/gif", "image/webp"),
        max_bytes=_MOST_IMAGE_BYTES,
        max_file_bytes=_MOST_IMAGE_BYTES,
        url_schemes=("https",),
    ),
    # A request is 32 MB at most, in base64: so is a PDF in it. An uploaded one has 500 MB at most.
    "file": MediaRules(
        forms=("url", "data", "file_id"),
        media_types=("application/pdf", "text/*"),
        max_bytes=24 * 1024 * 1024,
        max_file_bytes=500 * 1000 * 1000,
        url_schemes=("https",),
    ),
}


@hookimpl
def modelscan_provider() -> Provider:
    """The provider. Its key is `ANTHROPIC_API_KEY`; `ANTHROPIC_BASE_URL` may name another address."""
    return Provider(
        name="anthropic",
        connection=Connection(
            base_urls={"default": "https://api.anthropic.com"},
            schemes={"default": HeaderKey("x-api-key")},
            env=("ANTHROPIC_API_KEY",),
            base_url_env=("ANTHROPIC_BASE_URL",),
        ),
        errors=AnthropicErrors(),
        chat=Messages(),
        count_tokens=CountTokens(),
        models=Models(),
        upload=FileUpload(),
        meter=MessagesMeter(),
        media=_MEDIA,
        request_id_headers=("request-id",),
        limit_headers="anthropic",
        cut_stream="unknown",  # nothing in the sources says what a stream costs that was left
    )
