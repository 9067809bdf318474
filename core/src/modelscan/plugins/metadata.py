"""What a plugin's distribution says of itself. Nothing is imported, and what can't be read is empty."""

from __future__ import annotations

import re
from typing import Final

from modelscan.plugins.discovery import Found

_LEVEL: Final = "modelscan-level-"
_KEYWORDS: Final = re.compile(r"(?mi)^keywords:(.*)$")
_COMPATIBLE: Final = "OpenAI-compatible API, "  # the label among its project's URLs


def metadata(found: Found, field: str) -> str:
    """One field."""
    return next(iter(_all(found, field)), "")


def level(found: Found) -> str:
    """The level that it was published with.

    Read as text: a parser takes ten times as long, and a client's start asks this of every provider.
    """
    words = _keywords(found).replace(",", " ").split()
    return next((word.removeprefix(_LEVEL) for word in words if word.startswith(_LEVEL)), "")


def compatible_address(found: Found) -> str:
    """Where the vendor speaks as OpenAI does, if its metadata tell of such an address."""
    links = _all(found, "Project-URL")
    return next((link.removeprefix(_COMPATIBLE) for link in links if link.startswith(_COMPATIBLE)), "")


def _all(found: Found, field: str) -> list[str]:
    if found.distribution is None:
        return []
    try:
        return [str(value) for value in found.distribution.metadata.get_all(field) or ()]
    except Exception:  # noqa: BLE001 - a folder without metadata, or one that can't be read: the plugin itself may be fine
        return []


def _keywords(found: Found) -> str:
    if found.distribution is None:
        return ""
    try:
        text = found.distribution.read_text("METADATA") or found.distribution.read_text("PKG-INFO") or ""
    except Exception:  # noqa: BLE001 - as above
        return ""
    match = _KEYWORDS.search(text.partition("\n\n")[0])
    return match[1] if match else ""
