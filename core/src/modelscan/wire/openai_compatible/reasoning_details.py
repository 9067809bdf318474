"""`reasoning_details`: reasoning as OpenRouter, and gateways after it, tell it beside its plain text.

A list of blocks of type `reasoning.text` (with a signature), `reasoning.summary` or `reasoning.encrypted`. They go back
as they came, so that the model goes on with its thoughts. Source: openrouter.ai's page on reasoning tokens and
recordings, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from modelscan.wire.loose import text

FIELD: Final = "reasoning_details"
_JOINED: Final = ("text", "summary", "data")


def joined(pieces: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whole blocks from the pieces of a stream: pieces of one index and type in a row are one block."""
    blocks: list[dict[str, Any]] = []
    for piece in pieces:
        last = blocks[-1] if blocks else None
        if last is None or "index" not in piece or any(last.get(key) != piece.get(key) for key in ("index", "type")):
            blocks.append(dict(piece))
            continue
        for name, value in piece.items():
            before = last.get(name)
            is_piece = name in _JOINED and isinstance(before, str) and isinstance(value, str)
            last[name] = before + value if is_piece else value if value is not None else before
    return blocks


def readable(blocks: Iterable[dict[str, Any]]) -> str:
    """What of it can be read, for servers that send no plain text beside it."""
    return "".join([text(block.get("text")) or text(block.get("summary")) for block in blocks])
