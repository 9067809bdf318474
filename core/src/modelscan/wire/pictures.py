"""Media before they are sent: how large a picture is by its first bytes, and a request without its media."""

from __future__ import annotations

from typing import Final

import msgspec

from modelscan.types.chat import ChatRequest
from modelscan.types.content import AnyPart, Image, Media, ToolResult
from modelscan.types.messages import Message

_EMPTY: Final = Image(data=b"", media_type="image/png")
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, JPEG, GIF or WebP; None for anything else."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _pair(data, 16, 20, 4, "big")
    if data[:4] == b"GIF8":
        return _pair(data, 6, 8, 2, "little")
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _pair(data: bytes, width_at: int, height_at: int, length: int, order: str) -> tuple[int, int] | None:
    if len(data) < height_at + length:
        return None
    big_endian = order == "big"
    width, height = (
        int.from_bytes(data[at : at + length], "big" if big_endian else "little") for at in (width_at, height_at)
    )
    return (width, height) if width and height else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _START_OF_FRAME:
            return _pair(data, at + 7, at + 5, 2, "big") if at + 9 <= len(data) else None
        if marker in _WITHOUT_LENGTH:
            at += 2
        elif marker == 0xFF:  # padding
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return (width, height) if width and height else None
    return None


def patches(size: tuple[int, int], side: int) -> int:
    """How many squares of `side` pixels cover a picture."""
    width, height = size
    return -(-width // side) * -(-height // side)


def without_media(request: ChatRequest, kind: type[Media] = Image) -> tuple[ChatRequest, list[Media]]:
    """The request with an empty picture in the place of each medium of a kind, and the media.

    For what is billed by anything but its bytes: those needn't be written, nor even be at hand.
    """
    taken: list[Media] = []
    messages = tuple([_without(message, kind, taken) for message in request.messages])
    return (msgspec.structs.replace(request, messages=messages) if taken else request), taken


def _without(message: Message, kind: type[Media], taken: list[Media]) -> Message:
    before = len(taken)
    content = tuple([_emptied(part, kind, taken) for part in message.content])
    return message if len(taken) == before else msgspec.structs.replace(message, content=content)


def _emptied(part: AnyPart, kind: type[Media], taken: list[Media]) -> AnyPart:
    if isinstance(part, kind):
        taken.append(part)
        return _EMPTY
    if isinstance(part, ToolResult) and any(isinstance(inner, kind) for inner in part.content):
        taken += [inner for inner in part.content if isinstance(inner, kind)]
        content = tuple(_EMPTY if isinstance(inner, kind) else inner for inner in part.content)
        return msgspec.structs.replace(part, content=content)
    return part
