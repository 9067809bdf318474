"""In which forms the Gemini API takes media.

Source: ai.google.dev's pages on image, audio, video and document understanding and on file input, read 2026-11. A
request holds 100 MB at most, in base64; what is larger is uploaded first. A video may be named by an address, YouTube's
among them, since the service fetches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelscan.contracts.provider import MediaRules

_MOST_BYTES: Final = 75_000_000
_BYTES_OR_FILE: Final = ("data", "file_id")

MEDIA: Final[Mapping[str, MediaRules]] = {
    "image": MediaRules(
        forms=_BYTES_OR_FILE,
        media_types=("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"),
        max_bytes=_MOST_BYTES,
    ),
    "audio": MediaRules(forms=_BYTES_OR_FILE, media_types=("audio/*",), max_bytes=_MOST_BYTES),
    "video": MediaRules(
        forms=("url", *_BYTES_OR_FILE), media_types=("video/*",), max_bytes=_MOST_BYTES, url_schemes=("https",)
    ),
    "file": MediaRules(
        forms=_BYTES_OR_FILE,
        media_types=("application/pdf", "application/json", "text/*"),
        max_bytes=_MOST_BYTES,
    ),
}
