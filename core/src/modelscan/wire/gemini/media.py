"""In which forms the Gemini API takes media.

Source: ai.google.dev's pages on image, audio, video and document understanding, on file input and on the Files API,
read 2026-11. A request held 20 MB in base64 until 2026, and 100 MB since; a larger part is uploaded, so that both hold:
2 GB at most, kept for 48 hours. A video may be named by an address, YouTube's among them, since the service fetches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from modelscan.contracts.provider import MediaRules

_BYTES_OR_FILE: Final = ("data", "file_id")

_rules = partial(
    MediaRules, forms=_BYTES_OR_FILE, max_bytes=14_000_000, max_file_bytes=2_000_000_000, file_lifetime_s=48 * 3600.0
)

MEDIA: Final[Mapping[str, MediaRules]] = {
    "image": _rules(media_types=("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")),
    "audio": _rules(media_types=("audio/*",)),
    "video": _rules(forms=("url", *_BYTES_OR_FILE), media_types=("video/*",), url_schemes=("https",)),
    "file": _rules(media_types=("application/pdf", "application/json", "text/*")),
}
