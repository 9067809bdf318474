"""Bodies opened: what a codec described becomes a length, headers and bytes, any number of times over.

Multipart is written by RFC 7578, names escaped as browsers do (WHATWG HTML, multipart/form-data, 2026-11).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Final

import msgspec

from modelscan.contracts.http import Body, Field, FileRef, Headers, Multipart
from modelscan.errors import MediaError
from modelscan.transport.defaults import SEND_PIECE_BYTES

_BOUNDARY_KEY: Final = secrets.token_bytes(32)
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class _File(msgspec.Struct, frozen=True):
    """A file on disk as it was when the body was opened."""

    path: str
    size: int
    changed_ns: int

    def read(self, offset: int) -> bytes:
        """One piece, read by itself: no file stays open while a slow server takes its time."""
        try:
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_size, status.st_mtime_ns) != (self.size, self.changed_ns):
                    raise MediaError(f"{self.path} changed while it was being sent")
                file.seek(offset)
                return file.read(SEND_PIECE_BYTES)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file's bytes in order."""
        for offset in range(0, self.size, SEND_PIECE_BYTES):
            yield await asyncio.to_thread(self.read, offset)

    def add_to(self, digest: hashlib._Hash) -> None:
        """Feed the whole file into a hash."""
        for offset in range(0, self.size, SEND_PIECE_BYTES):
            digest.update(self.read(offset))


class OpenedBody(msgspec.Struct, frozen=True):
    """A body that is ready to be sent.

    `length` is its exact size in bytes, `headers` what the body itself decides: the content type of a file or a form,
    `segments` what it is made of.
    """

    length: int
    headers: Headers
    segments: tuple[bytes | _File, ...]

    @property
    def content(self) -> bytes | None:
        """The whole body where it is in memory already; None where it must be read piece by piece."""
        segments = self.segments
        if not segments:
            return b""
        return segments[0] if len(segments) == 1 and isinstance(segments[0], bytes) else None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces of at most `SEND_PIECE_BYTES`. Each call begins anew.

        Raises `MediaError` for a file that can't be read any more, or that changed since the body was opened.
        """
        for segment in self.segments:
            if isinstance(segment, bytes):
                for offset in range(0, len(segment), SEND_PIECE_BYTES):
                    yield segment[offset : offset + SEND_PIECE_BYTES]
            else:
                async for piece in segment.pieces():
                    yield piece


def open_body(body: Body) -> OpenedBody:
    """The body, opened. The same form gets the same boundary for as long as the process lives.

    Raises `MediaError` for a file that can't be read.
    """
    if body is None:
        return OpenedBody(0, (), ())
    if isinstance(body, bytes):
        return OpenedBody(len(body), (), (body,) if body else ())
    if isinstance(body, FileRef):
        file = _file(body.path)
        return OpenedBody(file.size, (("content-type", body.media_type),), (file,))
    boundary = _boundary(body)
    segments = tuple(_joined(_form(body, boundary)))
    length = sum(len(s) if isinstance(s, bytes) else s.size for s in segments)
    return OpenedBody(length, (("content-type", f"multipart/form-data; boundary={boundary}"),), segments)


async def sha256(body: Body) -> str:
    """The SHA-256 of exactly the bytes that are sent, in hexadecimal; files are read in a thread."""
    opened = open_body(body)
    digest = hashlib.sha256()
    for segment in opened.segments:
        if isinstance(segment, bytes):
            digest.update(segment)
        else:
            await asyncio.to_thread(segment.add_to, digest)
    return digest.hexdigest()


def _file(path: str) -> _File:
    try:
        with open(path, "rb") as file:  # asks for the right to read it too
            status = os.fstat(file.fileno())
    except OSError as error:
        raise _unreadable(path, error) from error
    return _File(path, status.st_size, status.st_mtime_ns)


def _unreadable(path: str, error: OSError) -> MediaError:
    return MediaError(f"{path} can't be read: {(error.strerror or str(error)).lower()}")


def _boundary(form: Multipart) -> str:
    """A boundary that the form decides (a signature needs it twice), and that no file's author can guess."""
    described = [
        (field.name, field.filename, field.value.path if isinstance(field.value, FileRef) else len(field.value))
        for field in form.fields
    ]
    return hmac.new(_BOUNDARY_KEY, repr(described).encode(), hashlib.sha256).hexdigest()[:32]


def _form(form: Multipart, boundary: str) -> Iterator[bytes | _File]:
    for field in form.fields:
        yield f"--{boundary}\r\n{_part_head(field)}\r\n\r\n".encode()
        value = field.value
        if isinstance(value, FileRef):
            yield _file(value.path)
        else:
            yield value.encode() if isinstance(value, str) else value
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _part_head(field: Field) -> str:
    filename = field.filename
    media_type = field.media_type
    if isinstance(field.value, FileRef):
        filename = filename or os.path.basename(field.value.path)
        media_type = media_type or field.value.media_type
    head = f'Content-Disposition: form-data; name="{field.name.translate(_ESCAPES)}"'
    if filename is not None:
        head += f'; filename="{filename.translate(_ESCAPES)}"'
        media_type = media_type or "application/octet-stream"
    if media_type is not None:
        head += f"\r\nContent-Type: {media_type}"
    return head


def _joined(segments: Iterator[bytes | _File]) -> Iterator[bytes | _File]:
    """The same bytes with neighbours in memory joined, so that a small form leaves in one write."""
    held: list[bytes] = []
    for segment in segments:
        if isinstance(segment, bytes):
            held.append(segment)
            continue
        yield b"".join(held)
        held = []
        yield segment
    yield b"".join(held)
