"""Google's Gemini API (AI Studio), version v1beta: the one that has thoughts, tools and schemas.

Source: ai.google.dev's API reference and google-genai 3.4.0, read 2026-11.
"""

from __future__ import annotations

from modelscan.contracts.provider import Connection, Provider
from modelscan.hookspecs import hookimpl
from modelscan.wire.gemini import (
    MEDIA,
    CountTokens,
    EmbedContent,
    GeminiErrors,
    GeminiMeter,
    GenerateContent,
    Models,
    ResumableUpload,
)
from modelscan.wire.schemes import HeaderKey

__all__ = ["modelscan_provider"]


@hookimpl
def modelscan_provider() -> Provider:
    """The provider. Its key is `GEMINI_API_KEY`, or `GOOGLE_API_KEY`, which other services of Google take as well."""
    return Provider(
        name="gemini",
        connection=Connection(
            base_urls={"default": "https://generativelanguage.googleapis.com/v1beta"},
            schemes={"default": HeaderKey("x-goog-api-key")},
            env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ),
        errors=GeminiErrors(),
        chat=GenerateContent(),
        embed=EmbedContent(),
        count_tokens=CountTokens(),
        models=Models(),
        upload=ResumableUpload(),
        meter=GeminiMeter(),
        media=MEDIA,
        cut_stream="unknown",  # nothing in the sources says what a stream costs that was left
        limit_headers="none",
    )
