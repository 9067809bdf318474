"""Writes AWS's binary event stream from its documented layout; shares nothing with the code that reads it."""

from __future__ import annotations

import struct
import zlib


def header(name: str, kind: int, value: bytes) -> bytes:
    """A header of any type, with its value as it stands on the wire."""
    return bytes([len(name.encode())]) + name.encode() + bytes([kind]) + value


def text(name: str, value: str) -> bytes:
    """A header that holds text."""
    return header(name, 7, struct.pack(">H", len(value.encode())) + value.encode())


def message(headers: bytes = b"", payload: bytes = b"", *, headers_length: int | None = None) -> bytes:
    """A message with both of its checksums; the length of its headers may be a lie."""
    length = 16 + len(headers) + len(payload)
    prelude = struct.pack(">II", length, len(headers) if headers_length is None else headers_length)
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))
